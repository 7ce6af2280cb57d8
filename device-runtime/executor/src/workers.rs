//! Who runs the iterations of a step: the caller alone, or threads that a runtime brings.

use core::ops::Range;

/// What [`Workers::run`] calls: the worker's number, and iterations for it.
pub type Job<'a> = dyn Fn(usize, Range<u32>) + Sync + 'a;

/// A fixed group of workers.
///
/// # Safety
/// [`Workers::run`] must call the job with numbers below [`Workers::count`] only, never twice at the same time with the
/// same one, give every iteration to one call exactly, and return only when every call has returned; `count` must never
/// change: the executor gives every number its own workspace.
pub unsafe trait Workers {
    /// How many workers there are; at least 1.
    fn count(&self) -> usize;

    /// Shares the iterations `0..extent` out and waits for all.
    fn run(&mut self, extent: u32, job: &Job<'_>);
}

/// The caller alone.
#[derive(Clone, Copy, Debug, Default)]
pub struct Inline;

// SAFETY: one worker, called once with all iterations, in place.
unsafe impl Workers for Inline {
    fn count(&self) -> usize {
        1
    }

    fn run(&mut self, extent: u32, job: &Job<'_>) {
        job(0, 0..extent);
    }
}
