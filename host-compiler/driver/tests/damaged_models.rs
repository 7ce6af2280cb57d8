//! Cut and mutated models end in an error or a model, never in a panic.

#[path = "../../cli/tests/support/onnx.rs"]
#[allow(dead_code)]
mod onnx;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use lathe_driver::{CompileError, Options, compile, lower};

fn options() -> Options {
    let options = Options::new(lathe_codegen::targets::find("x86_64-linux", None).unwrap());
    Options { self_test: false, ..options }
}

/// Whether the bytes could be lowered; a panic fails the test with the bytes' description.
fn lowers(folder: &Path, bytes: &[u8], what: &str) -> bool {
    let model = folder.join("m.onnx");
    std::fs::write(&model, bytes).unwrap();
    succeeds(what, || lower(&model, &options(), &()))
}

/// Whether `work` ends with a value; it may end with an error that says something, but not with a panic.
fn succeeds<T>(what: &str, work: impl FnOnce() -> Result<T, CompileError>) -> bool {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(_)) => true,
        Ok(Err(e)) => {
            assert!(!e.to_string().is_empty());
            false
        }
        Err(_) => panic!("{what}"),
    }
}

#[test]
fn cuts() {
    let folder = tempfile::tempdir().unwrap();
    let whole = onnx::small_network().to_bytes();
    for end in 0..whole.len() {
        lowers(folder.path(), &whole[..end], &format!("cut at {end}"));
    }
    assert!(lowers(folder.path(), &whole, "whole"));
}

#[test]
fn five_thousand_mutations() {
    let folder = tempfile::tempdir().unwrap();
    let whole = onnx::small_network().to_bytes();
    let mut state = 0x2545_F491_4F6C_DD1Du64;
    let mut draw = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    let (mut sound, mut compiled) = (0, 0);
    for round in 0..5000 {
        let mut bytes = whole.clone();
        for _ in 0..1 + draw(4) {
            let at = draw(bytes.len());
            match draw(4) {
                0 => bytes[at] ^= 1 << draw(8),
                1 => bytes[at] = draw(256) as u8,
                2 => {
                    bytes.remove(at);
                }
                _ => bytes.insert(at, draw(256) as u8),
            }
        }
        let what = format!("mutation {round}");
        if lowers(folder.path(), &bytes, &what) {
            sound += 1;
            // Machine code takes a hundred times as long: of some.
            if sound % 50 == 0 {
                compiled += usize::from(succeeds(&what, || compile(&folder.path().join("m.onnx"), &options(), &())));
            }
        }
    }
    // Many mutations hit weights and leave a model.
    assert!((100..5000).contains(&sound) && compiled > 0, "{sound} sound, {compiled} compiled");
}

#[test]
fn threads_do_not_change_a_byte() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("m.onnx");
    std::fs::write(&model, onnx::small_network().to_bytes()).unwrap();
    let bytes = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| compile(&model, &options(), &()).unwrap().bytes)
    };
    let one = bytes(1);
    assert!((2..6).all(|n| bytes(n) == one));
}
