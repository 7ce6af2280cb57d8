//! A device server as a child process, and artifacts whose kernel is written by hand.
#![allow(dead_code)] // each test file uses its part

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use lathe_artifact::{Access, ArgumentEntry, ArtifactContents, DType, KernelEntry, Space, StepEntry, TensorEntry};
use rpc_protocol::client::TcpLink;
use rpc_protocol::key::Key;

/// For whatever should not take long.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// Bytes of a model's input and output.
pub const SIZE: usize = 100_000;

/// A kernel that returns.
pub fn returns() -> Vec<u8> {
    if cfg!(target_arch = "x86_64") { vec![0xC3] } else { 0xD65F_03C0u32.to_le_bytes().to_vec() }
}

/// A kernel that never does.
pub fn loops() -> Vec<u8> {
    if cfg!(target_arch = "x86_64") { vec![0xEB, 0xFE] } else { 0x1400_0000u32.to_le_bytes().to_vec() }
}

/// A model whose output is its input, with one step that does nothing but run `code`.
pub fn model(code: Vec<u8>) -> Vec<u8> {
    let mut contents = small_model(code);
    // So that an upload takes a good many pieces.
    contents.constants = (0..1_000_000u32).map(|i| (i * 7 % 251) as u8).collect();
    contents.to_bytes().unwrap()
}

/// The same, without constants.
pub fn small_model(code: Vec<u8>) -> ArtifactContents {
    let tensor = |name: &str| TensorEntry::new(name, DType::U8, [SIZE as u32], 0);
    let argument =
        ArgumentEntry { space: Space::Arena, access: Access::Read, offset: 0, bytes: SIZE as u32, align_log2: 6 };
    ArtifactContents {
        arena_bytes: SIZE.next_multiple_of(64) as u32,
        inputs: vec![tensor("x")],
        outputs: vec![tensor("y")],
        kernels: vec![KernelEntry::new("by_hand", 0, 0)],
        code,
        steps: vec![StepEntry::new(0, 1, vec![argument])],
        ..ArtifactContents::new::<String>(lathe_runtime_std::host_target(), "any", [])
    }
}

/// The program, with these arguments.
pub fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_device-server"));
    command.args(arguments);
    command
}

/// A device server that serves; it ends with this value.
pub struct Running {
    child: Child,
    /// What it printed: how `--device` names it.
    pub place: String,
}

impl Running {
    pub fn start(arguments: &[&str]) -> Running {
        let mut child = program(arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut place = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut place).unwrap();
        Running { child, place: place.trim().to_string() }
    }

    /// `HOST:PORT`.
    pub fn address(&self) -> &str {
        self.place.strip_prefix("tcp://").unwrap()
    }

    pub fn connect(&self) -> TcpLink {
        TcpLink::connect(self.address(), PATIENCE).unwrap()
    }

    /// The most memory it ever had, in KiB.
    pub fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.split_whitespace().next().unwrap().parse().unwrap()
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How the program ended by itself: its exit code and what it said.
pub fn ended(mut command: Command) -> (i32, String) {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut words = String::new();
    child.stderr.take().unwrap().read_to_string(&mut words).unwrap();
    (child.wait().unwrap().code().unwrap(), words)
}

/// A folder with a key file in it.
pub struct Keys {
    folder: tempfile::TempDir,
}

impl Keys {
    pub fn new() -> Keys {
        let keys = Keys { folder: tempfile::tempdir().unwrap() };
        assert_eq!(ended(program(&["--new-key", keys.file()])).0, 0);
        keys
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The key file.
    pub fn file(&self) -> &'static str {
        Box::leak(self.path("key").to_str().unwrap().to_string().into_boxed_str())
    }

    pub fn key(&self) -> Key {
        rpc_protocol::key_file::read(Path::new(self.file())).unwrap()
    }
}
