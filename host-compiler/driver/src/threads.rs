//! The threads that compile.

use std::io;

/// Stack of a compiling thread: kernels are walked recursively, and the default is small for the largest.
const STACK: usize = 64 << 20;

/// Starts the threads that every compilation of this process shares, 0 for one per processor (or as many as
/// `RAYON_NUM_THREADS` says). Programs call it once, before they compile; an error when the threads run already or
/// cannot be started.
pub fn start_threads(count: usize) -> io::Result<()> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(count).stack_size(STACK);
    pool.build_global().map_err(io::Error::other)
}
