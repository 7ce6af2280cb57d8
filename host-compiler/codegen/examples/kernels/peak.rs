//! The core's multiply-add peak, by a generated kernel of independent accumulators.

use std::time::Instant;

use lathe_codegen::compile;
use lathe_graph::DType;
use lathe_tensor::loops::{KernelBuffer, Place};
use lathe_tensor::{BufferId, Expr, Kernel, LoopKind, Stmt, Target, VarId};

use crate::native::{Aligned, Loaded};

/// GFLOP/s of the best number of accumulators.
pub fn measure(target: &Target) -> Result<f64, Box<dyn std::error::Error>> {
    let mut peak = 0f64;
    for accumulators in [8, 10, 12, 14] {
        peak = peak.max(measure_peak(target, target.lanes(4), accumulators)?);
    }
    Ok(peak)
}

fn var(k: u32) -> Expr {
    Expr::Var(VarId(k))
}

fn at(buffer: u32, index: Expr) -> Expr {
    Expr::load(BufferId(buffer), vec![index])
}

fn store(buffer: u32, index: Expr, value: Expr) -> Stmt {
    Stmt::Store { buffer: BufferId(buffer), index, value }
}

fn for_loop(v: u32, extent: i64, kind: LoopKind, body: Vec<Stmt>) -> Stmt {
    Stmt::For { var: VarId(v), extent, kind, body }
}

fn param(name: &str, index: u32, len: i64) -> KernelBuffer {
    KernelBuffer { name: name.into(), dtype: DType::F32, len, place: Place::Param { index, written: index == 0 } }
}

fn register(name: &str, len: i64) -> KernelBuffer {
    KernelBuffer { name: name.into(), dtype: DType::F32, len, place: Place::Register }
}

/// acc[i] = acc[i]·x + y in `accumulators` independent vectors.
fn peak_kernel(lanes: i64, accumulators: i64) -> Kernel {
    let slot = || var(1) * Expr::Index(lanes) + var(2);
    let all = |body| {
        let vector = for_loop(2, lanes, LoopKind::Vectorized, vec![body]);
        for_loop(1, accumulators, LoopKind::Unrolled, vec![vector])
    };
    let step = at(2, slot()) * at(1, Expr::Index(0)) + at(1, Expr::Index(1));
    Kernel {
        name: "peak".into(),
        buffers: vec![param("out", 0, accumulators * lanes), param("in", 1, 16), register("acc", accumulators * lanes)],
        vars: vec!["n".into(), "i".into(), "lane".into()],
        parallel: 1,
        body: vec![
            all(store(2, slot(), at(1, Expr::Index(1)))),
            for_loop(0, 100_000, LoopKind::Serial, vec![all(store(2, slot(), step))]),
            all(store(0, slot(), at(2, slot()))),
        ],
        workspace: 0,
    }
}

fn measure_peak(target: &Target, lanes: i64, accumulators: i64) -> Result<f64, Box<dyn std::error::Error>> {
    let blob = compile(&[peak_kernel(lanes, accumulators)], target)?;
    let loaded = Loaded::new(&blob, 0);
    let mut out = Aligned::zeroed((accumulators * lanes * 4) as usize);
    let mut input = Aligned::of(&[0.5f32; 16]);
    let flops = (accumulators * lanes * 2 * 100_000) as f64;
    let seconds = best(|| loaded.call("peak", &mut [&mut out, &mut input], 0, 0, 1));
    Ok(flops / seconds / 1e9)
}

/// The shortest of many runs, in seconds.
fn best(mut run: impl FnMut()) -> f64 {
    run();
    (0..30)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed().as_secs_f64()
        })
        .fold(f64::INFINITY, f64::min)
}
