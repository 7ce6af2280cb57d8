//! A held clock is put back when a signal ends the program that holds it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use lathe_runtime_std::conditions::Sysfs;

/// Where the program below finds its files.
const FILES: &str = "LATHE_TEST_SYSFS";
const POLICY: &str = "devices/system/cpu/cpufreq/policy0";

/// A program of its own: holds the clock until it is ended.
#[test]
#[ignore = "the other test starts it"]
fn holds_the_clock() {
    let _lock = Sysfs::at(std::env::var_os(FILES).unwrap()).hold_clock(1_000_000).unwrap();
    println!("held");
    sleep(Duration::from_secs(60));
}

fn limits(folder: &Path) -> [String; 2] {
    ["scaling_min_freq", "scaling_max_freq"].map(|file| fs::read_to_string(folder.join(POLICY).join(file)).unwrap())
}

/// The program itself, with `files`, to hold the clock; ended by signals even if this one was started to ignore them, as
/// what runs in the background is.
fn holder(files: &Path) -> Command {
    let mut program = Command::new(std::env::current_exe().unwrap());
    program.args(["--exact", "holds_the_clock", "--ignored", "--nocapture"]).env(FILES, files).stdout(Stdio::piped());
    // SAFETY: between fork and exec this only calls the system, as is allowed there.
    unsafe {
        program.pre_exec(|| {
            for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
                libc::signal(signal, libc::SIG_DFL);
            }
            Ok(())
        })
    };
    program
}

#[test]
#[cfg_attr(target_arch = "aarch64", ignore = "starts a second program, which one under qemu cannot")]
fn signals_put_the_clock_back() {
    for (name, signal) in [("INT", libc::SIGINT), ("TERM", libc::SIGTERM), ("HUP", libc::SIGHUP)] {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join(POLICY)).unwrap();
        for (file, text) in [
            ("cpuinfo_min_freq", "600000"),
            ("cpuinfo_max_freq", "1800000"),
            ("scaling_min_freq", "600000"),
            ("scaling_max_freq", "1700000"),
        ] {
            fs::write(folder.path().join(POLICY).join(file), text).unwrap();
        }
        let mut program = holder(folder.path()).spawn().unwrap();
        let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().contains("held")));
        assert_eq!(limits(folder.path()), ["1000000", "1000000"]);
        // SAFETY: a child of this test's that has not been waited for.
        unsafe { libc::kill(program.id().cast_signed(), signal) };
        let status = program.wait().unwrap();
        assert_eq!(status.signal(), Some(signal), "SIG{name} ends it");
        assert_eq!(limits(folder.path()), ["600000", "1700000"], "SIG{name}");
    }
}
