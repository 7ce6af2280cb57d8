//! SysTick, the timer in the Cortex-M core itself, as a clock of 64 bits.
//!
//! It counts the core's cycles down through 24 bits; an interrupt counts how often it passed zero. Registers: Armv7-M
//! Architecture Reference Manual, B3.3.

use core::cell::Cell;
use core::sync::atomic::{AtomicU32, Ordering};

use cortex_m_rt::exception;
use device_server::Clock;

use crate::register::Register;

const CONTROL: usize = 0xE000_E010;
const RELOAD: usize = 0xE000_E014;
const CURRENT: usize = 0xE000_E018;

/// CONTROL: count, interrupt at zero, count the core's clock.
const RUN: u32 = 0b111;
/// The counter's bits.
const BITS: u32 = 24;
const MASK: u32 = (1 << BITS) - 1;

/// How often the counter reached zero since it was started: the interrupt counts.
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
        let [control, reload, current] = unsafe { [CONTROL, RELOAD, CURRENT].map(|address| Register::at(address)) };
        reload.write(MASK);
        let clock = SysTick { control, current, before: Cell::new(0), hz };
        clock.start();
        clock
    }

    /// Starts the counter from zero, at the start of a tick.
    fn start(&self) {
        self.control.write(0);
        PERIODS.store(0, Ordering::Relaxed);
        self.current.write(0);
        self.control.write(RUN);
    }

    /// Ticks since the counter was started.
    fn counted(&self) -> u64 {
        loop {
            let periods = PERIODS.load(Ordering::Relaxed);
            let current = self.current.read();
            // A period that ended in between has interrupted, and the reading may belong to either side of it.
            if PERIODS.load(Ordering::Relaxed) == periods {
                return (u64::from(periods) << BITS) | u64::from(0u32.wrapping_sub(current) & MASK);
            }
        }
    }
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
