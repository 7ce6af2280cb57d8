//! Devices at the other end of a wire: `tcp://` and `serial:`, the latter over a pseudo-terminal.
//!
//! The device server must be built: `cargo xtask test --only links` sees to that and runs these.
#![cfg(target_os = "linux")]

mod support;

use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use lathe_artifact::{Access, ArgumentEntry, ArtifactContents, DType, KernelEntry, Space, StepEntry, TensorEntry};
use support::onnx::{noise, small_network, small_network_answer};
use support::server::{Server, beside};
use support::{Bench, HERE, assert_close, json};

/// A bench with the small network compiled for `target`, its input in `x.npy`, and a key in `key`.
fn bench(target: &str) -> (Bench, Vec<f32>) {
    let bench = Bench::with_model(&small_network());
    let x = noise(9, 70);
    bench.npy("x.npy", "(1, 2, 5, 7)", &x);
    bench.expect(0, &["compile", "m.onnx", "--target", target, "-o", "m.lathe"]);
    new_key(&bench, "key");
    (bench, x)
}

fn new_key(bench: &Bench, name: &str) {
    let made = Command::new(beside("device-server")).arg("--new-key").arg(bench.path(name)).output().unwrap();
    assert!(made.status.success());
}

/// Runs the model twice, each time in a session of its own, and times it.
fn gives_the_right_numbers(bench: &Bench, x: &[f32], device: &str) {
    for _ in 0..2 {
        let run = ["run", "m.lathe", "--device", device, "-i", "x=x.npy", "-o", "y.npz", "--self-test"];
        bench.expect(0, &[&run[..], &["--key-file", "key"]].concat());
        assert_close(&bench.npz_floats("y.npz"), &small_network_answer(x));
    }
    let time = ["time", "m.lathe", "--device", device, "--key-file", "key", "--repeat", "40", "--json"];
    let timed = json(&bench.expect(0, &time));
    assert_eq!((&timed["unit"], timed["samples_ms"].as_array().unwrap().len()), (&"ms".into(), 40));
    assert!(timed["median_ms"].as_f64().unwrap() > 0.0);
    let profile = json(&bench.expect(0, &[&time[..], &["--profile"]].concat()));
    assert!(!profile["steps"].as_array().unwrap().is_empty());
}

#[test]
#[ignore = "needs the device server: cargo xtask test --only links"]
fn a_model_runs_over_tcp() {
    let (bench, x) = bench(HERE);
    let key = bench.path("key");
    let server = Server::start(&["--listen", "127.0.0.1:0", "--allow-upload", "--key-file", key.to_str().unwrap()]);
    gives_the_right_numbers(&bench, &x, &server.device);
}

#[test]
#[ignore = "needs the device server for AArch64 and qemu-aarch64: cargo xtask test --only links"]
fn a_model_runs_over_tcp_on_an_emulated_arm() {
    let (bench, x) = bench("aarch64-linux");
    let key = bench.path("key");
    let server = Server::emulated(&["--listen", "127.0.0.1:0", "--allow-upload", "--key-file", key.to_str().unwrap()]);
    gives_the_right_numbers(&bench, &x, &server.device);
}

#[test]
#[ignore = "needs the device server: cargo xtask test --only links"]
fn a_model_runs_over_a_serial_line() {
    let (bench, x) = bench(HERE);
    let key = bench.path("key");
    let server = Server::start(&["--pty", "--allow-upload", "--key-file", key.to_str().unwrap()]);
    assert!(server.device.starts_with("serial:/dev/pts/"), "{}", server.device);
    gives_the_right_numbers(&bench, &x, &server.device);
    // Without a key on either side too, and at another speed.
    let server = Server::start(&["--pty", "--allow-upload"]);
    let device = format!("{}@921600", server.device);
    bench.expect(0, &["run", "m.lathe", "--device", &device, "-i", "x=x.npy", "-o", "y.npz"]);
    assert_close(&bench.npz_floats("y.npz"), &small_network_answer(&x));
}

#[test]
#[ignore = "needs the device server: cargo xtask test --only links"]
fn what_keeps_a_device_from_being_reached_is_named() {
    let (bench, _) = bench(HERE);
    new_key(&bench, "other");
    let key = bench.path("key");
    let server = Server::start(&["--listen", "127.0.0.1:0", "--allow-upload", "--key-file", key.to_str().unwrap()]);
    let open = Server::start(&["--listen", "127.0.0.1:0"]);
    let (locked, open) = (server.device.as_str(), open.device.as_str());
    bench.write("loose", b"00");
    std::fs::set_permissions(bench.path("loose"), std::fs::Permissions::from_mode(0o640)).unwrap();
    for (code, device, more, words) in [
        (5, locked, &[][..], &["serves only holders of its key", "--new-key", "lathe/key"][..]),
        (5, locked, &["--key-file", "other"], &["another key", "other"]),
        (2, locked, &["--key-file", "none"], &["no key file none", "--new-key"]),
        (2, locked, &["--key-file", "loose"], &["640", "chmod 600"]),
        (5, open, &["--key-file", "key"], &["asks for no key"]),
        (7, open, &[], &["uploads are not allowed", "--model"]),
        (5, "tcp://127.0.0.1:1", &[], &["127.0.0.1:1", "refused", "device-server --listen"]),
        (5, "tcp://no-such-host.invalid", &[], &["no-such-host.invalid:9190", "is the name right"]),
        (5, "serial:/dev/no-such-line", &[], &["/dev/no-such-line", "plugged in"]),
        (2, "serial:/dev/null@fast", &[], &["serial:/dev/ttyACM0@115200"]),
        (2, "udp://x", &[], &["tcp://HOST[:PORT]"]),
    ] {
        let time = ["time", "m.lathe", "--device", device, "--timeout", "20"];
        let output = bench.command(&[&time[..], more].concat()).env("XDG_CONFIG_HOME", bench.path("empty")).output();
        let ran = support::ran(output.unwrap());
        assert_eq!(ran.code, code, "{device} {more:?}: {}", ran.stderr);
        assert!(words.iter().all(|word| ran.stderr.contains(word)), "{device} {more:?}: {}", ran.stderr);
    }
    // The key may come by the environment, and from its usual place.
    let time = ["time", "m.lathe", "--device", locked, "--repeat", "1"];
    let named = bench.command(&time).env("LATHE_KEY_FILE", &key).output().unwrap();
    assert_eq!(support::ran(named).code, 0);
    std::fs::create_dir_all(bench.path("config/lathe")).unwrap();
    std::fs::rename(&key, bench.path("config/lathe/key")).unwrap();
    let usual = bench.command(&time).env("XDG_CONFIG_HOME", bench.path("config")).output().unwrap();
    assert_eq!(support::ran(usual).code, 0);
}

/// A model without inputs whose one kernel never returns.
fn endless() -> Vec<u8> {
    let mut contents = ArtifactContents::new::<String>(HERE, "any", []);
    contents.arena_bytes = 64;
    contents.outputs = vec![TensorEntry::new("y", DType::U8, [64], 0)];
    contents.kernels = vec![KernelEntry::new("loop", 0, 0)];
    contents.code = if cfg!(target_arch = "x86_64") { vec![0xEB, 0xFE] } else { vec![0, 0, 0, 0x14] };
    let argument = ArgumentEntry { space: Space::Arena, access: Access::Write, offset: 0, bytes: 64, align_log2: 6 };
    contents.steps = vec![StepEntry::new(0, 1, vec![argument])];
    contents.to_bytes().unwrap()
}

#[test]
#[ignore = "needs the device server: cargo xtask test --only links"]
fn a_device_that_vanishes_in_the_middle_is_told() {
    let bench = Bench::new();
    bench.write("m.lathe", &endless());
    new_key(&bench, "key");
    let key = bench.path("key");
    let links: [(&[&str], &str); 2] = [
        (
            &["--listen", "127.0.0.1:0", "--allow-upload", "--key-file", key.to_str().unwrap()],
            "the device server ended",
        ),
        (&["--pty", "--allow-upload", "--key-file", key.to_str().unwrap()], "is gone"),
    ];
    for (link, words) in links {
        for verb in ["run", "time"] {
            let mut server = Server::start(link);
            let device = server.device.clone();
            let mut command = bench.command(&[verb, "m.lathe", "--device", &device, "--key-file", "key"]);
            let mut program =
                command.env("RUST_LOG", "info").stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
            let mut stderr = BufReader::new(program.stderr.take().unwrap());
            let mut line = String::new();
            while !line.contains("loaded") {
                line.clear();
                assert!(stderr.read_line(&mut line).unwrap() > 0, "{device} {verb}: never loaded");
            }
            server.kill();
            let mut rest = String::new();
            stderr.read_to_string(&mut rest).unwrap();
            assert_eq!(program.wait().unwrap().code(), Some(5), "{device} {verb}: {rest}");
            assert!(rest.contains(words), "{device} {verb}: {rest}");
        }
    }
}
