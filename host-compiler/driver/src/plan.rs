//! From ordered groups to steps with arguments, and the arena they need.

use std::collections::{BTreeMap, HashMap};

use lathe_graph::{Graph, ValueId};
use lathe_tensor::BufferId;

use crate::groups::{ParamSource, ScheduledGroup};
use crate::kernel_set::{KernelSet, accesses};
use crate::memory_plan::{Lifetime, MemoryPlan, assign, peak};
use crate::options::Options;
use crate::order::{Task, Tasks};
use crate::storage::Storage;

/// An argument of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument {
    /// a buffer in the arena
    Buffer {
        /// which
        buffer: usize,
        /// the kernel reads it
        read: bool,
        /// the kernel writes it
        written: bool,
    },
    /// bytes of the constants
    Constant {
        /// where they begin
        offset: usize,
        /// how many
        bytes: usize,
    },
}

/// One step of the plan.
#[derive(Clone, Debug)]
pub struct PlannedStep {
    /// the group, by its position in the lowering
    pub group: usize,
    /// the phase of the group
    pub phase: usize,
    /// the kernel, by its number in the set
    pub kernel: usize,
    /// what it works on
    pub arguments: Vec<Argument>,
}

/// Everything an artifact says besides code.
#[derive(Clone, Debug)]
pub struct Plan {
    /// the steps in order
    pub steps: Vec<PlannedStep>,
    /// buffers: which values share bytes, sizes, owners
    pub storage: Storage,
    /// when each buffer lives; `None`: it is never in memory
    pub lifetimes: Vec<Option<Lifetime>>,
    /// offset of each buffer that lives
    pub offsets: Vec<Option<usize>>,
    /// arena bytes and their lower bound
    pub memory: MemoryPlan,
    /// the constants
    pub constants: Vec<u8>,
    /// bytes of workspace the neediest kernel wants
    pub workspace: usize,
}

/// The groups as tasks for [`crate::order::best_order`].
pub fn tasks(graph: &Graph, groups: &[ScheduledGroup], storage: &Storage, options: &Options) -> Tasks {
    let task = |group: &ScheduledGroup| {
        let mut task = Task::default();
        for phase in &group.phases {
            for (source, (_, written)) in phase.params.iter().zip(accesses(&phase.kernel)) {
                let ParamSource::Value(v) = source else { continue };
                let Some(buffer) = storage.buffer(*v) else { continue };
                let list = if written { &mut task.writes } else { &mut task.reads };
                if !list.contains(&buffer) {
                    list.push(buffer);
                }
            }
        }
        // What a result is written over is read through the result's parameter.
        for buffer in group.in_place.iter().filter_map(|(_, over)| storage.buffer(*over)) {
            if !task.reads.contains(&buffer) {
                task.reads.push(buffer);
            }
        }
        // A later phase may read what an earlier one wrote: that needs no other group.
        task.reads.retain(|b| !task.writes.contains(b));
        task.own = own_bytes(group);
        let bytes = |(result, _): &(ValueId, ValueId)| storage.buffer(*result).map_or(0, |b| storage.sizes[b]);
        task.in_place = group.in_place.iter().map(bytes).sum();
        task
    };
    let inputs: Vec<usize> = graph.inputs.iter().filter_map(|&v| storage.buffer(v)).collect();
    let outputs = graph.outputs.iter().filter_map(|(_, v)| storage.buffer(*v)).collect();
    Tasks {
        tasks: groups.iter().map(task).collect(),
        sizes: storage.sizes.clone(),
        always: if options.keep_inputs { inputs } else { Vec::new() },
        kept: outputs,
    }
}

impl Plan {
    /// The plan of `groups` run in `order`.
    pub fn new(
        graph: &Graph,
        groups: &[ScheduledGroup],
        order: &[usize],
        kernels: &mut KernelSet,
        mut storage: Storage,
        options: &Options,
    ) -> Plan {
        let alignment = options.target.buffer_alignment();
        let mut constants = Constants { alignment, ..Constants::default() };
        let used = buffers_used(graph, groups, order, &mut storage);
        let steps = used.iter().map(|step| {
            let phase = &groups[step.group].phases[step.phase];
            let sources = phase.params.iter().zip(&step.buffers).zip(accesses(&phase.kernel));
            let argument = |((source, buffer), (read, written)): ((&ParamSource, &Option<usize>), _)| match source {
                ParamSource::Constant(v, packing) => constants.place(graph, *v, packing.as_ref()),
                _ => buffer.map(|buffer| Argument::Buffer { buffer, read, written }),
            };
            let arguments = sources.filter_map(argument).collect();
            PlannedStep { group: step.group, phase: step.phase, kernel: kernels.add(&phase.kernel), arguments }
        });
        let steps = steps.collect();
        let lifetimes = lifetimes(graph, &used, &storage, options.keep_inputs);
        let living: Vec<usize> = (0..lifetimes.len()).filter(|&b| lifetimes[b].is_some()).collect();
        let lives: Vec<Lifetime> = lifetimes.iter().flatten().copied().collect();
        let memory = assign(&lives, alignment);
        let mut offsets = vec![None; lifetimes.len()];
        living.iter().zip(&memory.offsets).for_each(|(&b, &offset)| offsets[b] = Some(offset));
        let workspace = kernels.kernels().iter().map(|k| k.workspace).max().unwrap_or(0);
        Plan { steps, storage, lifetimes, offsets, memory, constants: constants.bytes, workspace }
    }

    /// Where the value `v` lies in the arena.
    pub fn offset(&self, v: ValueId) -> Option<usize> {
        self.storage.buffer(v).and_then(|b| self.offsets[b])
    }
}

/// The most bytes live at one step, workspace counted, when the groups run in `order`.
pub fn peak_of_order(
    graph: &Graph,
    groups: &[ScheduledGroup],
    order: &[usize],
    storage: &Storage,
    options: &Options,
) -> usize {
    let mut storage = storage.clone();
    let used = buffers_used(graph, groups, order, &mut storage);
    let mut lives: Vec<Lifetime> =
        lifetimes(graph, &used, &storage, options.keep_inputs).into_iter().flatten().collect();
    lives.extend(used.iter().enumerate().map(|(s, step)| {
        let bytes = groups[step.group].phases[step.phase].kernel.workspace;
        Lifetime { bytes, first: s, last: s }
    }));
    peak(&lives, options.target.buffer_alignment())
}

/// The arena buffers of one step, one entry for each parameter of its kernel (constants have none).
struct StepBuffers {
    group: usize,
    phase: usize,
    buffers: Vec<Option<usize>>,
}

/// The buffers every step touches when the groups run in `order`; gives each group's temporaries a buffer.
fn buffers_used(graph: &Graph, groups: &[ScheduledGroup], order: &[usize], storage: &mut Storage) -> Vec<StepBuffers> {
    let mut steps = Vec::new();
    for &g in order {
        let group = &groups[g];
        let owner = group.nodes.last().map_or(ValueId(0), |n| graph.nodes[n.0 as usize].outputs[0]);
        let sizes: BTreeMap<BufferId, usize> = group.temporaries().into_iter().collect();
        let temporaries: HashMap<BufferId, usize> =
            sizes.into_iter().map(|(b, bytes)| (b, storage.add_temporary(bytes, owner))).collect();
        for (phase, p) in group.phases.iter().enumerate() {
            let buffer = |source: &ParamSource| match source {
                ParamSource::Constant(..) => None,
                ParamSource::Temporary(b) => temporaries.get(b).copied(),
                ParamSource::Value(v) => storage.buffer(*v),
            };
            steps.push(StepBuffers { group: g, phase, buffers: p.params.iter().map(buffer).collect() });
        }
    }
    steps
}

/// The most bytes of temporaries and workspace that a group needs at once.
fn own_bytes(group: &ScheduledGroup) -> usize {
    let sizes = group.temporaries();
    let touches = |p: &crate::groups::Phase, b: BufferId| p.params.contains(&ParamSource::Temporary(b));
    let during = |at: usize| {
        let alive = |b: &BufferId| {
            group.phases[..=at].iter().any(|p| touches(p, *b)) && group.phases[at..].iter().any(|p| touches(p, *b))
        };
        let temporaries: usize = sizes.iter().filter(|(b, _)| alive(b)).map(|(_, bytes)| bytes).sum();
        temporaries + group.phases[at].kernel.workspace
    };
    (0..group.phases.len()).map(during).max().unwrap_or(0)
}

fn lifetimes(graph: &Graph, steps: &[StepBuffers], storage: &Storage, keep_inputs: bool) -> Vec<Option<Lifetime>> {
    let mut lives: Vec<Option<Lifetime>> = vec![None; storage.sizes.len()];
    let end = steps.len().saturating_sub(1);
    let mut touch = |buffer: usize, step: usize| {
        let life = lives[buffer].get_or_insert(Lifetime { bytes: storage.sizes[buffer], first: step, last: step });
        life.first = life.first.min(step);
        life.last = life.last.max(step);
    };
    for (s, step) in steps.iter().enumerate() {
        step.buffers.iter().flatten().for_each(|&buffer| touch(buffer, s));
    }
    // Inputs are there before the first step, outputs after the last.
    for buffer in graph.inputs.iter().filter_map(|&v| storage.buffer(v)) {
        touch(buffer, 0);
        if keep_inputs {
            touch(buffer, end);
        }
    }
    graph.outputs.iter().filter_map(|(_, v)| storage.buffer(*v)).for_each(|buffer| touch(buffer, end));
    lives
}

/// The constants laid out one behind the other, equal bytes once.
#[derive(Default)]
struct Constants {
    alignment: usize,
    bytes: Vec<u8>,
    placed: HashMap<(ValueId, String), (usize, usize)>,
    by_content: HashMap<[u8; 32], usize>,
}

impl Constants {
    fn place(
        &mut self,
        graph: &Graph,
        value: ValueId,
        packing: Option<&lathe_tensor::schedule::Packing>,
    ) -> Option<Argument> {
        let tensor = graph.constant(value)?;
        let key = (value, packing.map(|p| format!("{p:?}")).unwrap_or_default());
        if let Some(&(offset, bytes)) = self.placed.get(&key) {
            return Some(Argument::Constant { offset, bytes });
        }
        let packed = packing.map(|p| p.pack(tensor.bytes(), tensor.dtype().size()));
        let content = packed.as_deref().unwrap_or(tensor.bytes());
        let next = self.bytes.len().next_multiple_of(self.alignment);
        let offset = *self.by_content.entry(digest(content)).or_insert(next);
        if offset == next {
            self.bytes.resize(next, 0);
            self.bytes.extend(content);
        }
        self.placed.insert(key, (offset, content.len()));
        Some(Argument::Constant { offset, bytes: content.len() })
    }
}

fn digest(bytes: &[u8]) -> [u8; 32] {
    use sha2::{Digest, Sha256};
    Sha256::digest(bytes).into()
}

#[cfg(test)]
mod tests {
    use lathe_graph::op::Binary;
    use lathe_graph::{DType, Node, Op, Tensor, TensorType};

    use super::*;

    /// `a = x·v; y = x·w + a`, the sum written over `a`: it still waits for `a`.
    #[test]
    fn what_is_written_over_is_read_before() {
        let mut graph = Graph::new("t");
        let ty = TensorType::new(DType::F32, [8, 8]);
        let x = graph.add_input("x", ty.clone());
        let mut push = |name: &str, op: Op, inputs: &[Option<ValueId>]| {
            let weights = || Tensor::splat(DType::F32, &[8, 8], name.as_bytes()[0].into()).unwrap();
            let inputs = inputs.iter().map(|v| v.unwrap_or_else(|| graph.add_constant("w", weights()))).collect();
            let result = graph.add_value(name, ty.clone());
            graph.nodes.push(Node { name: name.into(), op, inputs, outputs: vec![result] });
            Some(result)
        };
        let product = || Op::MatMul { transpose_a: false, transpose_b: false };
        let a = push("a", product(), &[Some(x), None]);
        let b = push("b", product(), &[Some(x), None]);
        let y = push("y", Op::Binary(Binary::Add), &[b, a]);
        let target = lathe_codegen::targets::find("x86_64-linux", None).unwrap();
        graph.outputs.push(("y".into(), y.unwrap()));
        let lowering = crate::lower_graph(graph, String::new(), &Options::new(target), &()).unwrap();
        let storage = Storage::new(&lowering.graph, &[]);
        let tasks = tasks(&lowering.graph, &lowering.groups, &storage, &lowering.options);
        let mut pairs = 0;
        for (group, task) in lowering.groups.iter().zip(&tasks.tasks) {
            for (_, over) in &group.in_place {
                assert!(task.reads.contains(&storage.buffer(*over).unwrap()), "{} in place", group.label);
                pairs += 1;
            }
        }
        assert!(pairs > 0, "nothing is written in place");
    }
}
