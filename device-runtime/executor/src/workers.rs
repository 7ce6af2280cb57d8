//! Who runs the slices of a step: the caller alone, or threads that a runtime brings.

/// A fixed group of workers.
///
/// # Safety
/// [`Workers::run`] must call the job exactly once with each number below [`Workers::count`], return only when every
/// call has returned, and `count` must never change: the executor gives every number its own workspace.
pub unsafe trait Workers {
    /// How many workers there are; at least 1.
    fn count(&self) -> usize;

    /// Calls `job` with every number below [`Workers::count`], possibly at the same time, and waits for all.
    fn run(&mut self, job: &(dyn Fn(usize) + Sync));
}

/// The caller alone.
#[derive(Clone, Copy, Debug, Default)]
pub struct Inline;

// SAFETY: one worker, called once, in place.
unsafe impl Workers for Inline {
    fn count(&self) -> usize {
        1
    }

    fn run(&mut self, job: &(dyn Fn(usize) + Sync)) {
        job(0);
    }
}
