//! What the request loop asks of this firmware: the time, and a watch over its stack.

use device_server::{Clock, Firmware, Sandbox, StackUse};
#[cfg(sandbox)]
use device_server::{Contained, Ended};

use crate::caches;
#[cfg(sandbox)]
use crate::sandbox;
use crate::stack::Stack;

/// A clock and the painted stack.
#[derive(Debug)]
pub struct Chip<C> {
    clock: C,
    stack: Stack,
}

impl<C> Chip<C> {
    /// Of these two.
    pub fn new(clock: C, stack: Stack) -> Chip<C> {
        Chip { clock, stack }
    }
}

impl<C: Clock> Clock for Chip<C> {
    fn now(&self) -> u64 {
        self.clock.now()
    }

    fn ticks_per_second(&self) -> u64 {
        self.clock.ticks_per_second()
    }

    fn settle(&self) {
        self.clock.settle();
    }

    fn alarm(&self, after: Option<u64>) {
        self.clock.alarm(after);
    }
}

#[cfg(not(sandbox))]
impl<C> Sandbox for Chip<C> {}

#[cfg(sandbox)]
impl<C: Clock> Sandbox for Chip<C> {
    const CONTAINS: bool = true;

    fn granule(&self, bytes: usize) -> Option<usize> {
        sandbox::granule(bytes)
    }

    unsafe fn contain(&mut self, call: &Contained<'_>) -> Ended {
        // SAFETY: the caller vouches for what it needs.
        unsafe { sandbox::contain(&self.clock, call) }
    }
}

impl<C: Clock> Firmware for Chip<C> {
    #[inline(always)]
    fn paint_stack(&mut self) {
        self.stack.paint();
    }

    fn stack_use(&self) -> Option<StackUse> {
        Some(self.stack.usage())
    }

    fn code_written(&mut self, code: &[u8]) {
        let code = code.as_ptr_range();
        caches::code_written(code.start.addr()..code.end.addr());
    }
}
