//! The numeric suite for Cortex-M: compiled for every core, run on emulated boards.

mod suite;

use lathe_codegen::targets;
use suite::cortex_m::{self, AN385, AN386, AN500, AN547, Board};
use suite::{Case, blob, cases};

/// Kernels of one boot: more would not fit the boards' memory.
const AT_ONCE: usize = 400;

fn on_board(board: &Board, cases: &[Case]) {
    assert!(cortex_m::available(), "qemu-system-arm is missing; `cargo xtask setup` installs it");
    let target = targets::find(board.target, Some(board.cpu)).unwrap();
    let mut failures = Vec::new();
    for (k, some) in cases.chunks(AT_ONCE).enumerate() {
        let blob = blob(some, &target);
        println!("{}: {} cases, {} KB of code", board.machine, some.len(), blob.code.len() / 1024);
        for (case, outcome) in some.iter().zip(cortex_m::run(some, &blob, board, k as u32)) {
            let entry = blob.entries.iter().find(|e| e.name == case.kernel.name).unwrap();
            let checked = outcome.and_then(|o| match o.stack <= entry.stack_bytes {
                true => case.check(&o.params),
                false => Err(format!("{} took {} bytes of stack, {} stated", entry.name, o.stack, entry.stack_bytes)),
            });
            failures.extend(checked.err());
        }
    }
    let shown: Vec<&String> = failures.iter().take(40).collect();
    assert!(failures.is_empty(), "{} of {} cases are wrong: {shown:#?}", failures.len(), cases.len());
}

#[test]
#[ignore = "needs qemu-system-arm: cargo xtask test --only boards"]
fn suite_on_a_cortex_m4() {
    on_board(&AN386, &cases());
}

#[test]
#[ignore = "needs qemu-system-arm: cargo xtask test --only boards"]
fn suite_on_a_cortex_m55() {
    on_board(&AN547, &cases());
}

#[test]
#[ignore = "needs qemu-system-arm: cargo xtask test --only boards"]
fn shapes_on_a_cortex_m3() {
    on_board(&AN385, &suite::shapes::cases());
}

#[test]
#[ignore = "needs qemu-system-arm: cargo xtask test --only boards"]
fn shapes_on_a_cortex_m7() {
    on_board(&AN500, &suite::shapes::cases());
}

/// Code for the smallest cores, which a Cortex-M3 runs too: no board with one has the memory.
#[test]
#[ignore = "needs qemu-system-arm: cargo xtask test --only boards"]
fn suite_of_a_cortex_m0() {
    let mut board = AN385;
    (board.target, board.cpu) = ("thumbv6m-none-eabi", "cortex-m0");
    on_board(&board, &cases());
}

/// What has no board here still compiles and links.
#[test]
fn shapes_compile_for_a_cortex_m33() {
    let target = targets::find("thumbv8m.main-none-eabihf", None).unwrap();
    let blob = blob(&suite::shapes::cases(), &target);
    println!("{} kernels, {} KB of code", blob.entries.len(), blob.code.len() / 1024);
}

/// The inner loop of a matrix product on Helium is one fused multiply-add of a vector and a general register.
#[test]
fn helium_multiplies_vectors_by_scalars() {
    let target = targets::find("thumbv8.1m.main-none-eabihf", None).unwrap();
    let case = suite::shapes::cases().into_iter().find(|c| c.kernel.name == "matmul_6x16x9").unwrap();
    let asm = String::from_utf8(lathe_codegen::emit(&case.kernel, &target, lathe_codegen::Emit::Asm).unwrap()).unwrap();
    let scalars = |line: &str| {
        let words: Vec<&str> = line.split([' ', '\t', ',']).filter(|w| !w.is_empty()).collect();
        words[0] == "vfma.f32" && words[1].starts_with('q') && words[3].starts_with('r')
    };
    assert!(asm.lines().filter(|l| l.contains("vfma.f32")).all(scalars), "{asm}");
    assert!(asm.contains("vfma.f32") && asm.contains("vldrw"), "{asm}");
}
