//! SysTick, the timer in the Cortex-M core itself, as a clock of 64 bits.
//!
//! It counts the core's cycles down through 24 bits; an interrupt counts how often it passed zero. That interrupt may be
//! late, or masked: a pass that it has not counted yet shows as pending. Registers: Armv7-M Architecture Reference
//! Manual, B3.3, and B3.2.4 for the pending bits.

use core::cell::Cell;
use core::sync::atomic::{AtomicU32, Ordering};

use cortex_m_rt::exception;
use device_server::Clock;

use crate::register::Register;

const CONTROL: usize = 0xE000_E010;
const RELOAD: usize = 0xE000_E014;
const CURRENT: usize = 0xE000_E018;
/// Interrupt control and state.
const STATE: usize = 0xE000_ED04;

/// STATE: SysTick's interrupt is due and was not taken.
const PENDING: u32 = 1 << 26;
/// STATE: forget that it is.
const CLEAR_PENDING: u32 = 1 << 25;

/// CONTROL: count, interrupt at zero, count the core's clock.
const RUN: u32 = 0b111;
/// The counter's bits.
const BITS: u32 = 24;
const MASK: u32 = (1 << BITS) - 1;

/// How often the counter reached zero since it was started, as far as the interrupt has counted.
static PERIODS: AtomicU32 = AtomicU32::new(0);

#[exception]
fn SysTick() {
    PERIODS.store(PERIODS.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
}

/// The clock.
#[derive(Debug)]
pub struct SysTick {
    control: Register,
    current: Register,
    state: Register,
    /// Ticks before the counter was last started.
    before: Cell<u64>,
    hz: u32,
}

impl SysTick {
    /// Starts it on a core clocked at `hz`.
    ///
    /// # Safety
    /// The processor has a SysTick, and nothing else uses it.
    pub unsafe fn new(hz: u32) -> SysTick {
        // SAFETY: the architecture gives these addresses, and the caller vouches that there is a SysTick for us alone.
        let [control, reload, current, state] =
            unsafe { [CONTROL, RELOAD, CURRENT, STATE].map(|address| Register::at(address)) };
        reload.write(MASK);
        let clock = SysTick { control, current, state, before: Cell::new(0), hz };
        clock.start();
        clock
    }

    /// Starts the counter from zero, at the start of a tick.
    fn start(&self) {
        self.control.write(0);
        self.state.write(CLEAR_PENDING);
        PERIODS.store(0, Ordering::Relaxed);
        self.current.write(0);
        self.control.write(RUN);
    }

    /// Ticks since the counter was started.
    fn counted(&self) -> u64 {
        loop {
            let passes = self.passes();
            let current = self.current.read();
            // Where the counter passed zero in between, the reading may belong to either side of it.
            if self.passes() == passes {
                return ticks(passes, current);
            }
        }
    }

    /// How often the counter passed zero: what the interrupt counted, and whether it has one to count.
    fn passes(&self) -> (u32, bool) {
        let counted = PERIODS.load(Ordering::Relaxed);
        (counted, self.state.read() & PENDING != 0)
    }
}

/// Ticks after so many counted passes through zero, and one more that is pending, when the counter stands at `current`.
fn ticks((counted, pending): (u32, bool), current: u32) -> u64 {
    let passes = u64::from(counted).wrapping_add(u64::from(pending));
    (passes << BITS) | u64::from(0u32.wrapping_sub(current) & MASK)
}

impl Clock for SysTick {
    fn now(&self) -> u64 {
        self.before.get().wrapping_add(self.counted())
    }

    fn ticks_per_second(&self) -> u64 {
        u64::from(self.hz)
    }

    fn settle(&self) {
        self.before.set(self.now());
        self.start();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_counts_once_whether_it_is_pending_or_counted() {
        let period = 1u64 << BITS;
        assert_eq!([ticks((0, false), 0), ticks((0, false), MASK)], [0, 1]);
        assert_eq!(ticks((0, false), 1), period - 1);
        assert_eq!([ticks((0, true), 0), ticks((1, false), 0)], [period; 2]);
        assert_eq!([ticks((0, true), MASK), ticks((1, false), MASK)], [period + 1; 2]);
        assert_eq!(ticks((u32::MAX, true), 1), (1 << 56) + period - 1);
    }
}
