//! Bundles tried by files: results appear beside them, and only where there are none.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};

use lathe_artifact::{
    Access, ArgumentEntry, ArtifactContents, Check, DType, KernelEntry, Space, StepEntry, TrialEntry, noise, sums,
};

/// Elements of the one buffer, which a kernel that only returns leaves as noise.
const ELEMENTS: usize = 1000;
const SEED: u32 = 5;

/// A folder of this test's own, gone when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let folder = std::env::temp_dir().join(format!("lathe-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Folder(folder)
    }

    fn measure(&self) -> bool {
        let server = env!("CARGO_BIN_EXE_device-server");
        Command::new(server).arg("measure").arg(&self.0).output().unwrap().status.success()
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap()
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.0.join(name), content).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Two candidates of a kernel that only returns: one must leave noise, the other something else.
fn bundle() -> Vec<u8> {
    let mut noise = vec![0; ELEMENTS * 4];
    noise::fill(SEED, 0, &mut noise);
    let sum = sums::sum(DType::F32, -29, SEED, 0, &noise);
    let bytes = noise.len() as u32;
    let argument = ArgumentEntry { space: Space::Arena, access: Access::ReadWrite, offset: 0, bytes, align_log2: 6 };
    let step = StepEntry::new(0, 1, vec![argument]);
    let check = |step, expected| Check {
        step,
        argument: 0,
        dtype: DType::F32,
        unit: -29,
        first: 0,
        count: ELEMENTS as u32,
        expected,
        tolerance: 100,
    };
    let mut contents = ArtifactContents::new::<String>(lathe_runtime_std::host_target(), "any", []);
    contents.arena_bytes = bytes;
    contents.kernels = vec![KernelEntry::new("", 0, 0)];
    contents.code = if cfg!(target_arch = "x86_64") { vec![0xC3] } else { 0xD65F_03C0u32.to_le_bytes().to_vec() };
    contents.steps = vec![step.clone(), step];
    let checks = vec![check(0, sum + 99), check(1, sum + 101)];
    contents.trial = Some(TrialEntry { seed: SEED, noise_seed: 1, noise_bytes: 0, checks });
    contents.to_bytes().unwrap()
}

fn exists(folder: &Folder, name: &str) -> bool {
    Path::new(&folder.0).join(name).exists()
}

#[test]
fn results_appear_beside_bundles() {
    let folder = Folder::new("measure");
    folder.write("a.lathe", bundle());
    folder.write("a.options", "number = 3\nrepeat = 4\n");
    folder.write("b.lathe", b"no bundle");
    folder.write("c.lathe", bundle());
    folder.write("c.results", "as they were");
    folder.write("d.lathe", bundle());
    folder.write("d.options", "speed = 3\n");
    assert!(!folder.measure(), "two of three bundles could not be tried");
    let results = folder.read("a.results");
    let lines: Vec<&str> = results.lines().collect();
    let words: Vec<&str> = lines[0].split(' ').collect();
    assert_eq!(words[..5], ["0", "right", "number", "3", "ns"], "{results}");
    assert!(words.len() == 9 && words[5..].iter().all(|ns| ns.parse::<u64>().is_ok()), "{results}");
    assert!(lines[1].starts_with("1 wrong-numbers check 1 found "), "{results}");
    assert_eq!(lines.len(), 2);
    assert!(folder.read("b.results").starts_with("failed "));
    assert_eq!(folder.read("c.results"), "as they were");
    assert!(folder.read("d.results").starts_with("failed ") && folder.read("d.results").contains("speed = 3"));
    assert!(!exists(&folder, "a.partial"));
    assert!(!Folder(folder.0.join("missing")).measure());
    assert!(folder.measure(), "there was nothing left to do");
    folder.write("e.lathe", bundle());
    assert!(folder.measure() && folder.read("e.results").contains("right"));
}

/// A process, ended when dropped.
struct Watching(Child);

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_bundle_that_is_being_copied_is_waited_for() {
    let folder = Folder::new("watch");
    let mut command = Command::new(env!("CARGO_BIN_EXE_device-server"));
    let _watching = Watching(command.arg("measure").arg(&folder.0).arg("--watch").spawn().unwrap());
    let (whole, begun) = (bundle(), Instant::now());
    folder.write("slow.lathe", &whole[..whole.len() / 2]);
    folder.write("cut.lathe", &whole[..whole.len() - 1]);
    // Long enough for it to be looked at some times, shorter than it is waited for.
    sleep(Duration::from_millis(1000));
    assert!(!exists(&folder, "slow.results") && !exists(&folder, "cut.results"));
    folder.write("slow.lathe", &whole);
    while !exists(&folder, "slow.results") || !exists(&folder, "cut.results") {
        assert!(begun.elapsed() < Duration::from_secs(60));
        sleep(Duration::from_millis(50));
    }
    assert!(folder.read("slow.results").starts_with("0 right "), "{}", folder.read("slow.results"));
    assert!(folder.read("cut.results").starts_with("failed "), "what stays cut is damaged");
}
