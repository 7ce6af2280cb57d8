//! One operator of a network, compiled with its default schedule and run.

use std::error::Error;
use std::time::{Duration, Instant};

use lathe_codegen::{Blob, compile};
use lathe_graph::op::{Op, Unary};
use lathe_graph::{DType, Graph, NodeId, Tensor, TensorType};
use lathe_tensor::Target;
use lathe_tensor::default_schedule::default_schedule;
use lathe_tensor::loops::{Lowered, lower};
use lathe_tensor::recipes::program_for_group;

use crate::native::{Aligned, Loaded};

/// How long a shape runs in one round.
const ROUND: Duration = Duration::from_millis(150);

/// One operator of a network.
pub struct Shape {
    pub name: String,
    pub op: Op,
    pub x: Vec<usize>,
    pub weights: Vec<usize>,
    pub multiply_adds: usize,
}

/// The kernels of a shape followed by a Relu.
pub struct Compiled {
    phases: Vec<Lowered>,
    blob: Blob,
    /// elements of the program's buffers
    elements: Vec<usize>,
    multiply_adds: usize,
}

pub fn compile_one(shape: &Shape, target: &Target, print: bool) -> Result<Compiled, Box<dyn Error>> {
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
    let elements = schedule.program().buffers.iter().map(|b| b.elements() as usize).collect();
    Ok(Compiled { blob: compile(&kernels, target)?, phases, elements, multiply_adds: shape.multiply_adds })
}

/// A compiled shape in memory.
pub struct Ready<'c> {
    compiled: &'c Compiled,
    loaded: Loaded<'c>,
    buffers: Vec<Aligned>,
    workspace: Aligned,
}

impl<'c> Ready<'c> {
    pub fn new(compiled: &'c Compiled) -> Ready<'c> {
        let workspace = compiled.phases.iter().map(|p| p.kernel.workspace).max().unwrap_or(0);
        Ready {
            compiled,
            loaded: Loaded::new(&compiled.blob, 0),
            buffers: compiled.elements.iter().map(|n| Aligned::of(&vec![0.25f32; *n])).collect(),
            workspace: Aligned::zeroed(workspace),
        }
    }

    /// Floating-point operations per nanosecond of the best run of a round.
    pub fn rate(&mut self) -> f64 {
        let mut best = f64::INFINITY;
        let begin = Instant::now();
        while begin.elapsed() < ROUND {
            let start = Instant::now();
            self.run();
            best = best.min(start.elapsed().as_secs_f64());
        }
        2.0 * self.compiled.multiply_adds as f64 / best / 1e9
    }

    fn run(&mut self) {
        for p in &self.compiled.phases {
            let buffers = &mut self.buffers;
            let pointers: Vec<*mut u8> =
                p.params.iter().map(|b| buffers[b.0 as usize].bytes_mut().as_mut_ptr()).collect();
            self.loaded.call_raw(&p.kernel.name, &pointers, &mut self.workspace, 0, p.kernel.parallel as u32);
        }
    }
}
