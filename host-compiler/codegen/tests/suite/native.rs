//! Runs blobs on this machine: code in executable pages, buffers aligned as the kernel ABI asks.
#![allow(dead_code)]

use lathe_codegen::Blob;

/// Bytes at a 64-byte boundary, with guard bytes behind them.
pub struct Aligned {
    words: Vec<[u64; 8]>,
    len: usize,
}

/// What lies behind a buffer; a kernel must leave it alone.
const GUARD: u64 = 0xa5a5_5a5a_dead_c0de;

impl Aligned {
    /// `len` zero bytes
    pub fn zeroed(len: usize) -> Aligned {
        let mut a = Aligned { words: vec![[GUARD; 8]; len / 64 + 4], len };
        // The vector's own start need not be aligned to 64, `start` rounds up.
        a.bytes_mut().fill(0);
        a
    }

    /// a copy of plain numbers
    pub fn of<T: Copy>(values: &[T]) -> Aligned {
        let len = std::mem::size_of_val(values);
        let mut a = Aligned::zeroed(len);
        // SAFETY: plain numbers may be read as bytes.
        a.bytes_mut().copy_from_slice(unsafe { std::slice::from_raw_parts(values.as_ptr().cast(), len) });
        a
    }

    fn start(&self) -> usize {
        let base = self.words.as_ptr() as usize;
        base.next_multiple_of(64) - base
    }

    /// the bytes
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: `start + len` lies inside `words`, which has 4 entries more than needed.
        unsafe { std::slice::from_raw_parts(self.words.as_ptr().cast::<u8>().add(self.start()), self.len) }
    }

    /// the bytes
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        let start = self.start();
        // SAFETY: as in `bytes`.
        unsafe { std::slice::from_raw_parts_mut(self.words.as_mut_ptr().cast::<u8>().add(start), self.len) }
    }

    /// whether nothing was written behind the bytes
    pub fn intact(&self) -> bool {
        let end = (self.start() + self.len).next_multiple_of(8);
        let total = self.words.len() * 64;
        (end..total).step_by(8).all(|at| {
            // SAFETY: `at + 8 <= total`.
            let word = unsafe { self.words.as_ptr().cast::<u8>().add(at).cast::<u64>().read_unaligned() };
            word == GUARD
        })
    }
}

/// A blob in executable memory.
pub struct Loaded<'b> {
    blob: &'b Blob,
    map: *mut u8,
    map_len: usize,
    offset: usize,
}

type Entry = extern "C" fn(*const *mut u8, *mut u8, u32, u32);

impl<'b> Loaded<'b> {
    /// Copies the blob `steps` times its alignment into fresh pages and makes them executable.
    pub fn new(blob: &'b Blob, steps: usize) -> Loaded<'b> {
        let offset = steps * blob.alignment as usize;
        let map_len = (offset + blob.code.len()).next_multiple_of(65536);
        // SAFETY: a fresh anonymous mapping, filled and then made executable.
        let map = unsafe {
            let protection = libc::PROT_READ | libc::PROT_WRITE;
            let map =
                libc::mmap(std::ptr::null_mut(), map_len, protection, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1, 0);
            assert_ne!(map, libc::MAP_FAILED);
            let map = map.cast::<u8>();
            map.add(offset).copy_from_nonoverlapping(blob.code.as_ptr(), blob.code.len());
            assert_eq!(libc::mprotect(map.cast(), map_len, libc::PROT_READ | libc::PROT_EXEC), 0);
            map
        };
        Loaded { blob, map, map_len, offset }
    }

    fn entry(&self, name: &str) -> Entry {
        let entry = self.blob.entries.iter().find(|e| e.name == name).expect("the kernel is in the blob");
        // SAFETY: the blob's code at this offset is a function of this type.
        unsafe { std::mem::transmute(self.map.add(self.offset + entry.offset as usize)) }
    }

    /// Calls a kernel with these arguments and a workspace of that many bytes.
    pub fn call(&self, name: &str, arguments: &mut [&mut Aligned], workspace: usize, begin: u32, end: u32) {
        let pointers: Vec<*mut u8> = arguments.iter_mut().map(|a| a.bytes_mut().as_mut_ptr()).collect();
        let mut space = Aligned::zeroed(workspace);
        self.call_raw(name, &pointers, &mut space, begin, end);
        assert!(space.intact(), "{name} wrote behind its workspace");
    }

    /// Calls the kernel `name` on `pointers`, which must be valid for its buffers.
    pub fn call_raw(&self, name: &str, pointers: &[*mut u8], space: &mut Aligned, begin: u32, end: u32) {
        self.entry(name)(pointers.as_ptr(), space.bytes_mut().as_mut_ptr(), begin, end);
    }
}

impl Drop for Loaded<'_> {
    fn drop(&mut self) {
        // SAFETY: the mapping made in `new`.
        unsafe { libc::munmap(self.map.cast(), self.map_len) };
    }
}

/// Bytes of stack below its caller's frame that a call of the kernel writes: the kernel runs on a painted stack of its
/// own.
pub fn stack_used(
    loaded: &Loaded<'_>,
    name: &str,
    arguments: &mut [&mut Aligned],
    workspace: usize,
    begin: u32,
    end: u32,
) -> usize {
    const SIZE: usize = 1 << 16;
    let mut stack = Aligned::zeroed(SIZE);
    stack.bytes_mut().fill(0xc3);
    let pointers: Vec<*mut u8> = arguments.iter_mut().map(|a| a.bytes_mut().as_mut_ptr()).collect();
    let mut space = Aligned::zeroed(workspace);
    let entry = loaded.entry(name);
    // SAFETY: the top of the painted area is 64-byte aligned and has 64 KB below it; the entry follows the kernel ABI.
    unsafe {
        let top = stack.bytes_mut().as_mut_ptr().add(SIZE);
        call_on(top, entry, pointers.as_ptr(), space.bytes_mut().as_mut_ptr(), begin, end);
    }
    let untouched = stack.bytes().iter().take_while(|b| **b == 0xc3).count();
    SIZE - untouched
}

/// Calls `entry` with the stack pointer at `top`.
#[cfg(target_arch = "x86_64")]
unsafe fn call_on(top: *mut u8, entry: Entry, args: *const *mut u8, workspace: *mut u8, begin: u32, end: u32) {
    // SAFETY: the old stack pointer lives in a register the callee keeps; `clobber_abi` covers the rest.
    unsafe {
        std::arch::asm!(
            "mov r12, rsp",
            "mov rsp, {top}",
            "call {entry}",
            "mov rsp, r12",
            top = in(reg) top,
            entry = in(reg) entry,
            in("rdi") args,
            in("rsi") workspace,
            in("edx") begin,
            in("ecx") end,
            out("r12") _,
            clobber_abi("C"),
        );
    }
}

/// Calls `entry` with the stack pointer at `top`.
#[cfg(target_arch = "aarch64")]
unsafe fn call_on(top: *mut u8, entry: Entry, args: *const *mut u8, workspace: *mut u8, begin: u32, end: u32) {
    // SAFETY: the old stack pointer lives in a register the callee keeps; `clobber_abi` covers the rest.
    unsafe {
        std::arch::asm!(
            "mov x20, sp",
            "mov sp, {top}",
            "blr {entry}",
            "mov sp, x20",
            top = in(reg) top,
            entry = in(reg) entry,
            in("x0") args,
            in("x1") workspace,
            in("w2") begin,
            in("w3") end,
            out("x20") _,
            clobber_abi("C"),
        );
    }
}
