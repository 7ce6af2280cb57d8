//! Default schedules of convolutions and products beside the core's multiply-add peak.
//!
//! `cargo run --release -p lathe-codegen --example kernels [-- FILTER [--kernel]]`

#[path = "../tests/suite/native.rs"]
mod native;
#[path = "kernels/peak.rs"]
mod peak;

use std::collections::HashMap;
use std::time::Instant;

use lathe_codegen::{compile, targets};
use lathe_graph::op::{Layout, Op, Unary, Window};
use lathe_graph::{DType, Graph, NodeId, Tensor, TensorType};
use lathe_tensor::default_schedule::default_schedule;
use lathe_tensor::loops::lower;
use lathe_tensor::recipes::program_for_group;
use lathe_tensor::{BufferId, Target};
use native::{Aligned, Loaded};

type Error = Box<dyn std::error::Error>;

/// One operator of a network.
struct Shape {
    name: String,
    op: Op,
    x: Vec<usize>,
    weights: Vec<usize>,
    multiply_adds: usize,
}

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

fn main() -> Result<(), Error> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let filter = arguments.iter().find(|a| !a.starts_with("--")).cloned().unwrap_or_default();
    let print = arguments.iter().any(|a| a == "--kernel");
    let target = targets::find(&format!("{}-linux", std::env::consts::ARCH), Some("native"))?;
    let peak = peak::measure(&target)?;
    println!("{}: peak {peak:.1} GFLOP/s", target.cpu);
    for shape in shapes().into_iter().filter(|s| s.name.contains(&filter)) {
        let again = peak::measure(&target)?;
        let rate = measure(&shape, &target, print)?;
        println!("{:44} {rate:7.1} GFLOP/s  {:3.0} % of peak", shape.name, 100.0 * rate / again.max(peak * 0.5));
    }
    Ok(())
}

/// Floating-point operations per nanosecond of a shape followed by a Relu, under its default schedule.
fn measure(shape: &Shape, target: &Target, print: bool) -> Result<f64, Error> {
    let mut graph = Graph::new("shape");
    let x = graph.add_input("x", TensorType::new(DType::F32, shape.x.clone()));
    let ty = TensorType::new(DType::F32, shape.weights.clone());
    let bytes = vec![0; ty.bytes()];
    let w = graph.add_constant("w", Tensor::new(ty, bytes).ok_or("weights")?);
    let y = graph.push("anchor", shape.op.clone(), &[x, w])?[0];
    let z = graph.push("relu", Op::Unary(Unary::Relu), &[y])?[0];
    graph.outputs.push(("z".into(), z));
    let group = program_for_group(&graph, &[NodeId(0), NodeId(1)], NodeId(0))?;
    let schedule = default_schedule(&group, target)?;
    let phases = lower(&schedule, target.buffer_alignment());
    if print {
        println!("{}", schedule.trace());
        phases.iter().for_each(|p| println!("{}", p.kernel));
    }
    let kernels: Vec<_> = phases.iter().map(|p| p.kernel.clone()).collect();
    let blob = compile(&kernels, target)?;
    let loaded = Loaded::new(&blob, 0);
    let mut memory: HashMap<BufferId, Aligned> = HashMap::new();
    for (k, b) in schedule.program().buffers.iter().enumerate() {
        let values = vec![0.25f32; b.elements() as usize];
        memory.insert(BufferId(k as u32), Aligned::of(&values));
    }
    let workspace = kernels.iter().map(|k| k.workspace).max().unwrap_or(0);
    let mut workspace = Aligned::zeroed(workspace);
    let mut best = f64::INFINITY;
    let begin = Instant::now();
    while begin.elapsed().as_secs_f64() < 0.4 {
        let start = Instant::now();
        for p in &phases {
            let pointers: Vec<*mut u8> =
                p.params.iter().filter_map(|b| memory.get_mut(b).map(|a| a.bytes_mut().as_mut_ptr())).collect();
            loaded.call_raw(&p.kernel.name, &pointers, &mut workspace, 0, p.kernel.parallel as u32);
        }
        best = best.min(start.elapsed().as_secs_f64());
    }
    Ok(2.0 * shape.multiply_adds as f64 / best / 1e9)
}
