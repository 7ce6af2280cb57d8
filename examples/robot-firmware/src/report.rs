//! What the firmware says over the serial line: now and then how it is, every ten thousand periods the figures.

use core::fmt::{self, Write};
use core::sync::atomic::Ordering;

use device_runtime::LoadError;
use device_server::Link;
use lathe_drivers::CmsdkUart;

use crate::CLOCK_HZ;
use crate::control::PERIOD;
use crate::listening::Inference;
use crate::shared::{EARLIEST, HEARD, LATEST, LONGEST, MISSED, SPEED, periods};

/// Nanoseconds of a tick.
const TICK_NS: u32 = 1_000_000_000 / CLOCK_HZ;
/// Periods between two lines.
const INTERVAL: u32 = 1250;
/// Lines after which the figures come instead.
const LINES: u32 = 8;

/// The serial line as a place for text.
#[derive(Debug)]
pub struct Report {
    uart: CmsdkUart,
    /// how many lines or figures were due
    told: u32,
}

impl Report {
    /// Over this line.
    pub fn new(uart: CmsdkUart) -> Report {
        Report { uart, told: 0 }
    }

    /// A line every [`INTERVAL`] periods, in place of each eighth the figures: work that waits for one kernel and not for
    /// a whole inference.
    pub fn tell_when_due(&mut self, inference: &Inference) {
        let period = periods();
        let due = INTERVAL.wrapping_mul(self.told.wrapping_add(1));
        if period.wrapping_sub(due).cast_signed() < 0 {
            return;
        }
        self.told = self.told.wrapping_add(1);
        if self.told.is_multiple_of(LINES) {
            return self.figures(due, inference);
        }
        let thousandths = (f32::from_bits(SPEED.load(Ordering::Relaxed)) * 1000.0) as i32;
        let heard = HEARD.load(Ordering::Relaxed);
        let _ = writeln!(self, "period {period}: speed {thousandths} / 1000, heard frequency {heard}");
    }

    /// The figures of `periods` periods.
    fn figures(&mut self, periods: u32, inference: &Inference) {
        let ns = |ticks: u32| ticks.saturating_mul(TICK_NS);
        let Inference { self_test, runs, judged, right, longest_step } = *inference;
        let (missed, longest) = (MISSED.load(Ordering::Relaxed), LONGEST.load(Ordering::Relaxed));
        let jitter = ns(LATEST.load(Ordering::Relaxed).abs_diff(EARLIEST.load(Ordering::Relaxed)));
        // The line takes everything.
        let _ = writeln!(self, "control: {periods} periods of {} ns, {missed} missed", ns(PERIOD));
        let _ = writeln!(self, "control: jitter {jitter} ns, longest work {} ns", ns(longest));
        let _ = writeln!(self, "inference: {runs} runs, {right} right of {judged} judged");
        let _ = writeln!(self, "inference: longest kernel {} ns, interrupts in it counted", ns(longest_step));
        let _ = writeln!(self, "self-test: {}", if self_test { "passed" } else { "failed" });
        let _ = writeln!(self, "done");
    }

    /// Why there is nothing to report.
    pub fn refused(&mut self, error: &LoadError) {
        let _ = writeln!(self, "the model was refused: {error}");
        let _ = writeln!(self, "failed");
    }
}

impl Write for Report {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let Ok(()) = self.uart.write_all(text.as_bytes());
        Ok(())
    }
}
