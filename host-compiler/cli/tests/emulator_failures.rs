//! Emulated boards that cannot be reached: each failure is named, ends with its exit code and leaves no process behind.
#![cfg(unix)]

mod support;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use support::{Bench, Ran, ran, thumb};

const TIME: [&str; 6] = ["time", "m.lathe", "--device", "qemu:mps2-an386", "--timeout", "1"];

/// A bench with an artifact for the board, a firmware that is only a header, and `emulator` as its `qemu-system-arm`.
fn bench(emulator: Option<&str>) -> Bench {
    let bench = Bench::new();
    bench.write("m.lathe", &thumb::contents("thumbv7em-none-eabihf", thumb::RETURN).to_bytes().unwrap());
    std::fs::create_dir_all(bench.path("boards/mps2-an386")).unwrap();
    let mut elf = vec![0; 52];
    elf[..7].copy_from_slice(&[0x7F, b'E', b'L', b'F', 1, 1, 1]);
    elf[40] = 52;
    bench.write("boards/mps2-an386/firmware.elf", &elf);
    std::fs::create_dir(bench.path("bin")).unwrap();
    if let Some(script) = emulator {
        let path =
            bench.write("bin/qemu-system-arm", format!("#!/bin/sh\necho $$ > emulator.pid\n{script}\n").as_bytes());
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    bench
}

/// Runs the program with the bench's emulator alone beside the shell's programs.
fn run(bench: &Bench, arguments: &[&str]) -> Ran {
    ran(command(bench, arguments).output().unwrap())
}

fn command(bench: &Bench, arguments: &[&str]) -> std::process::Command {
    let mut command = bench.command(arguments);
    // The tests' own `sleep` and `cat` come by their full paths.
    command.env("PATH", bench.path("bin")).env("LATHE_BOARDS", bench.path("boards"));
    command
}

/// Whether the bench's emulator still runs; one that is gone gets a moment to leave the process table.
fn emulator_runs(bench: &Bench) -> bool {
    let pid = String::from_utf8(bench.read("emulator.pid")).unwrap();
    let process = Path::new("/proc").join(pid.trim());
    let patience = Instant::now() + Duration::from_secs(5);
    while Instant::now() < patience {
        let status = std::fs::read_to_string(process.join("stat")).unwrap_or_default();
        if status.is_empty() || status.contains(") Z ") {
            return false;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    true
}

#[test]
fn a_missing_emulator_is_named_with_how_to_get_it() {
    let missing = run(&bench(None), &TIME);
    assert_eq!(missing.code, 5, "{}", missing.stderr);
    assert!(missing.stderr.contains("apt-get install qemu-system-arm"), "{}", missing.stderr);
}

#[test]
fn missing_firmware_is_named_with_how_to_build_it() {
    let bench = bench(Some("exec /bin/cat"));
    std::fs::remove_dir_all(bench.path("boards")).unwrap();
    let mut command = command(&bench, &["time", "m.lathe", "--device", "qemu:./unbuilt.toml"]);
    let board = include_str!("../../../boards/mps2-an386/board.toml").replace("mps2-an386", "unbuilt");
    bench.write("unbuilt.toml", board.as_bytes());
    let missing = ran(command.output().unwrap());
    assert_eq!(missing.code, 5, "{}", missing.stderr);
    assert!(missing.stderr.contains("cargo xtask board build unbuilt"), "{}", missing.stderr);
}

#[test]
fn a_board_that_hangs_is_a_timeout_and_its_emulator_is_ended() {
    let bench = bench(Some("exec /bin/sleep 600"));
    let start = Instant::now();
    let hung = run(&bench, &TIME);
    assert_eq!(hung.code, 6, "{}", hung.stderr);
    assert!(hung.stderr.contains("no answer to `hello` within 1.0 s"), "{}", hung.stderr);
    assert!(start.elapsed() < Duration::from_secs(30));
    assert!(!emulator_runs(&bench));
}

#[test]
fn an_emulator_that_ends_or_babbles_is_no_board() {
    for (script, code) in [("exit 3", 5), ("exec /bin/cat /dev/zero", 6)] {
        let bench = bench(Some(script));
        let failed = run(&bench, &TIME);
        assert_eq!(failed.code, code, "{script}: {}", failed.stderr);
        assert!(!emulator_runs(&bench));
    }
}

#[test]
#[cfg(target_os = "linux")]
fn an_emulator_ends_with_the_program_that_started_it() {
    let bench = bench(Some("exec /bin/sleep 600"));
    let arguments = ["time", "m.lathe", "--device", "qemu:mps2-an386"];
    let mut program = command(&bench, &arguments).stderr(std::process::Stdio::null()).spawn().unwrap();
    while !std::fs::read(bench.path("emulator.pid")).is_ok_and(|pid| pid.ends_with(b"\n")) {
        std::thread::sleep(Duration::from_millis(5));
    }
    program.kill().unwrap();
    program.wait().unwrap();
    assert!(!emulator_runs(&bench));
}

#[test]
fn what_cannot_be_run_is_said_before_anything_is_started() {
    let bench = bench(Some("exec /bin/cat"));
    let unknown = run(&bench, &["time", "m.lathe", "--device", "qemu:no-such-board"]);
    assert_eq!((unknown.code, unknown.stderr.contains("mps2-an386")), (2, true), "{}", unknown.stderr);
    let board = include_str!("../../../boards/mps2-an386/board.toml");
    let desk = board.split("[runner]").next().unwrap().replace("emulated = true", "emulated = false");
    bench.write("desk.toml", desk.as_bytes());
    let by_hand = run(&bench, &["time", "m.lathe", "--device", "qemu:./desk.toml"]);
    assert_eq!((by_hand.code, by_hand.stderr.contains("no emulated board")), (2, true), "{}", by_hand.stderr);
    let mut large = thumb::contents("thumbv7em-none-eabihf", thumb::RETURN);
    large.constants = vec![0; 0x40_0000];
    bench.write("large.lathe", &large.to_bytes().unwrap());
    let large = run(&bench, &["time", "large.lathe", "--device", "qemu:mps2-an386"]);
    assert!(large.code != 0 && large.stderr.contains("4063232"), "{}", large.stderr);
    assert!(!bench.path("emulator.pid").exists(), "no emulator was started");
}
