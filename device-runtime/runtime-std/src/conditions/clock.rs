//! The processor's clock: read, and held at one frequency for a measurement (Linux, cpufreq).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use thiserror::Error;

use super::Sysfs;

mod endings;

/// Why the clock cannot be set.
#[derive(Debug, Error)]
pub enum ClockError {
    /// The system has no files for it.
    #[error(
        "the clock of this machine cannot be set: it has no cpufreq files (a virtual machine, or a kernel without it)"
    )]
    Absent,
    /// Not within what the processor can do.
    #[error("{khz} kHz is outside the processor's {least} to {most} kHz")]
    OutOfRange {
        /// asked for
        khz: u32,
        /// the processor's least
        least: u32,
        /// its greatest
        most: u32,
    },
    /// Nothing would put the clock back when a signal ends the program.
    #[error("the clock is left alone, since signals cannot be waited for to put it back: {source}")]
    Signals {
        /// why
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {path}: {source}; the clock is set by root", path = path.display())]
    Write {
        /// the file
        path: PathBuf,
        /// why
        source: io::Error,
    },
}

/// The files that bound the clock of a policy, which is a group of processors that share one.
fn limits(policy: &Path) -> [PathBuf; 2] {
    [policy.join("scaling_min_freq"), policy.join("scaling_max_freq")]
}

impl Sysfs {
    /// The fastest processor's clock in kHz; `None` where the system does not tell.
    pub fn clock_khz(&self) -> Option<u32> {
        let cpus = self.entries("devices/system/cpu", "cpu").into_iter();
        cpus.filter_map(|cpu| self.number(cpu.join("cpufreq/scaling_cur_freq"))).max()
    }

    /// Holds the clock of every processor at `khz` until the lock is dropped. A processor of another kind, which cannot
    /// run at it, stays as it is.
    pub fn hold_clock(&self, khz: u32) -> Result<ClockLock, ClockError> {
        let policies = self.entries("devices/system/cpu/cpufreq", "policy");
        let range = |policy: &PathBuf| {
            let read = |file: &str| self.number::<u32>(policy.join(file));
            Some((read("cpuinfo_min_freq")?, read("cpuinfo_max_freq")?))
        };
        let ranges: Vec<(u32, u32)> = policies.iter().filter_map(range).collect();
        let least = ranges.iter().map(|r| r.0).min().ok_or(ClockError::Absent)?;
        let most = ranges.iter().map(|r| r.1).max().ok_or(ClockError::Absent)?;
        if !ranges.iter().any(|(low, high)| (*low..=*high).contains(&khz)) {
            return Err(ClockError::OutOfRange { khz, least, most });
        }
        let mut lock = ClockLock::new()?;
        for policy in policies.iter().filter(|p| range(p).is_some_and(|(low, high)| (low..=high).contains(&khz))) {
            lock.hold(self, policy, khz)?;
        }
        Ok(lock)
    }
}

/// Puts the clock's limits back when dropped, and when a signal ends the program first.
#[derive(Debug)]
pub struct ClockLock {
    /// files and what they held, in the order they were written
    before: Arc<Mutex<Written>>,
}

/// Files and what they held before.
type Written = Vec<(PathBuf, String)>;

impl ClockLock {
    fn new() -> Result<ClockLock, ClockError> {
        let before = Arc::default();
        endings::put_back_at_the_end(&before).map_err(|source| ClockError::Signals { source })?;
        Ok(ClockLock { before })
    }

    fn hold(&mut self, files: &Sysfs, policy: &Path, khz: u32) -> Result<(), ClockError> {
        let [low, high] = limits(policy);
        let current: u32 = files.number(&high).ok_or(ClockError::Absent)?;
        // The kernel refuses a least above the greatest: the one that makes room goes first.
        let order = if khz > current { [high, low] } else { [low, high] };
        for file in order {
            let path = files.root.join(&file);
            let old = files.text(&file).ok_or(ClockError::Absent)?;
            // Noted first, and held meanwhile: a signal in between puts it back too.
            let mut before = self.before.lock().unwrap_or_else(PoisonError::into_inner);
            before.push((path.clone(), old));
            if let Err(source) = fs::write(&path, khz.to_string()) {
                before.pop();
                return Err(ClockError::Write { path, source });
            }
        }
        Ok(())
    }
}

impl Drop for ClockLock {
    fn drop(&mut self) {
        put_back(&self.before);
    }
}

/// Writes what files held before, the last first, once.
fn put_back(before: &Mutex<Written>) {
    for (path, text) in before.lock().unwrap_or_else(PoisonError::into_inner).drain(..).rev() {
        // Nobody is left to tell; what was writable is.
        let _ = fs::write(path, text);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::tree;
    use super::*;

    const POLICY: &str = "devices/system/cpu/cpufreq/policy0";

    #[test]
    fn the_clock_is_held_and_put_back() {
        let file = |name: &str| format!("{POLICY}/{name}");
        let (min, max) = (file("scaling_min_freq"), file("scaling_max_freq"));
        let (folder, files) = tree(&[
            (&file("cpuinfo_min_freq"), "600000\n"),
            (&file("cpuinfo_max_freq"), "1800000\n"),
            (&min, "600000\n"),
            (&max, "1800000\n"),
        ]);
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
        let lock = files.hold_clock(1_000_000).unwrap();
        assert_eq!((read(&min), read(&max)), ("1000000".into(), "1000000".into()));
        drop(lock);
        assert_eq!((read(&min), read(&max)), ("600000".into(), "1800000".into()));
        assert!(matches!(files.hold_clock(2_000_000), Err(ClockError::OutOfRange { most: 1_800_000, .. })));
        assert!(matches!(tree(&[]).1.hold_clock(1), Err(ClockError::Absent)));
    }
}
