//! The network: it listens to the motor all the time, a kernel at a time.

use core::arch::asm;
use core::sync::atomic::Ordering;

use device_runtime::{LoadError, Model, Progress};
use lathe_drivers::CmsdkTimer;

use crate::shared::{HEARD, WINDOW, window};
use crate::{ARTIFACT, host, motor};

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
    fn count(&mut self, last: u32, heard: u32) {
        self.runs += 1;
        let first = last.wrapping_sub(WINDOW as u32 - 1);
        if first / motor::CHANGE == last / motor::CHANGE {
            self.judged += 1;
            self.right += u32::from(motor::class(last) == heard);
        }
    }
}

/// The network at work.
pub struct Listening {
    model: Model<'static>,
    /// The last sample of the window it works on.
    last: Option<u32>,
    inference: Inference,
}

impl Listening {
    /// Loads the network into `arena` and tests it.
    pub fn load(arena: &'static mut [u8]) -> Result<Listening, LoadError> {
        // SAFETY: host-compiler made the artifact for this board, and its flash can be executed.
        let mut model = unsafe { Model::load(ARTIFACT, &host(), arena) }?;
        let self_test = model.verify_golden().is_ok();
        Ok(Listening { model, last: None, inference: Inference { self_test, ..Inference::default() } })
    }

    /// What it did so far.
    pub fn inference(&self) -> &Inference {
        &self.inference
    }

    /// Runs the next kernel; the first takes the newest samples. `clock` counts down.
    pub fn step(&mut self, clock: CmsdkTimer) {
        if self.last.is_none() {
            self.last = self.model.input_as::<f32>(0).and_then(window);
        }
        let Some(last) = self.last else { return };
        let before = clock.left();
        let progress = if cfg!(feature = "no-preemption") { self.uninterrupted() } else { self.model.step() };
        let ticks = before.wrapping_sub(clock.left());
        self.inference.longest_step = self.inference.longest_step.max(ticks);
        if progress == Progress::Done {
            let heard = strongest(self.model.output_as::<f32>(0).unwrap_or_default());
            HEARD.store(heard, Ordering::Relaxed);
            self.inference.count(last, heard);
            self.last = None;
        }
    }

    /// Runs a kernel to its end, whatever is due meanwhile.
    fn uninterrupted(&mut self) -> Progress {
        // SAFETY: interrupts are put off, and let in again below.
        unsafe { asm!("cpsid i") };
        let progress = self.model.step();
        // SAFETY: as above.
        unsafe { asm!("cpsie i") };
        progress
    }
}

/// The number of the largest.
fn strongest(energies: &[f32]) -> u32 {
    let mut best = (0, f32::NEG_INFINITY);
    for (number, energy) in (0..).zip(energies) {
        if *energy > best.1 {
            best = (number, *energy);
        }
    }
    best.0
}
