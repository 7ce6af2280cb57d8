//! Default schedules of convolutions and products beside the core's multiply-add peak.
//!
//! `cargo run --release -p lathe-codegen --example kernels [-- FILTER [--kernel]]`
//!
//! Every shape runs in several rounds, the peak with it: what else the machine does slows some rounds, and most those
//! kernels whose weights (9.4 MB of 7²x512) stay only in a cache that others use too. So both are given: the best run,
//! beside the best peak, and the median over rounds of the best run of each.

#[path = "../tests/suite/native.rs"]
mod native;
#[path = "kernels/peak.rs"]
mod peak;
#[path = "kernels/shape.rs"]
mod shape;

use std::error::Error;

use lathe_codegen::targets;
use lathe_graph::op::{Layout, Op, Window};
use shape::{Ready, Shape};

/// Times that the list is gone through.
const ROUNDS: usize = 8;

fn conv(size: usize, input: usize, output: usize, kernel: usize, stride: usize, groups: usize) -> Shape {
    let pad = kernel / 2;
    let window = Window {
        kernel: vec![kernel; 2],
        strides: vec![stride; 2],
        dilations: vec![1; 2],
        pad_before: vec![pad; 2],
        pad_after: vec![pad; 2],
    };
    let out = (size + 2 * pad - kernel) / stride + 1;
    Shape {
        name: format!("conv {kernel}x{kernel}s{stride} {size}²x{input}->{output} groups {groups}"),
        op: Op::Conv { window, groups, layout: Layout::ChannelsLast },
        x: vec![1, size, size, input],
        weights: vec![output, input / groups, kernel, kernel],
        multiply_adds: out * out * output * input / groups * kernel * kernel,
    }
}

fn matmul(m: usize, k: usize, n: usize) -> Shape {
    Shape {
        name: format!("matmul {m}x{k}x{n}"),
        op: Op::MatMul { transpose_a: false, transpose_b: false },
        x: vec![1, m, k],
        weights: vec![k, n],
        multiply_adds: m * k * n,
    }
}

fn shapes() -> Vec<Shape> {
    let mut all = vec![conv(56, 64, 64, 3, 1, 1), conv(28, 128, 128, 3, 1, 1), conv(14, 256, 256, 3, 1, 1)];
    all.extend([conv(7, 512, 512, 3, 1, 1), conv(19, 64, 64, 3, 1, 1), conv(13, 256, 256, 3, 1, 1)]);
    all.extend([conv(224, 3, 64, 7, 2, 1), conv(56, 128, 128, 3, 2, 1)]);
    all.extend([conv(56, 64, 256, 1, 1, 1), conv(28, 512, 128, 1, 1, 1), conv(14, 1024, 256, 1, 1, 1)]);
    all.extend([conv(7, 512, 2048, 1, 1, 1), conv(112, 16, 96, 1, 1, 1), conv(56, 24, 144, 1, 1, 1)]);
    all.extend([conv(28, 192, 32, 1, 1, 1), conv(14, 384, 64, 1, 1, 1), conv(7, 960, 320, 1, 1, 1)]);
    all.extend([conv(19, 128, 128, 1, 1, 1), conv(13, 512, 256, 1, 1, 1)]);
    all.extend([conv(112, 32, 32, 3, 1, 32), conv(56, 144, 144, 3, 1, 144), conv(14, 384, 384, 3, 1, 384)]);
    all.extend([matmul(128, 768, 768), matmul(128, 768, 3072), matmul(197, 768, 768), matmul(1, 4096, 4096)]);
    all
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let filter = arguments.iter().find(|a| !a.starts_with("--")).cloned().unwrap_or_default();
    let print = arguments.iter().any(|a| a == "--kernel");
    let target = targets::find(&format!("{}-linux", std::env::consts::ARCH), Some("native"))?;
    let shapes: Vec<Shape> = shapes().into_iter().filter(|s| s.name.contains(&filter)).collect();
    let compiled = shapes.iter().map(|s| shape::compile_one(s, &target, print)).collect::<Result<Vec<_>, _>>()?;
    let mut ready: Vec<Ready> = compiled.iter().map(Ready::new).collect();
    let mut peaks = vec![];
    let mut rates = vec![vec![]; ready.len()];
    for round in 1..=ROUNDS {
        eprint!("\rround {round} of {ROUNDS}");
        peaks.push(peak::measure(&target)?);
        rates.iter_mut().zip(&mut ready).for_each(|(rates, shape)| rates.push(shape.rate()));
    }
    eprintln!();
    let (peak, _) = best_and_median(&mut peaks);
    println!("{}: peak {peak:.1} GFLOP/s; best run, median of {ROUNDS} rounds", target.cpu);
    for (shape, rates) in shapes.iter().zip(&mut rates) {
        let (best, median) = best_and_median(rates);
        let share = |rate: f64| 100.0 * rate / peak;
        println!(
            "{:44} {best:7.1} {median:7.1} GFLOP/s  {:3.0} {:3.0} % of peak",
            shape.name,
            share(best),
            share(median)
        );
    }
    Ok(())
}

fn best_and_median(rates: &mut [f64]) -> (f64, f64) {
    rates.sort_by(f64::total_cmp);
    (rates[rates.len() - 1], rates[rates.len() / 2])
}
