//! From ordered groups to steps with arguments, and the arena they need.

use std::collections::{BTreeMap, HashMap};

use lathe_graph::{Graph, ValueId};
use lathe_tensor::BufferId;

use crate::groups::{ParamSource, ScheduledGroup};
use crate::kernel_set::{KernelSet, accesses};
use crate::memory_plan::{ALIGNMENT, Lifetime, MemoryPlan, assign};
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
pub fn tasks(graph: &Graph, groups: &[ScheduledGroup], storage: &Storage, keep_inputs: bool) -> Tasks {
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
        // A later phase may read what an earlier one wrote: that needs no other group.
        task.reads.retain(|b| !task.writes.contains(b));
        let workspace = group.phases.iter().map(|p| p.kernel.workspace).max().unwrap_or(0);
        task.own = group.temporaries().values().sum::<usize>() + workspace;
        task
    };
    let inputs: Vec<usize> = graph.inputs.iter().filter_map(|&v| storage.buffer(v)).collect();
    let outputs = graph.outputs.iter().filter_map(|(_, v)| storage.buffer(*v)).collect();
    Tasks {
        tasks: groups.iter().map(task).collect(),
        sizes: storage.sizes.clone(),
        always: if keep_inputs { inputs } else { Vec::new() },
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
        keep_inputs: bool,
    ) -> Plan {
        let mut constants = Constants::default();
        let mut steps = Vec::new();
        for &g in order {
            let group = &groups[g];
            let owner = group.nodes.last().map_or(ValueId(0), |n| graph.nodes[n.0 as usize].outputs[0]);
            let sizes: BTreeMap<BufferId, usize> = group.temporaries().into_iter().collect();
            let temporaries: HashMap<BufferId, usize> =
                sizes.into_iter().map(|(b, bytes)| (b, storage.add_temporary(bytes, owner))).collect();
            for (p, phase) in group.phases.iter().enumerate() {
                let sources = phase.params.iter().zip(accesses(&phase.kernel));
                let argument = |(source, (read, written)): (&ParamSource, (bool, bool))| match source {
                    ParamSource::Constant(v, packing) => constants.place(graph, *v, packing.as_ref()),
                    ParamSource::Temporary(b) => temporaries.get(b).map(|&buffer| Argument::Buffer { buffer, read, written }),
                    ParamSource::Value(v) => storage.buffer(*v).map(|buffer| Argument::Buffer { buffer, read, written }),
                };
                let arguments = sources.filter_map(argument).collect();
                steps.push(PlannedStep { group: g, phase: p, kernel: kernels.add(&phase.kernel), arguments });
            }
        }
        let lifetimes = lifetimes(graph, &steps, &storage, keep_inputs);
        let living: Vec<usize> = (0..lifetimes.len()).filter(|&b| lifetimes[b].is_some()).collect();
        let lives: Vec<Lifetime> = lifetimes.iter().flatten().copied().collect();
        let memory = assign(&lives);
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

fn lifetimes(graph: &Graph, steps: &[PlannedStep], storage: &Storage, keep_inputs: bool) -> Vec<Option<Lifetime>> {
    let mut lives: Vec<Option<Lifetime>> = vec![None; storage.sizes.len()];
    let end = steps.len().saturating_sub(1);
    let mut touch = |buffer: usize, step: usize| {
        let life = lives[buffer].get_or_insert(Lifetime { bytes: storage.sizes[buffer], first: step, last: step });
        life.first = life.first.min(step);
        life.last = life.last.max(step);
    };
    for (s, step) in steps.iter().enumerate() {
        for argument in &step.arguments {
            if let Argument::Buffer { buffer, .. } = argument {
                touch(*buffer, s);
            }
        }
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
        let next = self.bytes.len().next_multiple_of(ALIGNMENT);
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
