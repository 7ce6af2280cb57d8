//! What a measurement was taken under: clock, power, throttling, as far as the system tells.
//!
//! Everything is read from the kernel's files under `/sys`, so that nothing has to be installed on a board. What a board
//! does not have reads as unknown, never as zero.

mod clock;
mod power;
mod throttle;

use std::fs;
use std::path::{Path, PathBuf};

pub use clock::{ClockError, ClockLock};

/// What was true when one sample was taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Condition {
    /// Clock of the processor in kHz right after the sample.
    pub khz: Option<u32>,
    /// Power the board takes, in milliwatts, right after the sample.
    pub milliwatts: Option<u32>,
    /// Whether the system slowed the processor down, because of heat or of a weak supply, during the sample.
    pub throttled: bool,
}

/// The kernel's files about clock, power and heat.
#[derive(Clone, Debug)]
pub struct Sysfs {
    root: PathBuf,
}

impl Default for Sysfs {
    fn default() -> Sysfs {
        Sysfs::at("/sys")
    }
}

impl Sysfs {
    /// Those below `root`, which is `/sys` but in tests.
    pub fn at(root: impl Into<PathBuf>) -> Sysfs {
        Sysfs { root: root.into() }
    }

    /// The text of a file; `None` when it cannot be read.
    fn text(&self, path: impl AsRef<Path>) -> Option<String> {
        let text = fs::read_to_string(self.root.join(path)).ok()?;
        Some(text.trim_end_matches(['\n', '\0']).to_string())
    }

    /// The number in a file.
    fn number<N: std::str::FromStr>(&self, path: impl AsRef<Path>) -> Option<N> {
        self.text(path)?.trim().parse().ok()
    }

    /// Names in a folder that begin with `prefix`, in order, as paths below the root.
    fn entries(&self, folder: &str, prefix: &str) -> Vec<PathBuf> {
        let listed = fs::read_dir(self.root.join(folder)).into_iter().flatten().flatten();
        let names = listed.map(|entry| entry.file_name()).filter(|name| name.to_string_lossy().starts_with(prefix));
        let mut paths: Vec<PathBuf> = names.map(|name| Path::new(folder).join(name)).collect();
        paths.sort();
        paths
    }
}

/// Watches the conditions of consecutive samples.
#[derive(Debug)]
pub struct Watch {
    files: Sysfs,
    throttle: throttle::Throttle,
}

impl Watch {
    /// Begins with the first sample.
    pub fn begin(files: Sysfs) -> Watch {
        let throttle = throttle::Throttle::now(&files);
        Watch { files, throttle }
    }

    /// The conditions of the sample that ends now; the next one begins.
    pub fn sampled(&mut self) -> Condition {
        let before = std::mem::replace(&mut self.throttle, throttle::Throttle::now(&self.files));
        Condition {
            khz: self.files.clock_khz(),
            milliwatts: self.files.milliwatts(),
            throttled: self.throttle.slowed_since(&before),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A tree of files with these contents.
    pub fn tree(files: &[(&str, &str)]) -> (tempfile::TempDir, Sysfs) {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let files = Sysfs::at(folder.path());
        (folder, files)
    }

    #[test]
    fn a_machine_that_tells_nothing() {
        let (_folder, files) = tree(&[]);
        assert_eq!(Watch::begin(files).sampled(), Condition::default());
    }

    #[test]
    fn a_sample_in_which_the_processor_was_slowed_is_marked() {
        let count = "devices/system/cpu/cpu1/thermal_throttle/core_throttle_count";
        let (folder, files) = tree(&[
            ("devices/system/cpu/cpu0/cpufreq/scaling_cur_freq", "1500000\n"),
            ("devices/system/cpu/cpu1/cpufreq/scaling_cur_freq", "1420000\n"),
            (count, "7\n"),
        ]);
        let mut watch = Watch::begin(files);
        assert_eq!(watch.sampled(), Condition { khz: Some(1_500_000), ..Condition::default() });
        fs::write(folder.path().join(count), "8\n").unwrap();
        assert!(watch.sampled().throttled);
        assert!(!watch.sampled().throttled);
    }
}
