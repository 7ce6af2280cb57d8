//! SysTick, the timer in the Cortex-M core itself, as a clock of 64 bits.
//!
//! It counts the core's cycles down through 24 bits; an interrupt counts how often it passed zero. That interrupt may be
//! late, or masked: a pass that it has not counted yet shows as pending. Registers: Armv7-M Architecture Reference
//! Manual, B3.3, and B3.2.4 for the pending bits.
//!
//! Its tick is a cycle of the core, as fine as that of DWT's cycle counter. That one has 32 bits and no interrupt when it
//! passes zero, raises no alarm, and is not on every core: emulated ones have the register, which does not count.

use core::cell::Cell;
use core::sync::atomic::{AtomicU32, Ordering};

#[cfg(not(feature = "unstoppable-watchdog"))]
use cortex_m_rt::exception;
use device_server::Clock;
use device_server::rpc_protocol::CounterKind;

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
/// STATE: raise PendSV.
const RAISE_PENDSV: u32 = 1 << 28;

/// CONTROL: count, interrupt at zero, count the core's clock.
const RUN: u32 = 0b111;
/// The most ticks from one pass through zero to the next: the counter has 24 bits.
pub(crate) const LONGEST: u32 = 1 << 24;

/// How often the counter reached zero since it was started, as far as the interrupt has counted.
static PERIODS: AtomicU32 = AtomicU32::new(0);
/// After which of them the alarm is; 0: there is none.
static ALARM: AtomicU32 = AtomicU32::new(0);

#[cfg(not(feature = "unstoppable-watchdog"))]
#[exception]
fn SysTick() {
    passed_zero();
}

/// Takes the interrupt.
#[inline(always)] // it would be a second function
pub(crate) fn passed_zero() {
    let periods = PERIODS.load(Ordering::Relaxed).wrapping_add(1);
    PERIODS.store(periods, Ordering::Relaxed);
    let alarm = ALARM.load(Ordering::Relaxed);
    // Again at each pass: one that came before the candidate began is passed over.
    if alarm != 0 && periods >= alarm {
        // SAFETY: every Cortex-M has this register, and setting one bit changes no other.
        unsafe { Register::at(STATE) }.write(RAISE_PENDSV);
    }
}

/// Ticks from one interrupt to the next.
#[cfg(feature = "unstoppable-watchdog")]
pub(crate) fn period() -> u32 {
    // SAFETY: every Cortex-M has this register, and reading it changes nothing.
    unsafe { Register::at(RELOAD) }.read().wrapping_add(1)
}

/// The clock.
#[derive(Debug)]
pub struct SysTick {
    control: Register,
    reload: Register,
    current: Register,
    state: Register,
    /// Ticks before the counter was last started.
    before: Cell<u64>,
    /// Ticks from one pass through zero to the next.
    period: Cell<u32>,
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
        let (before, period) = (Cell::new(0), Cell::new(LONGEST));
        let clock = SysTick { control, reload, current, state, before, period, hz };
        clock.start(LONGEST, 0);
        clock
    }

    /// Starts the counter from zero, at the start of a tick, to pass zero every `period` ticks, with the alarm after so
    /// many of these.
    fn start(&self, period: u32, alarm: u32) {
        self.control.write(0);
        self.reload.write(period.wrapping_sub(1));
        self.period.set(period);
        ALARM.store(alarm, Ordering::Relaxed);
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
                return ticks(passes, current, self.period.get());
            }
        }
    }

    /// How often the counter passed zero: what the interrupt counted, and whether it has one to count.
    fn passes(&self) -> (u32, bool) {
        let counted = PERIODS.load(Ordering::Relaxed);
        (counted, self.state.read() & PENDING != 0)
    }
}

/// Ticks after so many counted passes through zero, and one more that is pending, when the counter, which
/// counts down, stands at `current` and passes zero every `period` ticks.
fn ticks((counted, pending): (u32, bool), current: u32, period: u32) -> u64 {
    let passes = u64::from(counted).wrapping_add(u64::from(pending));
    let since = if current == 0 { 0 } else { period.wrapping_sub(current) };
    passes.wrapping_mul(u64::from(period)).wrapping_add(u64::from(since))
}

/// The period, and how many of them, that make `after` ticks, or a few more.
fn periods(after: u64) -> (u32, u32) {
    let number = after.div_ceil(u64::from(LONGEST)).max(1);
    let period = after.div_ceil(number).max(SHORTEST);
    (period as u32, u32::try_from(number).unwrap_or(u32::MAX))
}

/// The least period: shorter ones would end before anything is under way.
const SHORTEST: u64 = 256;

impl Clock for SysTick {
    fn now(&self) -> u64 {
        self.before.get().wrapping_add(self.counted())
    }

    fn ticks_per_second(&self) -> u64 {
        u64::from(self.hz)
    }

    fn counter_kind(&self) -> CounterKind {
        CounterKind::SysTick
    }

    fn settle(&self) {
        self.before.set(self.now());
        self.start(LONGEST, 0);
    }

    fn alarm(&self, after: Option<u64>) {
        let (period, number) = after.map_or((LONGEST, 0), periods);
        self.before.set(self.now());
        self.start(period, number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_counts_once_whether_it_is_pending_or_counted() {
        for period in [1000, LONGEST] {
            let (whole, last) = (u64::from(period), period - 1);
            let at = |passes, current| ticks(passes, current, period);
            assert_eq!([at((0, false), 0), at((0, false), last)], [0, 1]);
            assert_eq!(at((0, false), 1), whole - 1);
            assert_eq!([at((0, true), 0), at((1, false), 0)], [whole; 2]);
            assert_eq!([at((0, true), last), at((1, false), last)], [whole + 1; 2]);
            assert_eq!(at((u32::MAX, true), 1), (1 << 32) * whole + whole - 1);
        }
    }

    #[test]
    fn an_alarm_is_never_early_and_hardly_late() {
        let longest = u64::from(LONGEST);
        for after in [0, 1, SHORTEST, 25_000, longest, longest + 1, 10 * longest + 7, u64::from(u32::MAX)] {
            let (period, number) = periods(after);
            let ticks = u64::from(period) * u64::from(number);
            assert!(period <= LONGEST && ticks >= after && ticks <= after.max(SHORTEST) + u64::from(number));
        }
    }
}
