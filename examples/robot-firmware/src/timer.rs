//! The timers of Arm's Cortex-M System Design Kit (CMSDK APB timer): they count a clock down and begin again.
//!
//! Registers: Arm DDI 0479, section 4.2.

/// CTRL: count.
const RUN: u32 = 1 << 0;
/// CTRL: interrupt at zero.
const INTERRUPT: u32 = 1 << 3;
/// The processor's register that enables interrupts.
const ENABLE_INTERRUPTS: *mut u32 = 0xE000_E100 as *mut u32;

/// A timer.
#[derive(Clone, Copy, Debug)]
pub struct Timer(*mut u32);

impl Timer {
    /// The timer at `base`.
    ///
    /// # Safety
    /// A CMSDK timer is there, and only copies of this value use it.
    pub const unsafe fn at(base: usize) -> Timer {
        Timer(base as *mut u32)
    }

    /// Counts `period` ticks again and again.
    pub fn start(self, period: u32) {
        self.write(0, 0);
        self.write(2, period.wrapping_sub(1));
        self.write(1, period.wrapping_sub(1));
        self.write(0, RUN);
    }

    /// As [`Timer::start`], and interrupts the processor by `interrupt` at each end.
    pub fn interrupt_every(self, period: u32, interrupt: u32) {
        self.start(period);
        self.write(0, RUN | INTERRUPT);
        // SAFETY: every Cortex-M has this register, and writing one bit changes no other.
        unsafe { ENABLE_INTERRUPTS.write_volatile(1 << interrupt) };
    }

    /// Ticks left until it begins again.
    pub fn left(self) -> u32 {
        self.read(1)
    }

    /// Whether it has come to an end that was not cleared.
    pub fn ended(self) -> bool {
        self.read(3) != 0
    }

    /// Clears its interrupt.
    pub fn clear(self) {
        self.write(3, 1);
    }

    fn read(self, register: usize) -> u32 {
        // SAFETY: whoever made it vouched for the device, which has four registers.
        unsafe { self.0.wrapping_add(register).read_volatile() }
    }

    fn write(self, register: usize, value: u32) {
        // SAFETY: as in `read`.
        unsafe { self.0.wrapping_add(register).write_volatile(value) }
    }
}
