//! What the request loop asks of this firmware: the time, and a watch over its stack.

use device_server::rpc_protocol::CounterKind;
use device_server::{Clock, Firmware, Sandbox, StackUse, Watchdog};
#[cfg(sandbox)]
use device_server::{Contained, Ended};

use crate::caches;
#[cfg(sandbox)]
use crate::sandbox;
use crate::stack::Stack;

/// A clock, the watchdog and the painted stack.
#[derive(Debug)]
pub struct Chip<C, W> {
    clock: C,
    watchdog: W,
    stack: Stack,
}

impl<C, W> Chip<C, W> {
    /// Of these.
    pub fn new(clock: C, watchdog: W, stack: Stack) -> Chip<C, W> {
        Chip { clock, watchdog, stack }
    }
}

impl<C: Clock, W> Clock for Chip<C, W> {
    fn now(&self) -> u64 {
        self.clock.now()
    }

    fn ticks_per_second(&self) -> u64 {
        self.clock.ticks_per_second()
    }

    fn counter_kind(&self) -> CounterKind {
        self.clock.counter_kind()
    }

    fn settle(&self) {
        self.clock.settle();
    }

    fn alarm(&self, after: Option<u64>) {
        self.clock.alarm(after);
    }
}

#[cfg(not(sandbox))]
impl<C, W> Sandbox for Chip<C, W> {}

#[cfg(sandbox)]
impl<C: Clock, W> Sandbox for Chip<C, W> {
    const CONTAINS: bool = true;

    fn granule(&self, bytes: usize) -> Option<usize> {
        sandbox::granule(bytes)
    }

    unsafe fn contain(&mut self, call: &Contained<'_>) -> Ended {
        // SAFETY: the caller vouches for what it needs.
        unsafe { sandbox::contain(&self.clock, call) }
    }
}

impl<C: Clock, W: Watchdog> Firmware for Chip<C, W> {
    fn watch(&self, ms: Option<u32>) {
        self.watchdog.watch(ms);
    }

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
