//! The timers of Arm's Cortex-M System Design Kit (CMSDK APB timer): they count a clock down and begin again.
//!
//! Registers: Arm DDI 0479, section 4.2.

use device_server::Counter;

use crate::nvic;
use crate::register::Register;

/// CTRL: count.
const RUN: u32 = 1 << 0;
/// CTRL: interrupt at zero.
const INTERRUPT: u32 = 1 << 3;

/// A timer, which an interrupt and the program it interrupts may both use.
#[derive(Clone, Copy, Debug)]
pub struct CmsdkTimer {
    control: Register,
    value: Register,
    reload: Register,
    interrupt: Register,
}

// SAFETY: each access is one load or store of a device register.
unsafe impl Sync for CmsdkTimer {}

impl CmsdkTimer {
    /// The timer at `base`.
    ///
    /// # Safety
    /// A CMSDK timer is there, and only copies of this value use it.
    pub const unsafe fn at(base: usize) -> CmsdkTimer {
        // SAFETY: the caller vouches for the device; these are its registers.
        unsafe {
            CmsdkTimer {
                control: Register::at(base),
                value: Register::at(base + 0x4),
                reload: Register::at(base + 0x8),
                interrupt: Register::at(base + 0xC),
            }
        }
    }

    /// Counts `period` ticks again and again; 0 stands for 2^32.
    pub fn start(self, period: u32) {
        let last = period.wrapping_sub(1);
        self.control.write(0);
        self.reload.write(last);
        self.value.write(last);
        self.control.write(RUN);
    }

    /// As [`CmsdkTimer::start`], and interrupts the processor by `interrupt`, one of the first 32, at each end.
    pub fn interrupt_every(self, period: u32, interrupt: u32) {
        self.start(period);
        self.control.write(RUN | INTERRUPT);
        nvic::enable(interrupt);
    }

    /// Ticks left until it begins again.
    pub fn left(self) -> u32 {
        self.value.read()
    }

    /// Whether it has come to an end that was not cleared.
    pub fn ended(self) -> bool {
        self.interrupt.read() != 0
    }

    /// Clears its interrupt.
    pub fn clear(self) {
        self.interrupt.write(1);
    }
}

/// A timer as the counter of the time.
#[derive(Clone, Copy, Debug)]
pub struct CmsdkCounter {
    timer: CmsdkTimer,
    hz: u32,
}

impl CmsdkCounter {
    /// Starts `timer`, whose clock has `hz` ticks a second.
    pub fn start(timer: CmsdkTimer, hz: u32) -> CmsdkCounter {
        timer.start(0);
        CmsdkCounter { timer, hz }
    }
}

impl Counter for CmsdkCounter {
    fn ticks(&self) -> u32 {
        // It counts down.
        !self.timer.left()
    }

    fn ticks_per_second(&self) -> u32 {
        self.hz
    }
}
