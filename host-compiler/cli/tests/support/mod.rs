//! Running `host-compiler` in a folder of its own.
#![allow(dead_code)] // each test file uses its part

pub mod emulator;
pub mod onnx;
pub mod server;
pub mod thumb;

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, Output};

/// The target of the machine the tests run on.
pub const HERE: &str = if cfg!(target_arch = "aarch64") { "aarch64-linux" } else { "x86_64-linux" };
/// Another target.
pub const ELSEWHERE: &str = if cfg!(target_arch = "aarch64") { "x86_64-linux" } else { "aarch64-linux" };

/// The command `program`, for the kernel to kill when the calling thread ends, as when the tests are killed: an emulator
/// may have no end of its own. util-linux has `setpriv`.
pub fn ended_with_us(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]).arg(program);
    command
}

/// What a run of the program gave.
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// A folder with a model in it.
pub struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    pub fn new() -> Bench {
        Bench { folder: tempfile::tempdir().unwrap() }
    }

    /// With this model as `m.onnx`.
    pub fn with_model(model: &onnx::Model) -> Bench {
        let bench = Bench::new();
        bench.write("m.onnx", &model.to_bytes());
        bench
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        std::fs::write(self.path(name), bytes).unwrap();
        self.path(name)
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    /// Names in the folder, sorted.
    pub fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Runs the program in the folder; it must end by itself with a documented code.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        let output = self.command(arguments).output().unwrap();
        ran(output)
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_host-compiler"));
        command.current_dir(self.folder.path()).args(arguments).env_remove("RUST_LOG");
        command
    }

    /// Runs, and fails the test unless the program ends with `code`.
    pub fn expect(&self, code: i32, arguments: &[&str]) -> Ran {
        let ran = self.run(arguments);
        assert_eq!(ran.code, code, "{arguments:?}\n--- stdout\n{}\n--- stderr\n{}", ran.stdout, ran.stderr);
        ran
    }

    /// Compiles `m.onnx` to `m.lathe` for this machine.
    pub fn compile(&self, more: &[&str]) -> Ran {
        self.expect(0, &[&["compile", "m.onnx", "--target", HERE, "-o", "m.lathe"], more].concat())
    }

    /// Writes a `.npy` file of floats.
    pub fn npy(&self, name: &str, shape: &str, values: &[f32]) {
        let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}");
        while (10 + header.len() + 1) % 64 != 0 {
            header.push(' ');
        }
        header.push('\n');
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(values.iter().flat_map(|v| v.to_le_bytes()));
        self.write(name, &bytes);
    }

    /// The floats of the one entry of a `.npz` file with a single small entry.
    pub fn npz_floats(&self, name: &str) -> Vec<f32> {
        let mut archive = zip::ZipArchive::new(std::fs::File::open(self.path(name)).unwrap()).unwrap();
        let mut bytes = Vec::new();
        std::io::copy(&mut archive.by_index(0).unwrap(), &mut bytes).unwrap();
        let header = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
        bytes[header..].as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect()
    }
}

/// Checks that the program ended by itself with a documented code.
pub fn ran(output: Output) -> Ran {
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let code = output.status.code().unwrap_or_else(|| panic!("ended by a signal: {:?}", output.status));
    let ran = Ran { code, stdout: text(output.stdout), stderr: text(output.stderr) };
    assert!((0..=7).contains(&code), "undocumented exit code {code}\n{}", ran.stderr);
    ran
}

/// The JSON document on standard output; it must carry the schema's number.
pub fn json(ran: &Ran) -> serde_json::Value {
    let document: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(document["schema"], 1);
    document
}

/// Fails unless all values are within 1e-4 of the largest.
pub fn assert_close(found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len());
    let largest = expected.iter().fold(0f32, |m, v| m.max(v.abs()));
    for (f, e) in found.iter().zip(expected) {
        assert!((f - e).abs() <= 1e-4 * largest, "{found:?}\n{expected:?}");
    }
}
