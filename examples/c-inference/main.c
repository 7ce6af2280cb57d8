/* Runs an artifact from C: lists inputs and outputs, reads the first input from a raw file, runs, and prints the largest
 * elements of the first output.
 *
 *   c-inference MODEL.lathe [INPUT.raw [THREADS]]
 *
 * Without a file the input stays zero.
 */
#include <stdio.h>
#include <stdlib.h>

#include "lathe.h"

static int fail(const char *what) {
    fprintf(stderr, "%s: %s\n", what, lathe_last_error());
    return 1;
}

static void print_tensor(const char *role, const lathe_tensor *tensor) {
    printf("%s %s [", role, tensor->name);
    for (size_t i = 0; i < tensor->rank; i++) {
        printf(i == 0 ? "%u" : ", %u", (unsigned)tensor->dims[i]);
    }
    printf("] %zu bytes\n", tensor->bytes);
}

static int set_from_file(lathe_model *model, const lathe_tensor *input, const char *path) {
    void *data = malloc(input->bytes);
    FILE *file = data == NULL ? NULL : fopen(path, "rb");
    size_t length = file == NULL ? 0 : fread(data, 1, input->bytes, file);
    if (file != NULL) {
        fclose(file);
    }
    if (length != input->bytes) {
        fprintf(stderr, "%s: cannot read the %zu bytes of input %s\n", path, input->bytes, input->name);
        free(data);
        return 1;
    }
    lathe_status status = lathe_set_input(model, input->name, input->dtype, data, length);
    free(data);
    return status == LATHE_OK ? 0 : fail("set input");
}

static int print_largest(const lathe_model *model, const lathe_tensor *output) {
    const float *values = lathe_output_data(model, output->name, LATHE_F32);
    if (values == NULL) {
        return fail("output");
    }
    size_t count = output->bytes / sizeof(float), largest = 0;
    for (size_t i = 1; i < count; i++) {
        largest = values[i] > values[largest] ? i : largest;
    }
    printf("largest: element %zu of %s is %.6g\n", largest, output->name, (double)values[largest]);
    return 0;
}

static int run(lathe_model *model, const char *input_path) {
    for (size_t i = 0; i < lathe_input_count(model); i++) {
        print_tensor("input", lathe_input(model, i));
    }
    for (size_t i = 0; i < lathe_output_count(model); i++) {
        print_tensor("output", lathe_output(model, i));
    }
    const lathe_tensor *input = lathe_input(model, 0), *output = lathe_output(model, 0);
    if (input != NULL && input_path != NULL && set_from_file(model, input, input_path) != 0) {
        return 1;
    }
    if (lathe_run(model) != LATHE_OK) {
        return fail("run");
    }
    return output == NULL ? 0 : print_largest(model, output);
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: %s MODEL.lathe [INPUT.raw [THREADS]]\n", argv[0]);
        return 2;
    }
    lathe_model *model = NULL;
    if (lathe_open(argv[1], argc > 3 ? strtoul(argv[3], NULL, 10) : 1, &model) != LATHE_OK) {
        return fail(argv[1]);
    }
    int result = run(model, argc > 2 ? argv[2] : NULL);
    lathe_close(model);
    return result;
}
