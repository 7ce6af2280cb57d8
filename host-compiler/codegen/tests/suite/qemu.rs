//! Runs cases of another architecture under qemu's user emulator, through a small static C program.
//!
//! The program reads one file: the blob, then every call with its buffers; it writes the buffers back. All numbers are
//! little-endian u64.

use std::path::Path;
use std::process::Command;

use lathe_codegen::Blob;

use super::{Case, ended_with_us};

const COMPILER: &str = "aarch64-linux-gnu-gcc";
const EMULATOR: &str = "qemu-aarch64";

/// Whether the cross compiler and the emulator are installed.
pub fn available() -> bool {
    [COMPILER, EMULATOR].iter().all(|p| Command::new(p).arg("--version").output().is_ok_and(|o| o.status.success()))
}

/// What every case's parameters hold after its calls, with the blob at a base `steps` alignments above a 64 KB boundary.
pub fn run(cases: &[Case], blob: &Blob, cpu: &str, steps: u64) -> Vec<Vec<Vec<u8>>> {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("runner");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/runner.c");
    let compiled = Command::new(COMPILER).args(["-O1", "-static", "-o"]).arg(&program).arg(source).output().unwrap();
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    let (input, output) = (folder.path().join("input"), folder.path().join("output"));
    std::fs::write(&input, encode(cases, blob, steps)).unwrap();
    let ran = ended_with_us(EMULATOR).args(["-cpu", cpu]).arg(&program).arg(&input).arg(&output).output().unwrap();
    assert!(ran.status.success(), "{}: {}", ran.status, String::from_utf8_lossy(&ran.stderr));
    let bytes = std::fs::read(&output).unwrap();
    let mut rest = bytes.as_slice();
    cases
        .iter()
        .map(|c| {
            c.params
                .iter()
                .map(|p| {
                    let (this, after) = rest.split_at(p.len());
                    rest = after;
                    this.to_vec()
                })
                .collect()
        })
        .collect()
}

/// blob alignment·steps, blob length, blob, case count; per case: entry offset, workspace bytes, parameters (length,
/// bytes), slices (begin, end).
fn encode(cases: &[Case], blob: &Blob, steps: u64) -> Vec<u8> {
    let mut out = Vec::new();
    fn number(out: &mut Vec<u8>, k: u64) {
        out.extend(k.to_le_bytes());
    }
    number(&mut out, u64::from(blob.alignment) * steps);
    number(&mut out, blob.code.len() as u64);
    out.extend(&blob.code);
    number(&mut out, cases.len() as u64);
    for case in cases {
        let entry = blob.entries.iter().find(|e| e.name == case.kernel.name).unwrap();
        number(&mut out, u64::from(entry.offset));
        number(&mut out, case.kernel.workspace as u64);
        number(&mut out, case.params.len() as u64);
        for p in &case.params {
            number(&mut out, p.len() as u64);
            out.extend(p);
        }
        number(&mut out, case.slices.len() as u64);
        for (begin, end) in &case.slices {
            number(&mut out, u64::from(*begin));
            number(&mut out, u64::from(*end));
        }
    }
    out
}
