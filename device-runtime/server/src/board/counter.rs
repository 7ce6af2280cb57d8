//! A clock of 64 bits over a counter of 32, which most microcontrollers have: the core's cycle counter, a timer.

use core::cell::Cell;

use super::firmware::Clock;

/// A counter that counts up by itself, and after `u32::MAX` from zero again.
pub trait Counter {
    /// How far it is.
    fn ticks(&self) -> u32;

    /// Ticks a second.
    fn ticks_per_second(&self) -> u32;
}

/// A counter as a clock. A time is right as long as one run of the model is shorter than one way of the counter, since it
/// is read at both ends of each.
#[derive(Debug)]
pub struct Widened<C> {
    counter: C,
    /// Its last reading, and all ticks up to then.
    last: Cell<u32>,
    passed: Cell<u64>,
}

impl<C: Counter> Widened<C> {
    /// Over `counter`, which runs.
    pub fn new(counter: C) -> Widened<C> {
        Widened { last: Cell::new(counter.ticks()), counter, passed: Cell::new(0) }
    }

    /// The counter.
    pub fn counter(&self) -> &C {
        &self.counter
    }
}

impl<C: Counter> Clock for Widened<C> {
    fn now(&self) -> u64 {
        let ticks = self.counter.ticks();
        let since = ticks.wrapping_sub(self.last.replace(ticks));
        let passed = self.passed.get().wrapping_add(since.into());
        self.passed.set(passed);
        passed
    }

    fn ticks_per_second(&self) -> u64 {
        self.counter.ticks_per_second().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Shown(Cell<u32>);

    impl Counter for Shown {
        fn ticks(&self) -> u32 {
            self.0.get()
        }

        fn ticks_per_second(&self) -> u32 {
            1000
        }
    }

    #[test]
    fn a_counter_that_begins_again_goes_on() {
        let clock = Widened::new(Shown(Cell::new(u32::MAX - 9)));
        assert_eq!(clock.now(), 0);
        for (shown, passed) in
            [(u32::MAX, 9), (0, 10), (10, 20), (9, 20 + u64::from(u32::MAX)), (9, 20 + u64::from(u32::MAX))]
        {
            clock.counter().0.set(shown);
            assert_eq!(clock.now(), passed);
        }
    }
}
