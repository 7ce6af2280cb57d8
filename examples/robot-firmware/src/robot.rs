//! The main loop's work, and what the server asks of it: a clock, and to let that work go on.

use device_server::{Clock, Firmware, Sandbox, Widened};
use lathe_drivers::CmsdkCounter;

use crate::CLOCK;
use crate::listening::Listening;
use crate::report::Report;

/// All that the main loop does besides serving a host.
pub struct Robot {
    listening: Listening,
    report: Report,
    clock: Widened<CmsdkCounter>,
}

impl Robot {
    /// Of these; `clock` runs.
    pub fn new(listening: Listening, report: Report, clock: CmsdkCounter) -> Robot {
        Robot { listening, report, clock: Widened::new(clock) }
    }

    /// A piece of it: a kernel of the network, and now and then a line.
    pub fn work(&mut self) {
        self.listening.step(CLOCK);
        self.report.tell_when_due(self.listening.inference());
    }
}

/// It counts on in interrupts: the host is told what the network takes in this robot, control's share included.
impl Clock for Robot {
    fn now(&self) -> u64 {
        self.clock.now()
    }

    fn ticks_per_second(&self) -> u64 {
        self.clock.ticks_per_second()
    }
}

/// No code comes from the host, so nothing has to be contained.
impl Sandbox for Robot {}

impl Firmware for Robot {
    fn between(&mut self) {
        self.work();
    }
}
