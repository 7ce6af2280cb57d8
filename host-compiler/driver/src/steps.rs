//! The steps in order.

use std::path::Path;

use lathe_graph::{Graph, NodeId, ValueId, passes};
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::artifact::{Compiled, Parts};
use crate::error::CompileError;
use crate::groups::ScheduledGroup;
use crate::in_place::overwritable;
use crate::kernel_set::KernelSet;
use crate::lowering::Lowering;
use crate::narrow::narrow_weights;
use crate::options::{OptimizationLevel, Options};
use crate::order::candidate_orders;
use crate::plan::{Plan, peak_of_order, tasks};
use crate::storage::Storage;
use crate::{golden, picture, views};

/// A step, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// ONNX to graph
    Import,
    /// graph passes and fusion
    Optimize,
    /// programs, schedules and loop nests of all groups
    Schedule,
    /// order of the groups and memory plan
    Plan,
    /// machine code, and beside it the self-test's answers
    Codegen,
    /// the artifact's bytes
    Pack,
}

impl Step {
    /// Every step in order.
    pub const ALL: [Step; 6] = [Step::Import, Step::Optimize, Step::Schedule, Step::Plan, Step::Codegen, Step::Pack];

    /// What a person reads while it runs.
    pub fn name(self) -> &'static str {
        match self {
            Step::Import => "importing the model",
            Step::Optimize => "optimising the graph",
            Step::Schedule => "scheduling kernels",
            Step::Plan => "planning memory",
            Step::Codegen => "generating code",
            Step::Pack => "writing the artifact",
        }
    }
}

/// Is told when a step begins.
pub trait Progress: Sync {
    /// `step` begins.
    fn begin(&self, step: Step);
}

impl Progress for () {
    fn begin(&self, _: Step) {}
}

/// Compiles the ONNX file `model`.
pub fn compile(model: &Path, options: &Options, progress: &dyn Progress) -> Result<Compiled, CompileError> {
    lower(model, options, progress)?.pack(progress)
}

/// The steps before code generation.
pub fn lower(model: &Path, options: &Options, progress: &dyn Progress) -> Result<Lowering, CompileError> {
    progress.begin(Step::Import);
    let (imported, model_sha256) = import(model, options)?;
    lower_graph(imported, model_sha256, options, progress)
}

/// The steps from an imported graph to code generation; `model_sha256` goes into the artifact.
pub fn lower_graph(
    imported: Graph,
    model_sha256: String,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Lowering, CompileError> {
    progress.begin(Step::Optimize);
    let mut graph = imported.clone();
    let fused = optimize(&mut graph, options.level)?;
    progress.begin(Step::Schedule);
    let mut groups = Vec::new();
    let mut view_nodes = Vec::new();
    for (nodes, anchor) in fused {
        if nodes.iter().all(|n| views::is_view(&graph, &graph.nodes[n.0 as usize])) {
            view_nodes.extend(nodes);
        } else {
            groups.push((nodes, anchor));
        }
    }
    if options.narrow_weights && options.level == OptimizationLevel::Full {
        narrow_weights(&mut graph, &mut groups);
    }
    let mut storage = Storage::new(&graph, &view_nodes);
    let nodes: Vec<&[NodeId]> = groups.iter().map(|(nodes, _)| nodes.as_slice()).collect();
    let free = overwritable(&graph, &nodes, &storage, options.keep_inputs);
    let one = |((nodes, anchor), free): (&(Vec<NodeId>, NodeId), &Vec<ValueId>)| {
        ScheduledGroup::new(&graph, nodes, *anchor, free, &options.target, options.level)
    };
    let groups = groups.par_iter().zip(&free).map(one).collect::<Result<Vec<_>, _>>()?;
    progress.begin(Step::Plan);
    let tasks = tasks(&graph, &groups, &storage, options);
    groups.iter().flat_map(|g| &g.in_place).for_each(|&(result, over)| storage.share(result, over));
    let peak = |order: &[usize]| peak_of_order(&graph, &groups, order, &storage, options);
    let candidates = candidate_orders(&tasks);
    // The first of equals: the model's own order stays unless another needs less.
    let order = candidates.iter().min_by_key(|order| peak(order)).ok_or(CompileError::Circle)?;
    let peaks = (peak(&candidates[0]), peak(order));
    log::debug!("peak of live bytes: {} in the model's order, {} in the order chosen", peaks.0, peaks.1);
    let mut kernels = KernelSet::default();
    let plan = Plan::new(&graph, &groups, order, &mut kernels, storage, options);
    Ok(Lowering { options: options.clone(), model_sha256, imported, graph, groups, kernels, plan, peaks })
}

fn import(model: &Path, options: &Options) -> Result<(Graph, String), CompileError> {
    let read = |source| CompileError::Read { path: model.display().to_string(), source };
    let bytes = std::fs::read(model).map_err(read)?;
    let digest = Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect();
    let import_options = lathe_import::Options {
        input_shapes: options.input_shapes.clone(),
        base_dir: model.parent().map(Path::to_path_buf),
        ..lathe_import::Options::default()
    };
    let mut graph = lathe_import::import(&bytes, &import_options)?;
    for input in &options.pictures {
        picture::apply(&mut graph, input)?;
    }
    Ok((graph, digest))
}

/// Runs the passes; gives the fusion groups, each with its anchor, in the graph's order.
fn optimize(graph: &mut Graph, level: OptimizationLevel) -> Result<Vec<(Vec<NodeId>, NodeId)>, CompileError> {
    if level == OptimizationLevel::None {
        copy_constant_outputs(graph);
        return Ok((0..graph.nodes.len() as u32).map(|n| (vec![NodeId(n)], NodeId(n))).collect());
    }
    passes::optimize(graph, |pass, graph| log::debug!("after pass {pass}: {} nodes", graph.nodes.len()))?;
    copy_constant_outputs(graph);
    Ok(passes::fuse(graph).into_iter().map(|g| (g.nodes, g.anchor)).collect())
}

/// Gives graph outputs that are constants a node that copies them into the arena.
fn copy_constant_outputs(graph: &mut Graph) {
    for i in 0..graph.outputs.len() {
        let (name, value) = graph.outputs[i].clone();
        if graph.constant(value).is_none() {
            continue;
        }
        let ty = graph.ty(value).clone();
        let shape = ty.shape.clone();
        let copy = graph.add_value(format!("{name}.copy.{i}"), ty);
        let op = lathe_graph::Op::Reshape { shape };
        graph.nodes.push(lathe_graph::Node {
            name: format!("{name}.copy"),
            op,
            inputs: vec![value],
            outputs: vec![copy],
        });
        graph.outputs[i].1 = copy;
    }
}

impl Lowering {
    /// The steps from code generation on.
    pub fn pack(self, progress: &dyn Progress) -> Result<Compiled, CompileError> {
        progress.begin(Step::Codegen);
        let self_test = || self.options.self_test.then(|| golden::compute(&self.imported)).transpose();
        let code = || lathe_codegen::compile(self.kernels.kernels(), &self.options.target);
        let (blob, golden) = rayon::join(code, self_test);
        let (blob, golden) = (blob?, golden?);
        progress.begin(Step::Pack);
        let bytes = Parts { lowering: &self, blob: &blob, golden }.into_bytes()?;
        Ok(Compiled { bytes, lowering: self })
    }
}
