//! The program of a fusion group.

use std::collections::{HashMap, HashSet};

use lathe_graph::{Graph, NodeId, Tensor, ValueId};

use super::error::RecipeError;
use super::kind::AnchorKind;
use super::lower::lower;
use super::name::group_name;
use crate::expr::Scalar;
use crate::program::build::{Builder, Operand};
use crate::program::{Program, Role, StageId};

/// A group's program and how it connects to the graph.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupProgram {
    /// the program, verified
    pub program: Program,
    /// the graph value of each input, constant and output buffer
    pub buffers: Vec<Option<ValueId>>,
    /// the stage default schedules are built around
    pub anchor_stage: StageId,
    /// what that stage is
    pub kind: AnchorKind,
}

/// The program that computes `nodes` (in execution order), of which `anchor` is the main one.
///
/// Buffers are named by position (`in0`, `const0`, `out0`, temporaries by stage), so equal computations have equal text
/// in every model. Constants keep the model's layout. Constants of one element become part of the program.
pub fn program_for_group(graph: &Graph, nodes: &[NodeId], anchor: NodeId) -> Result<GroupProgram, RecipeError> {
    let mut builder = GroupBuilder {
        graph,
        builder: Builder::new(&group_name(graph, nodes, anchor)),
        operands: HashMap::new(),
        values: HashMap::new(),
    };
    let mut found = None;
    for &id in nodes {
        let lowered = builder.node(id)?;
        if id == anchor {
            found = Some(lowered);
        }
    }
    let (anchor_stage, kind) = found.ok_or_else(|| RecipeError::Group("the anchor is not among the nodes".into()))?;
    builder.outputs(nodes);
    let pruned = builder.builder.program.prune();
    let mut program = pruned.program;
    name_by_position(&mut program);
    program.verify().map_err(|source| RecipeError::Program { name: program.name.clone(), source })?;
    let mut buffers = vec![None; program.buffers.len()];
    for (old, new) in pruned.buffers.iter().enumerate() {
        if let Some(new) = new {
            buffers[new.0 as usize] = builder.values.get(&(old as u32)).copied();
        }
    }
    let last = StageId(program.stages.len().saturating_sub(1) as u32);
    let anchor_stage = pruned.stages.get(anchor_stage.0 as usize).copied().flatten().unwrap_or(last);
    let kind = kind.map_stages(&mut |s| pruned.stages.get(s.0 as usize).copied().flatten());
    Ok(GroupProgram { program, buffers, anchor_stage, kind })
}

/// Constants up to this many elements are looked at for being all zero.
const ZERO_TEST_LIMIT: usize = 1 << 16;

struct GroupBuilder<'a> {
    graph: &'a Graph,
    builder: Builder,
    operands: HashMap<ValueId, Operand>,
    /// graph value by buffer
    values: HashMap<u32, ValueId>,
}

impl GroupBuilder<'_> {
    fn node(&mut self, id: NodeId) -> Result<(StageId, AnchorKind), RecipeError> {
        let node = self
            .graph
            .nodes
            .get(id.0 as usize)
            .ok_or_else(|| RecipeError::Group(format!("there is no node {}", id.0)))?;
        let inputs: Vec<Operand> = node.inputs.iter().map(|&v| self.operand(v)).collect();
        let results: Vec<_> = node.outputs.iter().map(|&v| self.graph.ty(v).clone()).collect();
        let lowered = lower(&mut self.builder, &node.op, &inputs, &results).map_err(|r| r.at(&node.name))?;
        for ((&value, operand), ty) in node.outputs.iter().zip(lowered.outputs).zip(&results) {
            let fits =
                operand.dtype == ty.dtype && operand.shape.iter().map(|&e| e as usize).eq(ty.shape.iter().copied());
            if !fits {
                let what = format!("the recipe gives {} {:?} for {ty}", operand.dtype, operand.shape);
                return Err(RecipeError::Malformed { node: node.name.clone(), what });
            }
            self.operands.insert(value, operand);
        }
        Ok((lowered.anchor, lowered.kind))
    }

    fn operand(&mut self, id: ValueId) -> Operand {
        if let Some(operand) = self.operands.get(&id) {
            return operand.clone();
        }
        let value = self.graph.value(id);
        let role = if value.constant.is_some() { Role::Constant } else { Role::Input };
        let shape = value.ty.shape.iter().map(|&e| e as i64).collect();
        let mut operand = self.builder.operand("operand", value.ty.dtype, shape, role);
        if let Some(tensor) = &value.constant {
            operand.scalar = scalar(tensor);
            operand.zero = tensor.ty().elements() <= ZERO_TEST_LIMIT && tensor.bytes().iter().all(|&b| b == 0);
        }
        self.values.insert(operand.buffer.0, id);
        self.operands.insert(id, operand.clone());
        operand
    }

    /// Gives the buffers of values that are used outside the group their role. A group that nothing outside reads
    /// keeps the first result of its last node.
    fn outputs(&mut self, nodes: &[NodeId]) {
        let inside: HashSet<NodeId> = nodes.iter().copied().collect();
        let consumers = self.graph.consumers();
        let results = nodes.iter().flat_map(|&n| &self.graph.nodes[n.0 as usize].outputs);
        let leaves = |value: &&ValueId| {
            self.graph.outputs.iter().any(|(_, v)| v == *value)
                || consumers.get(value).is_some_and(|c| c.iter().any(|n| !inside.contains(n)))
        };
        let mut leaving: Vec<ValueId> = results.filter(leaves).copied().collect();
        if leaving.is_empty() {
            leaving.extend(nodes.last().and_then(|n| self.graph.nodes[n.0 as usize].outputs.first()));
        }
        for value in leaving {
            if let Some(operand) = self.operands.get(&value) {
                self.builder.program.buffers[operand.buffer.0 as usize].role = Role::Output;
                self.values.insert(operand.buffer.0, value);
            }
        }
    }
}

/// Names operands and results by their position among their like. No temporary is named so.
fn name_by_position(program: &mut Program) {
    let (mut inputs, mut constants, mut outputs) = (0, 0, 0);
    for buffer in &mut program.buffers {
        let (prefix, count) = match buffer.role {
            Role::Input => ("in", &mut inputs),
            Role::Constant => ("const", &mut constants),
            Role::Output => ("out", &mut outputs),
            Role::Temp => continue,
        };
        buffer.name = format!("{prefix}{count}");
        *count += 1;
    }
}

/// The value of a one-element constant of up to 64 bits.
fn scalar(tensor: &Tensor) -> Option<Scalar> {
    if tensor.ty().elements() != 1 {
        return None;
    }
    let dtype = tensor.dtype();
    let bytes = tensor.bytes();
    let mut wide = [0u8; 8];
    wide.get_mut(..bytes.len())?.copy_from_slice(bytes);
    let bits = u64::from_le_bytes(wide);
    Some(match dtype {
        lathe_graph::DType::F16 => Scalar::Float(dtype, half::f16::from_bits(bits as u16).to_f64()),
        lathe_graph::DType::F32 => Scalar::Float(dtype, f64::from(f32::from_bits(bits as u32))),
        lathe_graph::DType::F64 => Scalar::Float(dtype, f64::from_bits(bits)),
        d if d.is_signed_int() => {
            let unused = 64 - 8 * d.size() as u32;
            Scalar::Int(d, ((bits << unused) as i64) >> unused)
        }
        d => Scalar::Int(d, bits as i64),
    })
}
