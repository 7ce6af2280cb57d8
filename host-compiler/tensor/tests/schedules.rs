//! Golden tests of schedules: `schedules/*.txt` holds a program, a trace, and the loops and kernels (or the error) they
//! must give. Every schedule that is legal is also run and compared with the program's own evaluation.
//!
//! `LATHE_BLESS=1` rewrites the expected parts.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use lathe_tensor::loops::{eval, lower};
use lathe_tensor::program::eval::{Array, Value, evaluate};
use lathe_tensor::schedule::{Schedule, Trace};
use lathe_tensor::{BufferId, Program, Role};

/// Reassociated sums of a few hundred f32 products of numbers around 1.
const TOLERANCE: f64 = 1e-4;

fn cases() -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schedules");
    let mut files: Vec<PathBuf> = std::fs::read_dir(dir).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn golden() {
    let bless = std::env::var_os("LATHE_BLESS").is_some();
    let mut failures = vec![];
    for path in cases() {
        let text = std::fs::read_to_string(&path).unwrap();
        let given = text.split("== loops").next().unwrap().split("== error").next().unwrap();
        let got = format!("{}\n{}", given.trim_end(), outcome(given));
        if bless {
            std::fs::write(&path, &got).unwrap();
        } else if got != text {
            failures.push(format!("{}:\n{got}", path.display()));
        }
    }
    assert!(failures.is_empty(), "{} differ; LATHE_BLESS=1 rewrites them\n{}", failures.len(), failures.join("\n"));
}

/// What a case's program and trace give, as text.
fn outcome(given: &str) -> String {
    let (program, trace) = parse(given);
    let mut s = Schedule::new(program.clone());
    if let Err(e) = s.replay(&trace) {
        return format!("== error\n{e}\n");
    }
    check_numbers(&program, &s);
    let again: Trace = s.trace().to_string().parse().unwrap();
    assert_eq!(&again, s.trace(), "a trace is read back as it was written");
    let kernels: String = lower(&s, 64).iter().map(|l| l.kernel.to_string()).collect();
    format!("== loops\n{}== kernels\n{kernels}", s.text(None))
}

fn parse(given: &str) -> (Program, Trace) {
    let (program, trace) = given.split_once("== trace").expect("a case has `== program` and `== trace`");
    let program = program.split_once("== program").expect("a case has `== program`").1;
    let program = Program::parse(program.trim()).unwrap_or_else(|e| panic!("{e}\n{program}"));
    program.verify().unwrap();
    (program, trace.parse().unwrap())
}

/// Runs the scheduled kernels and the program on the same seeded operands.
fn check_numbers(program: &Program, s: &Schedule) {
    let mut seed = 1u64;
    let mut random = || {
        seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((seed >> 40) as f32) / (1 << 23) as f32 - 1.0
    };
    let mut operands = HashMap::new();
    for (k, b) in program.buffers.iter().enumerate() {
        // integers of a byte, whose sums are exact
        let raised = if b.dtype.is_signed_int() { 0 } else { 64 };
        let value = |x: f32| match b.dtype.is_float() {
            true => Value::Float(f64::from(x)),
            false => Value::Int((x * 64.0).floor() as i64 + raised),
        };
        if matches!(b.role, Role::Input | Role::Constant) {
            let data = (0..b.elements()).map(|_| value(random())).collect();
            operands.insert(BufferId(k as u32), Array { dtype: b.dtype, data });
        }
    }
    let expected = evaluate(program, &operands).unwrap();
    let memory = eval::run_all(s, &lower(s, 64), &operands).unwrap_or_else(|e| panic!("{e}"));
    for (k, b) in program.buffers.iter().enumerate().filter(|(_, b)| b.role == Role::Output) {
        for (i, (want, got)) in expected[k].data.iter().zip(&memory[k].data).enumerate() {
            let close = match (want, got) {
                (Value::Float(want), Value::Float(got)) => (want - got).abs() <= TOLERANCE * (1.0 + want.abs()),
                (want, got) => want == got,
            };
            assert!(close, "{}[{i}]: the kernel gives {got:?}, the program {want:?}\n{}", b.name, s.text(None));
        }
    }
}
