//! Watchdogs that nothing but a reset stops once they count.
//!
//! One is started when something is to be watched for the first time, and fed from then on: by SysTick's interrupt, and
//! whenever something else begins or ceases to be watched, since that restarts SysTick's counter. What hangs is told by
//! that interrupt, which takes it to the handler of faults; that one keeps the place and restarts the program. Where the
//! interrupt does not come any more, nobody feeds the watchdog, and it resets the chip.

use core::cell::Cell;
use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use device_server::Watchdog;

use crate::deadline::Deadline;
use crate::register::Register;
use crate::systick;

/// A chip's watchdog, by its registers.
#[derive(Debug)]
pub struct WatchdogRegisters {
    /// What starts it: values to write, in this order, and where.
    pub start: &'static [(usize, u32)],
    /// What has it count from the start again, which does nothing before.
    pub feed: (usize, u32),
    /// Where the chip keeps what reset it.
    pub causes: usize,
    /// Its bit there.
    pub cause: u32,
    /// Bits there beside which that one says nothing.
    pub unless: u32,
    /// What to write there, with the causes themselves, to forget them.
    pub forget: u32,
}

/// What is watched now.
static DEADLINE: Deadline = Deadline::new();
/// What feeds the watchdog, for the interrupt; an address of 0: there is none.
static FEED_AT: AtomicUsize = AtomicUsize::new(0);
static FEED: AtomicU32 = AtomicU32::new(0);

/// The watchdog.
#[derive(Debug)]
pub struct UnstoppableWatchdog {
    registers: &'static WatchdogRegisters,
    ticks_per_ms: u32,
    started: Cell<bool>,
}

impl UnstoppableWatchdog {
    /// The watchdog with these registers, on a core clocked at `hz`. It may count already: resets by software leave some
    /// as they are.
    ///
    /// # Safety
    /// The chip has them, and nothing else uses them.
    pub unsafe fn new(registers: &'static WatchdogRegisters, hz: u32) -> UnstoppableWatchdog {
        let (at, value) = registers.feed;
        FEED.store(value, Ordering::Relaxed);
        FEED_AT.store(at, Ordering::Relaxed);
        UnstoppableWatchdog { registers, ticks_per_ms: hz / 1000, started: Cell::new(false) }
    }
}

impl Watchdog for UnstoppableWatchdog {
    #[inline(never)]
    fn watch(&self, ms: Option<u32>) {
        // The next interrupt may come at once, and counts for all of its period.
        let ticks = |ms| u64::from(ms) * u64::from(self.ticks_per_ms) + u64::from(systick::LONGEST);
        DEADLINE.set(ms.map(ticks));
        if ms.is_some() && !self.started.replace(true) {
            for &(at, value) in self.registers.start {
                // SAFETY: whoever made this vouched for the registers.
                unsafe { Register::at(at) }.write(value);
            }
        }
        feed();
    }

    fn restarted(&self) -> bool {
        // SAFETY: whoever made this vouched for the register.
        let register = unsafe { Register::at(self.registers.causes) };
        let causes = register.read();
        register.write(causes | self.registers.forget);
        causes & self.registers.cause != 0 && causes & self.registers.unless == 0
    }
}

fn feed() {
    let at = FEED_AT.load(Ordering::Relaxed);
    if at != 0 {
        // SAFETY: whoever made the watchdog vouched for the register.
        unsafe { Register::at(at) }.write(FEED.load(Ordering::Relaxed));
    }
}

/// Takes SysTick's interrupt and feeds the watchdog, unless what is watched hangs; gives whether it does.
extern "C" fn ticked() -> u32 {
    systick::passed_zero();
    let well = DEADLINE.has_time_after(systick::period());
    if well {
        feed();
    }
    u32::from(!well)
}

// The handler of faults finds what was interrupted by the stack pointer and the link register, which are as they were.
core::arch::global_asm!(
    ".section .text.SysTick, \"ax\"
     .global SysTick
     .type SysTick, %function
     .thumb_func
     SysTick:
         push {{r4, lr}}
         bl {ticked}
         pop.w {{r4, lr}}
         cbnz r0, 1f
         bx lr
     1:
         b.w HardFault",
    ticked = sym ticked
);
