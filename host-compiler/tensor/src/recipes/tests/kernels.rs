//! Default schedules: every checked program is also scheduled for several targets, and its kernels are run.

use std::collections::HashMap;

use lathe_graph::DType;

use crate::default_schedule::default_schedule;
use crate::expr::{BufferId, Expr, VarId};
use crate::loops::eval::run_all;
use crate::loops::{Kernel, LoopKind, Place, Stmt, lower};
use crate::program::Role;
use crate::program::eval::{Array, Value};
use crate::recipes::GroupProgram;
use crate::schedule::Schedule;
use crate::target::Target;

pub(super) fn target(name: &str, vector_bits: u32, vector_registers: u32, multiply_by_lane: bool) -> Target {
    Target {
        name: name.to_string(),
        triple: String::new(),
        cpu: String::new(),
        features: vec![],
        vector_bits,
        vector_registers,
        address_registers: 12,
        multiply_by_lane,
        fma_per_cycle: 2,
        fma_latency: 4,
        l1_bytes: 32 << 10,
        l2_bytes: 512 << 10,
    }
}

/// AVX2-like, NEON-like and vectorless processors.
pub(super) fn targets() -> [Target; 3] {
    [target("avx2", 256, 16, false), target("neon", 128, 32, true), target("scalar", 0, 16, false)]
}

/// The default schedule of `group` gives the results that evaluating the program gave.
pub(super) fn schedules_agree(group: &GroupProgram, operands: &HashMap<BufferId, Array>, evaluated: &[Array]) {
    for target in targets() {
        let context = || format!("{} on {}\n{}", group.program.name, target.name, group.program);
        let schedule = default_schedule(group, &target).unwrap_or_else(|e| panic!("{e}\n{}", context()));
        let memory = run_schedule(&schedule, operands, &context);
        for (k, b) in group.program.buffers.iter().enumerate().filter(|(_, b)| b.role == Role::Output) {
            for (i, (found, expected)) in memory[k].data.iter().zip(&evaluated[k].data).enumerate() {
                let close = close(b.dtype, found, expected);
                assert!(close, "{}[{i}]: {found:?}, not {expected:?}\n{}\n{}", b.name, schedule.text(None), context());
            }
        }
    }
}

/// Equal but for reassociated sums.
fn close(dtype: DType, found: &Value, expected: &Value) -> bool {
    let tolerance = match dtype {
        DType::F16 => 2e-3,
        DType::F64 => 1e-12,
        _ => 1e-5,
    };
    match (found, expected) {
        (Value::Float(f), Value::Float(e)) if e.is_finite() => (f - e).abs() <= tolerance * e.abs().max(1.0),
        (f, e) => f == e,
    }
}

fn run_schedule(s: &Schedule, operands: &HashMap<BufferId, Array>, context: &dyn Fn() -> String) -> Vec<Array> {
    let kernels = lower(s, 64);
    for lowered in &kernels {
        verify(&lowered.kernel).unwrap_or_else(|e| panic!("{e}\n{}\n{}", lowered.kernel, context()));
    }
    run_all(s, &kernels, operands).unwrap_or_else(|e| panic!("{e}\n{}", context()))
}

/// What code generation relies on: vectorised bodies are stores without branches that vary by lane, and registers are
/// addressed by constants once loops are unrolled.
fn verify(kernel: &Kernel) -> Result<(), String> {
    let mut kinds = HashMap::new();
    kernel.body.iter().try_for_each(|s| verify_stmt(kernel, s, &mut kinds, None))
}

fn verify_stmt(
    kernel: &Kernel,
    stmt: &Stmt,
    kinds: &mut HashMap<VarId, LoopKind>,
    lane: Option<VarId>,
) -> Result<(), String> {
    match stmt {
        Stmt::For { var, kind, body, .. } => {
            if lane.is_some() {
                return Err("a loop inside a vectorised one".to_string());
            }
            kinds.insert(*var, *kind);
            let lane = (*kind == LoopKind::Vectorized).then_some(*var);
            body.iter().try_for_each(|s| verify_stmt(kernel, s, kinds, lane))
        }
        Stmt::If { cond, then, otherwise } => {
            if lane.is_some_and(|v| cond.mentions(v)) {
                return Err("a branch that varies by lane".to_string());
            }
            then.iter().chain(otherwise).try_for_each(|s| verify_stmt(kernel, s, kinds, lane))
        }
        Stmt::Intrinsic { intrinsic, operands } => {
            let loops = intrinsic.scalar_loops(operands, VarId(kernel.vars.len() as u32));
            verify_stmt(kernel, &loops, kinds, lane)
        }
        Stmt::Prefetch { .. } => Ok(()),
        Stmt::Store { buffer, index, value } => {
            let mut result = Ok(());
            let mut access = |buffer: &BufferId, index: &Expr| {
                let registers = kernel.buffers[buffer.0 as usize].place == Place::Register;
                index.visit(&mut |e| {
                    if let Expr::Var(v) = e
                        && registers
                        && !matches!(kinds.get(v), Some(LoopKind::Unrolled | LoopKind::Vectorized))
                    {
                        result = Err(format!("a register addressed by {}", kernel.vars[v.0 as usize]));
                    }
                });
            };
            access(buffer, index);
            value.visit(&mut |e| {
                if let Expr::Load { buffer, index } = e {
                    access(buffer, &index[0]);
                }
            });
            result
        }
    }
}
