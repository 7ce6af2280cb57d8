//! Who runs which iterations of a step: every worker its own slice, a chunk at a time, then what others have left.

use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};

use lathe_executor::Job;

/// A claim takes this part of what a slice has left: large chunks first, single iterations last ("guided
/// self-scheduling", Polychronopoulos and Kuck, 1987). Workers then end together although iterations or processors
/// differ, and few claims are made.
const PART: u32 = 4;

/// The iterations of one step, shared out among workers.
///
/// A worker begins with a slice of its own, the same in every step of that extent: what it wrote in one step it tends to
/// read in the next, from its own cache.
pub struct Claims {
    slices: Vec<Slice>,
}

/// On a cache line of its own: what one worker writes must not slow what another reads.
#[repr(align(128))]
#[derive(Default)]
struct Slice {
    /// first iteration that nobody has claimed
    next: AtomicU32,
    end: AtomicU32,
}

impl Claims {
    pub fn new(workers: usize) -> Claims {
        Claims { slices: (0..workers).map(|_| Slice::default()).collect() }
    }

    /// Makes `0..extent` what there is to claim. No worker may claim at the same time.
    pub fn share_out(&self, extent: u32) {
        let workers = self.slices.len().max(1) as u64;
        // a share of an extent is no more than the extent
        let begin = |worker: u64| (u64::from(extent) * worker / workers) as u32;
        for (worker, slice) in (0..).zip(&self.slices) {
            slice.next.store(begin(worker), Ordering::Relaxed);
            slice.end.store(begin(worker + 1), Ordering::Relaxed);
        }
    }

    /// Runs `job` as `worker` until all is claimed.
    pub fn work(&self, worker: usize, job: &Job<'_>) {
        while let Some(slice) = self.claim(worker) {
            job(worker, slice);
        }
    }

    /// The next iterations for `worker`; `None` when all are claimed.
    fn claim(&self, worker: usize) -> Option<Range<u32>> {
        let (others, own) = self.slices.split_at(worker.min(self.slices.len()));
        own.iter().chain(others).find_map(Slice::claim)
    }
}

impl Slice {
    fn claim(&self) -> Option<Range<u32>> {
        let end = self.end.load(Ordering::Relaxed);
        let after = |next: u32| next + end.saturating_sub(next).div_ceil(PART);
        let claimed = |next: u32| (next < end).then(|| after(next));
        let next = self.next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, claimed).ok()?;
        Some(next..after(next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_iteration_is_claimed_once_whoever_is_slow() {
        for (workers, extent) in [(1, 7), (2, 24), (3, 10), (4, 3), (8, 1000), (2, u32::MAX)] {
            let claims = Claims::new(workers);
            claims.share_out(extent);
            let mut slices = vec![];
            // the last worker takes one claim only, the others all there are
            slices.extend(claims.claim(workers - 1));
            for worker in 0..workers {
                slices.extend(std::iter::from_fn(|| claims.claim(worker)));
            }
            slices.sort_by_key(|slice| slice.start);
            assert_eq!((slices[0].start, slices[slices.len() - 1].end), (0, extent));
            assert!(slices.windows(2).all(|pair| pair[0].end == pair[1].start), "{slices:?}");
            assert!(slices.iter().all(|slice| !slice.is_empty()));
        }
    }

    #[test]
    fn a_worker_begins_with_its_own_slice_and_then_helps_others() {
        let claims = Claims::new(2);
        claims.share_out(32);
        assert_eq!(claims.claim(1), Some(16..20));
        assert_eq!(claims.claim(1), Some(20..23));
        assert_eq!(claims.claim(0), Some(0..4));
        while claims.claim(1).is_some_and(|slice| slice.start >= 16) {}
        assert_eq!(claims.claim(1), Some(7..10));
    }
}
