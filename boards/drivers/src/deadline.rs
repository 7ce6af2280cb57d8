//! How long the code that is watched may still take, counted down by a timer's interrupt.

use core::sync::atomic::{AtomicU32, Ordering};

/// The power of two of ticks to a unit: 32 bits of units are 45 minutes at 400 MHz, and what is given longer has as long.
const UNIT: u32 = 8;
/// Nothing is watched.
const NONE: u32 = u32::MAX;

/// A deadline, which a program sets and the interrupt of a timer counts down to.
#[derive(Debug)]
pub struct Deadline(AtomicU32);

impl Deadline {
    /// Of nothing.
    #[allow(clippy::new_without_default, reason = "for statics")]
    pub const fn new() -> Deadline {
        Deadline(AtomicU32::new(NONE))
    }

    /// What begins now may take so many ticks; `None`: nothing is watched any more.
    pub fn set(&self, ticks: Option<u64>) {
        let units = ticks.map(|ticks| u32::try_from(ticks >> UNIT).unwrap_or(NONE));
        self.0.store(units.map_or(NONE, |units| units.clamp(1, NONE - 1)), Ordering::Relaxed);
    }

    /// Whether there is time left, or nothing to watch, when `ticks` more have passed. A hang is never told too early by
    /// it: less than a unit does not count.
    pub fn has_time_after(&self, ticks: u32) -> bool {
        let left = self.0.load(Ordering::Relaxed);
        if left == NONE {
            return true;
        }
        let left = left.saturating_sub(ticks >> UNIT);
        self.0.store(left, Ordering::Relaxed);
        left != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many interrupts, `every` ticks, find time left.
    fn interrupts(deadline: &Deadline, every: u32) -> u64 {
        (0..1 << 20).take_while(|_| deadline.has_time_after(every)).count() as u64
    }

    #[test]
    fn without_a_deadline_all_is_well() {
        let deadline = Deadline::new();
        assert!((0..1000).all(|_| deadline.has_time_after(u32::MAX)));
        deadline.set(Some(1));
        deadline.set(None);
        assert!((0..1000).all(|_| deadline.has_time_after(u32::MAX)));
    }

    #[test]
    fn a_deadline_passes_after_its_ticks_and_stays_passed() {
        for (hz, every) in [(64_000_000, 1 << 24), (400_000_000, 1 << 24), (120_000_000, 100_000), (1000, 300)] {
            let deadline = Deadline::new();
            let ticks = 20 * hz;
            deadline.set(Some(ticks));
            let found = interrupts(&deadline, every) + 1;
            let passed = found * u64::from(every);
            assert!(passed >= ticks / 256 * 256, "{passed} of {ticks}");
            assert!((found - 1) * u64::from(every / 256 * 256) < ticks, "{found} interrupts, {ticks} ticks");
            assert!(!deadline.has_time_after(0) && !deadline.has_time_after(every));
            deadline.set(Some(ticks));
            assert!(deadline.has_time_after(256));
        }
    }

    #[test]
    fn no_time_at_all_is_still_a_deadline() {
        let deadline = Deadline::new();
        deadline.set(Some(0));
        assert!(deadline.has_time_after(255) && !deadline.has_time_after(256));
    }

    #[test]
    fn the_longest_time_is_not_none() {
        let deadline = Deadline::new();
        deadline.set(Some(u64::MAX));
        assert!(deadline.has_time_after(u32::MAX));
        assert!(interrupts(&deadline, u32::MAX) < 300);
    }
}
