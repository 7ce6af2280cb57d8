//! The painted stack: how much of it was used shows by the paint that is gone.

use core::arch::asm;
use core::ops::Range;

use device_server::StackUse;

/// What free stack is painted with; the startup code uses the same.
const PAINT: u32 = 0xCCCC_CCCC;

/// The stack of the program, painted by the startup code.
#[derive(Debug)]
pub struct Stack {
    range: Range<usize>,
    /// Where the stack pointer was when it was painted last.
    painted_from: usize,
    /// Most bytes used before that.
    most: usize,
}

impl Stack {
    /// The stack at these addresses.
    ///
    /// # Safety
    /// It is the stack in use, and it was painted before anything was called.
    pub unsafe fn at(range: Range<usize>) -> Stack {
        Stack { painted_from: range.end, most: 0, range }
    }

    /// Paints what is free below the caller. It has no frame of its own, and calls nothing once it paints: every byte
    /// that the caller's next call can use is painted.
    #[inline(always)]
    pub fn paint(&mut self) {
        self.most = self.most.max(self.range.end.saturating_sub(self.lowest_used()));
        let free_below = stack_pointer();
        self.painted_from = free_below;
        for address in (self.range.start..free_below).step_by(size_of::<u32>()) {
            // SAFETY: below the stack pointer nothing is kept, and the range is the stack's.
            unsafe { (address as *mut u32).write_volatile(PAINT) };
        }
    }

    /// How much was used.
    pub fn usage(&self) -> StackUse {
        let lowest = self.lowest_used();
        let most = self.most.max(self.range.end.saturating_sub(lowest));
        StackUse {
            since_paint: self.painted_from.saturating_sub(lowest) as u32,
            since_start: most as u32,
            bytes: self.range.len() as u32,
        }
    }

    /// The lowest address without paint.
    #[inline(never)]
    fn lowest_used(&self) -> usize {
        let mut words = self.range.clone().step_by(size_of::<u32>());
        // SAFETY: the range is the stack's, and every bit pattern is a number.
        let used = words.find(|&address| unsafe { (address as *const u32).read_volatile() } != PAINT);
        used.unwrap_or(self.range.end)
    }
}

#[inline(always)]
fn stack_pointer() -> usize {
    let pointer: usize;
    // SAFETY: it reads a register.
    unsafe { asm!("mov {}, sp", out(reg) pointer, options(nomem, nostack, preserves_flags)) };
    pointer
}
