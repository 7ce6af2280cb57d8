//! The core's FMA peak, and a hand-built direct-convolution tile beside it: whether code generation reaches the peak.
//!
//! `cargo run --release -p lathe-codegen --example kernels [-- --asm]`

#[path = "../tests/suite/native.rs"]
mod native;

use std::time::Instant;

use lathe_codegen::{Emit, compile, emit, targets};
use lathe_graph::DType;
use lathe_tensor::loops::{KernelBuffer, Place};
use lathe_tensor::{BufferId, Expr, Kernel, LoopKind, Stmt, Target, VarId};
use native::{Aligned, Loaded};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let target = targets::find(&format!("{}-linux", std::env::consts::ARCH), Some("native"))?;
    let lanes = target.lanes(4);
    println!("{}: {} lanes, {} registers", target.cpu, lanes, target.vector_registers);
    if std::env::args().any(|a| a == "--asm") {
        let tile = if target.vector_registers == 16 { (6, 2) } else { (7, 2) };
        println!("{}", String::from_utf8(emit(&convolution(56, 64, lanes, tile), &target, Emit::Asm)?)?);
        return Ok(());
    }
    let mut peak = 0f64;
    for accumulators in [8, 10, 12, 14] {
        peak = peak.max(measure_peak(&target, lanes, accumulators)?);
    }
    println!("FMA peak {peak:.1} GFLOP/s");
    for (size, channels) in [(56, 64), (28, 128), (14, 256), (7, 512)] {
        for tile in [(6, 2), (7, 2), (4, 3), (14, 1), (7, 1), (2, 4)] {
            if size % tile.0 != 0 && tile.0 != 6 {
                continue;
            }
            let flops = measure_convolution(&target, size, channels, lanes, tile)?;
            println!(
                "conv 3x3 {size}²x{channels}, tile {}x{}: {flops:.1} GFLOP/s, {:.0} % of peak",
                tile.0,
                tile.1 * lanes,
                100.0 * flops / peak
            );
        }
    }
    Ok(())
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

/// 3x3 convolution, stride 1, NHWC with a border of one, weights packed [oc/w][kh][kw][ic][w] (w = tile.1 · lanes).
/// Variables: 0 y, 1 output block, 2 x block, 3 kh, 4 kw, 5 ic, 6 row of the tile, 7 vector of the tile, 8 lane.
fn convolution(size: i64, channels: i64, lanes: i64, tile: (i64, i64)) -> Kernel {
    let (rows, vectors) = tile;
    let width = vectors * lanes;
    let blocks = (size + rows - 1) / rows;
    let padded = size + 2;
    let k = Expr::Index;
    let slot = || var(6) * k(width) + var(7) * k(lanes) + var(8);
    let tile_loop = |body: Vec<Stmt>| {
        let vector = for_loop(8, lanes, LoopKind::Vectorized, body);
        for_loop(6, rows, LoopKind::Unrolled, vec![for_loop(7, vectors, LoopKind::Unrolled, vec![vector])])
    };
    let x = || var(2) * k(rows) + var(6);
    let input = ((var(0) + var(3)) * k(padded + rows) + x() + var(4)) * k(channels) + var(5);
    let weight =
        (((var(1) * k(3) + var(3)) * k(3) + var(4)) * k(channels) + var(5)) * k(width) + var(7) * k(lanes) + var(8);
    let product = at(1, input) * at(2, weight);
    let output = (var(0) * k(blocks * rows) + x()) * k(channels) + var(1) * k(width) + var(7) * k(lanes) + var(8);
    let reduce =
        for_loop(5, channels, LoopKind::Serial, vec![tile_loop(vec![store(3, slot(), at(3, slot()) + product)])]);
    let body = vec![
        tile_loop(vec![store(3, slot(), Expr::constant(DType::F32, 0.0))]),
        for_loop(3, 3, LoopKind::Serial, vec![for_loop(4, 3, LoopKind::Serial, vec![reduce])]),
        tile_loop(vec![store(0, output, at(3, slot()))]),
    ];
    let inner = for_loop(1, channels / width, LoopKind::Serial, vec![for_loop(2, blocks, LoopKind::Serial, body)]);
    Kernel {
        name: "conv".into(),
        buffers: vec![
            param("out", 0, size * blocks * rows * channels),
            param("in", 1, padded * (padded + rows) * channels),
            param("weights", 2, channels * 9 * channels),
            register("acc", rows * width),
        ],
        vars: ["y", "ob", "xb", "kh", "kw", "ic", "r", "v", "lane"].map(String::from).to_vec(),
        parallel: size,
        body: vec![for_loop(0, size, LoopKind::Parallel, vec![inner])],
        workspace: 0,
    }
}

fn measure_convolution(
    target: &Target,
    size: i64,
    channels: i64,
    lanes: i64,
    tile: (i64, i64),
) -> Result<f64, Box<dyn std::error::Error>> {
    let kernel = convolution(size, channels, lanes, tile);
    if channels % (tile.1 * lanes) != 0 {
        return Ok(0.0);
    }
    let blob = compile(std::slice::from_ref(&kernel), target)?;
    let loaded = Loaded::new(&blob, 0);
    let mut buffers: Vec<Aligned> =
        kernel.buffers[..3].iter().map(|b| Aligned::of(&vec![0.25f32; b.len as usize])).collect();
    let mut arguments: Vec<&mut Aligned> = buffers.iter_mut().collect();
    let flops = (size * size * channels * channels * 9 * 2) as f64;
    let seconds = best(|| loaded.call("conv", &mut arguments, 0, 0, size as u32));
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
