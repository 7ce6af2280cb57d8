//! What a device takes its times with, and what its times are worth: how long a tick is, and what was taken off.

use rpc_protocol::CounterKind;
use rpc_protocol::client::DeviceInfo;
use serde_json::{Value, json};

use super::TimeUnit;

/// A device's counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// which it is
    pub counter: CounterKind,
    /// its ticks a second
    pub hz: u64,
    /// ticks that the last measurement took off each run, or step of a profile, for measuring itself
    pub overhead: u64,
}

impl Clock {
    /// This machine's.
    pub const HERE: Clock = Clock { counter: CounterKind::Monotonic, hz: 1_000_000_000, overhead: 0 };

    /// That of the device that says `info` of itself, after a measurement that took `overhead` ticks off each run.
    pub fn of(info: &DeviceInfo, overhead: u64) -> Clock {
        Clock { counter: info.counter, hz: info.clock_hz, overhead }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self.counter {
            CounterKind::SysTick => "SysTick",
            CounterKind::Timer => "timer",
            CounterKind::Monotonic => "monotonic clock",
        }
    }

    /// Nanoseconds of a tick. An emulated processor takes one for each instruction.
    pub fn tick_ns(self) -> f64 {
        1e9 / self.hz.max(1) as f64
    }

    /// As a document.
    pub fn document(self) -> Value {
        json!({
            "name": self.name(), "hz": self.hz, "tick_ns": self.tick_ns(), "overhead_ticks": self.overhead,
            "overhead_ns": self.overhead as f64 * self.tick_ns(),
        })
    }

    /// A line on a measurement of each `what`, whose times are in `unit`.
    pub fn text(self, unit: TimeUnit, what: &str) -> String {
        let unit = match unit {
            TimeUnit::Milliseconds => "ns",
            TimeUnit::Instructions => "instructions",
        };
        let off = match self.overhead {
            0 => "nothing taken off for measuring".to_string(),
            ticks => format!("{ticks} taken off each {what} for measuring"),
        };
        format!("counted by the {}, {} {unit} a tick; {off}\n", self.name(), rounded(self.tick_ns()))
    }
}

/// To a hundredth, without zeros that say nothing.
fn rounded(number: f64) -> String {
    format!("{number:.2}").trim_end_matches('0').trim_end_matches('.').to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tick_and_what_was_taken_off_are_told() {
        let clock = Clock { counter: CounterKind::SysTick, hz: 25_000_000, overhead: 2 };
        let line = "counted by the SysTick, 40 instructions a tick; 2 taken off each run for measuring\n";
        assert_eq!(clock.text(TimeUnit::Instructions, "run"), line);
        assert_eq!(clock.document()["overhead_ns"], 80.0);
        let fast = Clock { hz: 119_930_880, overhead: 0, ..clock };
        assert_eq!(
            fast.text(TimeUnit::Milliseconds, "run"),
            "counted by the SysTick, 8.34 ns a tick; nothing taken off for measuring\n"
        );
        assert_eq!(rounded(1.0), "1");
        assert_eq!(rounded(100.0), "100");
    }
}
