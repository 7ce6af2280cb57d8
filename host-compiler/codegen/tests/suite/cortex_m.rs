//! Runs cases on emulated Cortex-M boards without an operating system: qemu starts with the memory image this file lays
//! out, a small program in LLVM IR calls every kernel, and the image comes back through semihosting.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use inkwell::OptimizationLevel;
use inkwell::context::Context;
use inkwell::memory_buffer::MemoryBuffer;
use inkwell::targets::{
    CodeModel, FileType, InitializationConfig, RelocMode, Target as LlvmTarget, TargetMachineOptions, TargetTriple,
};
use lathe_codegen::link::link;
use lathe_codegen::llvm::Object;
use lathe_codegen::{Blob, targets};

use super::{Case, ended_with_us};

const EMULATOR: &str = "qemu-system-arm";
/// Far more than any board takes.
const PATIENCE: Duration = Duration::from_secs(300);

/// An emulated board: what qemu calls it, and where code and data lie.
#[derive(Clone, Copy)]
pub struct Board {
    pub machine: &'static str,
    pub target: &'static str,
    pub cpu: &'static str,
    /// memory for code, and bytes there; every board starts with the vector table at 0
    code: (u32, u32),
    /// memory for data and stack
    data: (u32, u32),
}

const MEGABYTE: u32 = 1 << 20;

pub const AN385: Board = Board {
    machine: "mps2-an385",
    target: "thumbv7m-none-eabi",
    cpu: "cortex-m3",
    code: (0, 4 * MEGABYTE),
    data: (0x2000_0000, 4 * MEGABYTE),
};
pub const AN386: Board = Board { machine: "mps2-an386", target: "thumbv7em-none-eabihf", cpu: "cortex-m4", ..AN385 };
pub const AN500: Board = Board { machine: "mps2-an500", target: "thumbv7em-none-eabihf", cpu: "cortex-m7", ..AN385 };
pub const AN547: Board = Board {
    machine: "mps3-an547",
    target: "thumbv8.1m.main-none-eabihf",
    cpu: "cortex-m55",
    code: (0x1100_0000, 2 * MEGABYTE),
    data: (0x3100_0000, 4 * MEGABYTE),
};

/// Bytes of the vector table.
const VECTORS: usize = 256;
/// The blob lies this far from the start of the code, and a multiple of its alignment more.
const BLOB: u32 = 0x1000;
const STACK_BYTES: u32 = 16384;
/// What lies behind every buffer.
const GUARD: [u8; 64] = [0xa5; 64];
/// Progress and count; the name of the file lies between them and the table.
const HEADER: u32 = 64;
const NAME: u32 = 16;
const CALL_WORDS: u32 = 6;

/// Whether the emulator is installed.
pub fn available() -> bool {
    Command::new(EMULATOR).arg("--version").output().is_ok_and(|o| o.status.success())
}

/// What a case left behind.
pub struct Outcome {
    /// what each parameter holds
    pub params: Vec<Vec<u8>>,
    /// bytes of stack the calls took at most
    pub stack: u32,
}

/// Runs all cases, several boots where the code is too large for one.
pub fn run(cases: &[Case], blob: &Blob, board: &Board, steps: u32) -> Vec<Result<Outcome, String>> {
    let (mut image, layout) = Layout::new(cases, blob, board, steps);
    let folder = tempfile::tempdir().unwrap();
    boot(folder.path(), &code(blob, board, steps, image.len() as u32), &image, board);
    let came = std::fs::read(folder.path().join("memory")).expect("the board wrote its memory");
    assert_eq!(came.len(), image.len());
    image = came;
    let progress = word(&image, 0) as usize;
    layout.cases.iter().zip(cases).map(|(places, case)| places.read(&image, case, progress)).collect()
}

/// Starts the board and waits until it ends by itself.
fn boot(folder: &Path, code: &[u8], data: &[u8], board: &Board) {
    std::fs::write(folder.join("code"), code).unwrap();
    std::fs::write(folder.join("vectors"), &code[..VECTORS]).unwrap();
    std::fs::write(folder.join("data"), data).unwrap();
    let load = |file: &str, at: u32| ["-device".to_string(), format!("loader,file={file},addr={at:#x},force-raw=on")];
    let mut emulator = ended_with_us(EMULATOR)
        .current_dir(folder)
        .args(["-M", board.machine, "-display", "none", "-monitor", "none", "-serial", "none"])
        .args(["-semihosting-config", "enable=on,target=native"])
        .args(load("code", board.code.0))
        .args(load("vectors", 0).into_iter().filter(|_| board.code.0 != 0))
        .args(load("data", board.data.0))
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let started = Instant::now();
    while emulator.try_wait().unwrap().is_none() {
        if started.elapsed() > PATIENCE {
            emulator.kill().unwrap();
            panic!("{} does not end", board.machine);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Vector table, the calling program, the blob.
fn code(blob: &Blob, board: &Board, steps: u32, bytes: u32) -> Vec<u8> {
    let runner = runner(board, bytes);
    let start = board.code.0 + VECTORS as u32 + runner.entries[0].offset + 1;
    let mut image = vec![0; VECTORS];
    for (k, vector) in image.chunks_mut(4).enumerate() {
        let to = match k {
            0 => board.data.0 + board.data.1,
            _ => start,
        };
        vector.copy_from_slice(&to.to_le_bytes());
    }
    image.extend(&runner.code);
    let start = (BLOB + steps * blob.alignment) as usize;
    assert!(image.len() <= BLOB as usize);
    image.resize(start, 0);
    image.extend(&blob.code);
    assert!(image.len() <= board.code.1 as usize, "{} bytes of code do not fit {}", image.len(), board.machine);
    image
}

/// The calling program, for the smallest core: it runs on all.
fn runner(board: &Board, bytes: u32) -> Blob {
    let target = targets::find("thumbv6m-none-eabi", None).unwrap();
    let has_unit = targets::find(board.target, Some(board.cpu)).unwrap().float_unit();
    // Full access to coprocessors 10 and 11, by CPACR.
    let enable = "store volatile i32 u0xF00000, ptr inttoptr (i32 u0xE000ED88 to ptr)";
    let (data, end) = (board.data.0, board.data.0 + board.data.1);
    let words = [
        ("FLOATING_POINT", if has_unit { enable.to_string() } else { String::new() }),
        ("PROGRESS", data.to_string()),
        ("COUNT", (data + 4).to_string()),
        ("NAME", (data + NAME).to_string()),
        ("TABLE", (data + HEADER).to_string()),
        ("STACK", (end - STACK_BYTES).to_string()),
        ("BYTES", bytes.to_string()),
    ];
    let source = words.iter().fold(include_str!("runner.ll").to_string(), |text, (word, by)| text.replace(word, by));
    LlvmTarget::initialize_arm(&InitializationConfig::default());
    let triple = TargetTriple::create(&target.triple);
    let options = TargetMachineOptions::new()
        .set_cpu(&target.cpu)
        .set_level(OptimizationLevel::Default)
        .set_reloc_mode(RelocMode::PIC)
        .set_code_model(CodeModel::Small);
    let machine =
        LlvmTarget::from_triple(&triple).unwrap().create_target_machine_from_options(&triple, options).unwrap();
    let context = Context::create();
    let text = MemoryBuffer::create_from_memory_range_copy(format!("{source}\0").as_bytes(), "runner");
    let module = context.create_module_from_ir(text).unwrap_or_else(|e| panic!("{e}"));
    module.set_triple(&triple);
    let bytes = machine.write_to_memory_buffer(&module, FileType::Object).unwrap().as_slice().to_vec();
    link(&[Object { name: "reset".into(), bytes, stack_bytes: 0 }], &target).unwrap()
}

/// Where everything lies in the data image.
struct Layout {
    cases: Vec<Places>,
}

/// Where one case's calls and parameters lie.
struct Places {
    /// its calls' numbers
    calls: std::ops::Range<usize>,
    /// offset of each parameter
    params: Vec<usize>,
    /// offset of the workspace
    workspace: usize,
}

impl Layout {
    /// Header, table of calls, then for every case its pointers, parameters and workspace.
    fn new(cases: &[Case], blob: &Blob, board: &Board, steps: u32) -> (Vec<u8>, Layout) {
        let count: usize = cases.iter().map(|c| c.slices.len()).sum();
        let mut image = vec![0; (HEADER + count as u32 * CALL_WORDS * 4) as usize];
        image[4..8].copy_from_slice(&(count as u32).to_le_bytes());
        image[NAME as usize..NAME as usize + 6].copy_from_slice(b"memory");
        let base = board.code.0 + BLOB + steps * blob.alignment;
        let alignment = targets::find(board.target, Some(board.cpu)).unwrap().buffer_alignment();
        let mut call = 0;
        let mut places = Vec::new();
        for case in cases {
            let entry = blob.entries.iter().find(|e| e.name == case.kernel.name).unwrap();
            let params: Vec<usize> = case.params.iter().map(|p| append(&mut image, p, alignment)).collect();
            let workspace = append(&mut image, &vec![0; case.kernel.workspace], alignment);
            let pointers: Vec<u8> = params.iter().flat_map(|at| (board.data.0 + *at as u32).to_le_bytes()).collect();
            let arguments = append(&mut image, &pointers, alignment);
            let first = call;
            for (begin, end) in &case.slices {
                let words = [
                    base + entry.offset + 1,
                    board.data.0 + arguments as u32,
                    board.data.0 + workspace as u32,
                    *begin,
                    *end,
                    0,
                ];
                let at = row(call);
                image[at..at + 24].copy_from_slice(&words.map(u32::to_le_bytes).concat());
                call += 1;
            }
            places.push(Places { calls: first..call, params, workspace });
        }
        assert!(image.len() + STACK_BYTES as usize <= board.data.1 as usize, "data does not fit {}", board.machine);
        (image, Layout { cases: places })
    }
}

impl Places {
    /// What the case left, or what went wrong.
    fn read(&self, image: &[u8], case: &Case, progress: usize) -> Result<Outcome, String> {
        let name = &case.kernel.name;
        if self.calls.contains(&progress) {
            return Err(format!("{name} ended in a fault"));
        }
        if self.calls.start >= progress {
            return Err(format!("{name} was not reached"));
        }
        let intact = |at: usize, len: usize| image[at + len..].starts_with(&GUARD);
        if let Some(k) = (0..self.params.len()).find(|k| !intact(self.params[*k], case.params[*k].len())) {
            return Err(format!("{name} wrote behind parameter {k}"));
        }
        if !intact(self.workspace, case.kernel.workspace) {
            return Err(format!("{name} wrote behind its workspace"));
        }
        let params = self.params.iter().zip(&case.params).map(|(at, p)| image[*at..at + p.len()].to_vec()).collect();
        let stack = self.calls.clone().map(|call| word(image, row(call) + 20)).max().unwrap_or(0);
        Ok(Outcome { params, stack })
    }
}

/// Appends `bytes` at an odd multiple of `alignment`, with guard bytes behind; gives where.
fn append(image: &mut Vec<u8>, bytes: &[u8], alignment: usize) -> usize {
    image.resize(image.len().next_multiple_of(2 * alignment) + alignment, 0);
    let at = image.len();
    image.extend(bytes);
    image.extend(GUARD);
    at
}

/// Offset of a call's words in the table.
fn row(call: usize) -> usize {
    HEADER as usize + call * CALL_WORDS as usize * 4
}

fn word(image: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(image[at..at + 4].try_into().unwrap())
}
