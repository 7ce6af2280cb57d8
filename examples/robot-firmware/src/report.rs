//! What the firmware says over the serial line: now and then how it is, at the end the figures.

use core::fmt::{self, Write};
use core::sync::atomic::Ordering;

use device_runtime::LoadError;
use device_server::Link;
use lathe_drivers::CmsdkUart;

use crate::control::PERIOD;
use crate::shared::{EARLIEST, HEARD, LATEST, LONGEST, MISSED, SPEED, WINDOW, periods};
use crate::{CLOCK_HZ, PERIODS, motor};

/// Nanoseconds of a tick.
const TICK_NS: u32 = 1_000_000_000 / CLOCK_HZ;

/// What the network did.
#[derive(Clone, Copy, Debug, Default)]
pub struct Inference {
    /// whether the artifact's self-test passed
    pub self_test: bool,
    /// whole inferences
    pub runs: u32,
    /// of them, on samples of one frequency
    pub judged: u32,
    /// of these, with the right answer
    pub right: u32,
    /// ticks of the longest kernel, the interrupts in it counted
    pub longest_step: u32,
}

impl Inference {
    /// Counts an answer on the window that ended with sample `last`.
    pub fn count(&mut self, last: u32, heard: u32) {
        self.runs += 1;
        let first = last.wrapping_sub(WINDOW as u32 - 1);
        if first / motor::CHANGE == last / motor::CHANGE {
            self.judged += 1;
            self.right += u32::from(motor::class(last) == heard);
        }
    }
}

/// Periods between two lines on the way.
const INTERVAL: u32 = 1250;

/// The serial line as a place for text.
#[derive(Debug)]
pub struct Report {
    uart: CmsdkUart,
    /// the period of the next line
    next: u32,
}

impl Report {
    /// Over this line.
    pub fn new(uart: CmsdkUart) -> Report {
        Report { uart, next: INTERVAL }
    }

    /// A line every [`INTERVAL`] periods: the main loop's other work, which waits for one kernel and not for a whole
    /// inference.
    pub fn tell_now_and_then(&mut self) {
        let period = periods();
        if period < self.next {
            return;
        }
        self.next += INTERVAL;
        let thousandths = (f32::from_bits(SPEED.load(Ordering::Relaxed)) * 1000.0) as i32;
        let heard = HEARD.load(Ordering::Relaxed);
        let _ = writeln!(self, "period {period}: speed {thousandths} / 1000, heard frequency {heard}");
    }

    /// The figures.
    pub fn write(&mut self, inference: &Inference) {
        let ns = |ticks: u32| ticks.saturating_mul(TICK_NS);
        let Inference { self_test, runs, judged, right, longest_step } = *inference;
        let (missed, longest) = (MISSED.load(Ordering::Relaxed), LONGEST.load(Ordering::Relaxed));
        let jitter = ns(LATEST.load(Ordering::Relaxed).abs_diff(EARLIEST.load(Ordering::Relaxed)));
        // The line takes everything.
        let _ = writeln!(self, "control: {PERIODS} periods of {} ns, {missed} missed", ns(PERIOD));
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
