//! One fusion group through program, schedule and loop nests.

use std::collections::{HashMap, HashSet};

use lathe_graph::{Graph, NodeId, ValueId};
use lathe_tensor::default_schedule::default_schedule;
use lathe_tensor::loops::{lower, verify_in_place};
use lathe_tensor::program::{Body, Role};
use lathe_tensor::recipes::{self, GroupProgram};
use lathe_tensor::schedule::{Packing, Schedule};
use lathe_tensor::{BufferId, Expr, Kernel, Program, Stmt, Target};

use crate::error::CompileError;
use crate::options::OptimizationLevel;

/// Where a parameter of a kernel comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum ParamSource {
    /// a value of the graph that is computed or given at run time
    Value(ValueId),
    /// a constant of the graph, in the layout its schedule wants
    Constant(ValueId, Option<Packing>),
    /// a temporary of the group, by its buffer in the scheduled program
    Temporary(BufferId),
}

/// One kernel of a group; the next phase begins when this one is done on all workers.
#[derive(Clone, Debug)]
pub struct Phase {
    /// the loop nest
    pub kernel: Kernel,
    /// what stands behind each parameter
    pub params: Vec<ParamSource>,
    /// arithmetic operations, a multiply-add counting two
    pub operations: u64,
}

/// A fusion group with its kernels.
#[derive(Clone, Debug)]
pub struct ScheduledGroup {
    /// the nodes it computes, in execution order
    pub nodes: Vec<NodeId>,
    /// their names, for people
    pub label: String,
    /// the program before scheduling
    pub program: Program,
    /// the schedule with its trace
    pub schedule: Schedule,
    /// the kernels in order
    pub phases: Vec<Phase>,
    /// the graph value of each input, constant and output buffer of the program
    pub buffers: Vec<Option<ValueId>>,
    /// results that are written over operands: (result, operand)
    pub in_place: Vec<(ValueId, ValueId)>,
}

impl ScheduledGroup {
    /// Program, default schedule and loop nests of a group, which may write results over the operands `free`.
    pub fn new(
        graph: &Graph,
        nodes: &[NodeId],
        anchor: NodeId,
        free: &[ValueId],
        target: &Target,
        level: OptimizationLevel,
    ) -> Result<ScheduledGroup, CompileError> {
        let group = recipes::program_for_group(graph, nodes, anchor)?;
        if let Some(in_place) = group.in_place(free).filter(|_| level == OptimizationLevel::Full) {
            match ScheduledGroup::of(graph, nodes, in_place, target, level) {
                Err(CompileError::InPlace(e)) => log::debug!("{e}"),
                other => return other,
            }
        }
        ScheduledGroup::of(graph, nodes, group, target, level)
    }

    fn of(
        graph: &Graph,
        nodes: &[NodeId],
        group: GroupProgram,
        target: &Target,
        level: OptimizationLevel,
    ) -> Result<ScheduledGroup, CompileError> {
        let label = label(graph, nodes);
        let schedule = match level {
            OptimizationLevel::Full => default_schedule(&group, target)
                .map_err(|source| CompileError::Schedule { group: label.clone(), source })?,
            OptimizationLevel::None | OptimizationLevel::Graph => Schedule::new(group.program.clone()),
        };
        let phases = phases(graph, &group, &schedule, &label, target.buffer_alignment())?;
        let value = |b: BufferId| group.buffers.get(b.0 as usize).copied().flatten();
        let pairs = group.program.in_place.iter().filter_map(|p| Some((value(p.output)?, value(p.over)?)));
        let in_place = pairs.collect();
        let GroupProgram { program, buffers, .. } = group;
        Ok(ScheduledGroup { nodes: nodes.to_vec(), label, program, schedule, phases, buffers, in_place })
    }

    /// Bytes of each temporary that more than one phase touches or that did not fit a worker's workspace.
    pub fn temporaries(&self) -> HashMap<BufferId, usize> {
        let sources = self.phases.iter().flat_map(|p| &p.params);
        let temporaries = sources.filter_map(|s| match s {
            ParamSource::Temporary(b) => Some(*b),
            _ => None,
        });
        temporaries.map(|b| (b, buffer_bytes(self.schedule.program(), b))).collect()
    }
}

/// Bytes of a program's buffer.
pub fn buffer_bytes(program: &Program, buffer: BufferId) -> usize {
    let b = program.buffer(buffer);
    b.elements() as usize * b.dtype.size()
}

/// `conv1 + relu1`
fn label(graph: &Graph, nodes: &[NodeId]) -> String {
    let names: Vec<&str> = nodes.iter().map(|n| graph.nodes[n.0 as usize].name.as_str()).collect();
    let names: Vec<&str> = names.into_iter().filter(|name| !name.is_empty()).collect();
    names.join(" + ")
}

fn phases(
    graph: &Graph,
    group: &GroupProgram,
    schedule: &Schedule,
    label: &str,
    alignment: usize,
) -> Result<Vec<Phase>, CompileError> {
    let lowered = lower(schedule, alignment);
    verify_in_place(schedule.program(), &lowered)?;
    let mut operations = Operations::new(group, schedule);
    let mut phases = Vec::with_capacity(lowered.len());
    for l in lowered {
        if l.params.len() > lathe_artifact::MAX_ARGUMENTS {
            let (buffers, limit) = (l.params.len(), lathe_artifact::MAX_ARGUMENTS);
            return Err(CompileError::TooManyBuffers { group: label.to_string(), buffers, limit });
        }
        let params = l.params.iter().map(|&b| source(graph, group, schedule, b)).collect();
        let operations = operations.of(&l.params);
        phases.push(Phase { kernel: l.kernel, params, operations });
    }
    // Stages that were inlined or live in registers belong to the phase that does most.
    if let Some(busiest) = phases.iter_mut().max_by_key(|p| stores(&p.kernel.body)) {
        busiest.operations += operations.left();
    }
    Ok(phases)
}

fn source(graph: &Graph, group: &GroupProgram, schedule: &Schedule, buffer: BufferId) -> ParamSource {
    let value = group.buffers.get(buffer.0 as usize).copied().flatten();
    match value {
        Some(v) if graph.constant(v).is_some() && schedule.program().buffer(buffer).role == Role::Constant => {
            ParamSource::Constant(v, schedule.packings().get(&buffer).cloned())
        }
        Some(v) if schedule.program().buffer(buffer).role != Role::Temp => ParamSource::Value(v),
        _ => ParamSource::Temporary(buffer),
    }
}

/// How many elements a nest stores.
fn stores(body: &[Stmt]) -> i64 {
    let one = |stmt: &Stmt| match stmt {
        Stmt::For { extent, body, .. } => extent * stores(body),
        Stmt::Store { .. } => 1,
        Stmt::Intrinsic { intrinsic, .. } => intrinsic.pattern.buffers[intrinsic.output()].elements(),
        Stmt::Prefetch { .. } => 0,
        Stmt::If { then, otherwise, .. } => stores(then).max(stores(otherwise)),
    };
    body.iter().map(one).sum()
}

/// Arithmetic of each stage of the program as written, given to the first phase that writes the stage's buffer.
struct Operations {
    by_buffer: Vec<(BufferId, u64)>,
    taken: HashSet<BufferId>,
}

impl Operations {
    fn new(group: &GroupProgram, schedule: &Schedule) -> Operations {
        let by_buffer = group.program.stages.iter().map(|stage| {
            let points: i64 = stage.axes.iter().chain(&stage.reduce).map(|a| a.extent).product();
            let (expr, combine) = match &stage.body {
                Body::Map(e) => (e, 0),
                Body::Reduce(_, e) => (e, 1),
                Body::Update { value, combiner, .. } => (value, u64::from(combiner.is_some())),
            };
            (stage.output, points as u64 * (arithmetic(expr) + combine))
        });
        let mut by_buffer: Vec<_> = by_buffer.collect();
        by_buffer.retain(|(b, _)| (b.0 as usize) < schedule.program().buffers.len());
        Operations { by_buffer, taken: HashSet::new() }
    }

    fn of(&mut self, params: &[BufferId]) -> u64 {
        let mine = self.by_buffer.iter().filter(|(b, _)| params.contains(b) && !self.taken.contains(b));
        let sum = mine.map(|(_, n)| n).sum();
        self.taken.extend(params);
        sum
    }

    fn left(&self) -> u64 {
        self.by_buffer.iter().filter(|(b, _)| !self.taken.contains(b)).map(|(_, n)| n).sum()
    }
}

/// Arithmetic on elements in an expression; indices, selections and conversions count nothing.
fn arithmetic(expr: &Expr) -> u64 {
    let own = match expr {
        Expr::Load { .. } => return 0,
        Expr::Unary(..) | Expr::Binary(..) => 1,
        _ => 0,
    };
    own + expr.operands().into_iter().map(arithmetic).sum::<u64>()
}
