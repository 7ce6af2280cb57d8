/* Runs the kernels of one input file and writes their buffers back; the format is described in qemu.rs. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

typedef void (*kernel)(uint8_t *const *args, uint8_t *workspace, uint32_t begin, uint32_t end);

static FILE *in;

static void take(void *to, size_t n) {
    if (n && fread(to, 1, n, in) != n) {
        fprintf(stderr, "the input ends early\n");
        exit(1);
    }
}

static uint64_t number(void) {
    uint64_t k;
    take(&k, sizeof k);
    return k;
}

int main(int argc, char **argv) {
    FILE *out;
    if (argc != 3 || !(in = fopen(argv[1], "rb")) || !(out = fopen(argv[2], "wb"))) {
        fprintf(stderr, "usage: runner INPUT OUTPUT\n");
        return 1;
    }
    uint64_t offset = number(), length = number();
    size_t total = offset + length + (2 << 16);
    uint8_t *map = mmap(NULL, total, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint8_t *code = (uint8_t *)(((uintptr_t)map + 65535) & ~(uintptr_t)65535) + offset;
    take(code, length);
    __builtin___clear_cache((char *)code, (char *)code + length);
    if (mprotect(map, total, PROT_READ | PROT_EXEC)) {
        perror("mprotect");
        return 1;
    }
    for (uint64_t cases = number(); cases > 0; cases--) {
        uint64_t entry = number(), workspace = number(), params = number();
        uint8_t *args[64];
        uint64_t sizes[64];
        if (params > 64)
            return 1;
        for (uint64_t k = 0; k < params; k++) {
            sizes[k] = number();
            args[k] = aligned_alloc(64, (sizes[k] + 127) / 64 * 64);
            take(args[k], sizes[k]);
        }
        uint8_t *space = aligned_alloc(64, (workspace + 127) / 64 * 64);
        for (uint64_t slices = number(); slices > 0; slices--) {
            uint32_t begin = number(), end = number();
            ((kernel)(code + entry))(args, space, begin, end);
        }
        for (uint64_t k = 0; k < params; k++) {
            fwrite(args[k], 1, sizes[k], out);
            free(args[k]);
        }
        free(space);
    }
    return fclose(out) ? 1 : 0;
}
