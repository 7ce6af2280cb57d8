//! What a child process leaves behind of a trial: numbers in memory it shares with its parent. They are whatever the
//! child made of them, so nothing here relies on their making sense.
#![allow(unsafe_code)]

use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use device_server::rpc_protocol::TrialOutcome;

use super::guarded::Guarded;

/// Numbers before the samples.
const FIELDS: usize = 8;

/// How a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It said nothing.
    Silent,
    /// It judged its candidate, and timed it if it was right.
    Judged {
        /// What the candidate did.
        outcome: TrialOutcome,
        /// Runs in one sample.
        number: u32,
    },
    /// A signal stopped it.
    Stopped(Stop),
}

/// Where a signal stopped a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stop {
    /// The signal.
    pub signal: i32,
    /// The instruction.
    pub pc: usize,
    /// The address the fault is about; of a call of the system its number.
    pub address: usize,
    /// The stack pointer.
    pub stack: usize,
}

/// The shared memory: how it ended, then samples.
#[derive(Debug)]
pub struct Report {
    memory: Guarded,
    samples: usize,
}

impl Report {
    /// With room for so many samples.
    pub fn new(samples: usize) -> io::Result<Report> {
        let bytes = samples.checked_add(FIELDS).and_then(|n| n.checked_mul(8)).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Report { memory: Guarded::shared(bytes)?, samples })
    }

    /// The addresses of the memory.
    pub fn addresses(&self) -> Range<usize> {
        self.memory.addresses()
    }

    fn words(&self) -> &[AtomicU64] {
        // SAFETY: the memory starts at a page, has room for so many numbers, and every bit pattern is one.
        unsafe { std::slice::from_raw_parts(self.memory.base().cast::<AtomicU64>(), FIELDS + self.samples) }
    }

    /// Leaves sample number `index`.
    pub fn sample(&self, index: usize, ticks: u64) {
        if let Some(word) = self.words().get(FIELDS..).and_then(|samples| samples.get(index)) {
            word.store(ticks, Ordering::Relaxed);
        }
    }

    /// The samples left.
    pub fn samples(&self) -> Vec<u64> {
        let samples = self.words().get(FIELDS..).unwrap_or_default();
        samples.iter().map(|word| word.load(Ordering::Relaxed)).collect()
    }

    fn leave(&self, fields: [u64; 5]) {
        let (Some(kind), Some(rest)) = (self.words().first(), self.words().get(1..)) else { return };
        for (word, value) in rest.iter().zip(fields.iter().skip(1)) {
            word.store(*value, Ordering::Relaxed);
        }
        kind.store(fields[0], Ordering::Release);
    }

    /// Leaves what the candidate did.
    pub fn judged(&self, outcome: TrialOutcome, number: u32) {
        let (kind, one, two) = match outcome {
            TrialOutcome::WroteOutside { offset } => (2, offset, 0),
            TrialOutcome::WrongNumbers { check, found } => (3, u64::from(check), found.cast_unsigned()),
            _ => (1, 0, 0),
        };
        self.leave([kind, one, two, u64::from(number), 0]);
    }

    /// Leaves where a signal stopped the child. Called from a signal's handler.
    pub fn stopped(&self, stop: Stop) {
        let signal = u64::from(stop.signal.cast_unsigned());
        self.leave([4, signal, stop.pc as u64, stop.address as u64, stop.stack as u64]);
    }

    /// How the child ended.
    pub fn read(&self) -> Ended {
        let mut fields = [0; 5];
        for (field, word) in fields.iter_mut().zip(self.words()) {
            *field = word.load(Ordering::Acquire);
        }
        let [kind, one, two, three, four] = fields;
        let judged = |outcome| Ended::Judged { outcome, number: three as u32 };
        match kind {
            1 => judged(TrialOutcome::Right),
            2 => judged(TrialOutcome::WroteOutside { offset: one }),
            3 => judged(TrialOutcome::WrongNumbers { check: one as u32, found: two.cast_signed() }),
            4 => {
                let (signal, pc) = (one as u32, two as usize);
                let (address, stack) = (three as usize, four as usize);
                Ended::Stopped(Stop { signal: signal.cast_signed(), pc, address, stack })
            }
            _ => Ended::Silent,
        }
    }
}
