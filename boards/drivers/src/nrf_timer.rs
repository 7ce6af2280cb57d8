//! A timer of Nordic's nRF51 series as a clock of 64 bits: that chip's Cortex-M0 has no SysTick.
//!
//! It counts 16 MHz up through 32 bits; an interrupt counts the halves of its way, so that a reading taken before or
//! after the interrupt of a passed half means the same. Registers: nRF51 Series Reference Manual, chapter 18.

use core::cell::Cell;
use core::sync::atomic::{AtomicU32, Ordering};

use device_server::Clock;

use crate::nvic;
use crate::register::Register;

const START: usize = 0x000;
const CLEAR: usize = 0x00C;
/// Copies the counter into compare register 0.
const CAPTURE: usize = 0x040;
/// The counter came to compare register 1.
const COMPARED: usize = 0x144;
const INTERRUPT: usize = 0x304;
const BITS: usize = 0x508;
const PRESCALER: usize = 0x510;
const CAPTURED: usize = 0x540;
const COMPARE: usize = 0x544;

/// [`INTERRUPT`]: on compare register 1.
const ON_COMPARE: u32 = 1 << 17;
/// [`BITS`]: all 32.
const ALL_BITS: u32 = 3;
/// What a timer counts, without prescaler.
const HZ: u64 = 16_000_000;

/// The middle of the counter's way.
const HALF: u32 = 1 << 31;

/// How many halves of its way the counter has gone since it was cleared: the interrupt counts.
static HALVES: AtomicU32 = AtomicU32::new(0);

/// The clock.
#[derive(Debug)]
pub struct NrfTimer {
    clear: Register,
    capture: Register,
    captured: Register,
    compare: Register,
    /// Ticks before the counter was last cleared.
    before: Cell<u64>,
}

impl NrfTimer {
    /// Starts the timer at `base`, whose interrupt is number `interrupt`.
    ///
    /// # Safety
    /// An nRF51 timer of 32 bits is at `base`, nothing else uses it, and [`NrfTimer::interrupted`] is called on its
    /// interrupt.
    pub unsafe fn new(base: usize, interrupt: u32) -> NrfTimer {
        // SAFETY: the caller vouches for the device; the offsets are those of its registers.
        let at = |offset| unsafe { Register::at(base + offset) };
        at(BITS).write(ALL_BITS);
        at(PRESCALER).write(0);
        let (clear, capture, captured, compare) = (at(CLEAR), at(CAPTURE), at(CAPTURED), at(COMPARE));
        let clock = NrfTimer { clear, capture, captured, compare, before: Cell::new(0) };
        clock.restart();
        at(COMPARED).write(0);
        at(INTERRUPT).write(ON_COMPARE);
        at(START).write(1);
        nvic::enable(interrupt);
        clock
    }

    /// Takes the interrupt of the timer at `base`.
    ///
    /// # Safety
    /// As [`NrfTimer::new`].
    pub unsafe fn interrupted(base: usize) {
        // SAFETY: the caller vouches for the device; these are its registers.
        let [compared, compare] = unsafe { [Register::at(base + COMPARED), Register::at(base + COMPARE)] };
        let halves = HALVES.load(Ordering::Relaxed).wrapping_add(1);
        HALVES.store(halves, Ordering::Relaxed);
        compare.write(if halves.is_multiple_of(2) { HALF } else { 0 });
        compared.write(0);
    }

    /// Counts from zero.
    fn restart(&self) {
        self.clear.write(1);
        HALVES.store(0, Ordering::Relaxed);
        self.compare.write(HALF);
    }
}

impl Clock for NrfTimer {
    fn now(&self) -> u64 {
        let halves = HALVES.load(Ordering::Relaxed);
        self.capture.write(1);
        let counted = (u64::from(halves) << 31) + u64::from(self.captured.read() ^ (halves << 31));
        self.before.get().wrapping_add(counted)
    }

    fn ticks_per_second(&self) -> u64 {
        HZ
    }

    fn settle(&self) {
        self.before.set(self.now());
        self.restart();
    }
}
