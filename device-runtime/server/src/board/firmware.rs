//! What a board's firmware gives the server: a clock, a watch over its stack, and a say in between.

use rpc_protocol::CounterKind;

use super::sandbox::Sandbox;

/// A counter that never goes back.
pub trait Clock {
    /// Ticks since some moment. Ticks that pass in interrupts are part of what the host is told, if this counts them.
    fn now(&self) -> u64;

    /// Ticks a second.
    fn ticks_per_second(&self) -> u64;

    /// What it is, as the host is told.
    fn counter_kind(&self) -> CounterKind {
        CounterKind::Timer
    }

    /// Waits for the start of a tick, so that each measurement begins at the same place in one. Needed where a tick is
    /// long: then equal work takes equally many ticks.
    fn settle(&self) {}

    /// Asks that PendSV be raised after so many ticks from now, or takes that back. Like [`Clock::settle`], it begins at
    /// the start of a tick. A board whose clock cannot do it has no sandbox.
    fn alarm(&self, after: Option<u64>) {
        let _ = after;
    }
}

/// What restarts a board that hangs.
pub trait Watchdog {
    /// Restarts the board unless this is called again within `ms`, or as long as it can count if that is less; `None`: it
    /// need not be called any more.
    fn watch(&self, ms: Option<u32>);

    /// Whether the board started because of it; true once.
    fn restarted(&self) -> bool {
        false
    }
}

/// None.
impl Watchdog for () {
    fn watch(&self, _: Option<u32>) {}
}

/// What the server asks of firmware besides the time. As it stands here, of firmware that only serves and does not watch
/// its stack.
pub trait Firmware: Clock + Sandbox {
    /// As [`Watchdog::watch`], where there is a watchdog: while code runs that may not return.
    fn watch(&self, ms: Option<u32>) {
        let _ = ms;
    }

    /// Paints the stack that is free now, below the caller. Inlined always, or what it calls has frames there itself.
    #[inline(always)]
    fn paint_stack(&mut self) {}

    /// What was used of the stack, by the paint that is gone; `None` where nobody looks.
    fn stack_use(&self) -> Option<StackUse> {
        None
    }

    /// A piece of the firmware's other work: called between the runs and the steps of a measurement and while it rests,
    /// outside what is timed. Without it a long measurement keeps the main loop from everything else.
    fn between(&mut self) {}

    /// Makes code that was just written to memory ready to be executed: cleans and invalidates caches on cores that
    /// have them, and lets the writes finish.
    fn code_written(&mut self, code: &[u8]) {
        let _ = code;
    }
}

/// What was used of a stack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StackUse {
    /// Most bytes below the place where [`Firmware::paint_stack`] was last called.
    pub since_paint: u32,
    /// Most bytes since the device started.
    pub since_start: u32,
    /// Bytes there are.
    pub bytes: u32,
}
