//! Moves a Reshape behind the element-wise operators that follow it, next to what fusion would join.
//!
//! Contract: applies where the Reshape's operand is computed by an operator that absorbs element-wise nodes, or by an
//! element-wise one, and only element-wise operators read the Reshape, so that the two meet; and where no other operand
//! could be joined with as it is. Other operands are brought into the shape before the Reshape: constants
//! here, others by a Reshape of their own, which is a view and costs nothing. Results are bit-identical.
//!
//! ```text
//! %m: f32[4,6] = MatMul(%x, %w)                     %m: f32[4,6] = MatMul(%x, %w)
//! %v: f32[1,4,6] = Reshape(%m)                      %y.flat: f32[4,6] = Reshape(%y)
//! %a: f32[1,4,6] = Add(%v, %y)              ->      %a.flat: f32[4,6] = Add(%m, %y.flat)
//!                                                   %a: f32[1,4,6] = Reshape(%a.flat)
//! ```

use std::collections::HashMap;

use super::PassError;
use super::fuse::absorbs_elementwise;
use super::rewriter::Rewriter;
use crate::graph::{Graph, Node, NodeId, ValueId};
use crate::op::Op;

/// Moves Reshapes behind element-wise nodes.
pub fn sink_reshape(graph: &mut Graph) -> Result<(), PassError> {
    let readers = Readers::of(graph);
    let mut r = Rewriter::new(graph);
    for node in &graph.nodes {
        let inputs = r.operands(node)?;
        let plan = node.outputs.first().and_then(|&y| plan(&r, &readers, node, &inputs, &graph.ty(y).shape));
        let Some(operands) = plan else {
            r.emit_for(node, node.op.clone(), &inputs)?;
            continue;
        };
        let mut flat = Vec::with_capacity(operands.len());
        for (v, shape) in operands {
            flat.push(reshaped(&mut r, v, &shape)?);
        }
        let inner = r.emit(&format!("{}.flat", node.name), node.op.clone(), &flat)?;
        let shape = node.outputs.first().map_or_else(Vec::new, |&y| graph.ty(y).shape.clone());
        r.emit_for(node, Op::Reshape { shape }, &[inner])?;
    }
    *graph = r.finish()?;
    Ok(())
}

/// Who reads the values of the graph.
struct Readers<'a> {
    graph: &'a Graph,
    nodes: HashMap<ValueId, Vec<NodeId>>,
}

impl Readers<'_> {
    fn of(graph: &Graph) -> Readers<'_> {
        Readers { graph, nodes: graph.consumers() }
    }

    /// Whether only element-wise nodes read `v`, and how many.
    fn elementwise(&self, v: ValueId) -> Option<usize> {
        let readers = self.nodes.get(&v)?;
        let is_output = self.graph.outputs.iter().any(|(_, o)| *o == v);
        let all = readers.iter().all(|n| is_elementwise(&self.graph.nodes[n.0 as usize].op));
        (all && !is_output).then_some(readers.len())
    }
}

fn is_elementwise(op: &Op) -> bool {
    matches!(op, Op::Unary(_) | Op::Binary(_) | Op::Select | Op::Cast(_))
}

/// The operands with the shapes they take before the Reshape; `None` where it stays.
fn plan(
    r: &Rewriter,
    readers: &Readers,
    node: &Node,
    inputs: &[ValueId],
    result: &[usize],
) -> Option<Vec<(ValueId, Vec<usize>)>> {
    is_elementwise(&node.op).then_some(())?;
    let mut from = None;
    for (&old, &v) in node.inputs.iter().zip(inputs).filter(|&(_, &v)| r.shape(v) == result) {
        let Some(source) = r.source(v) else { continue };
        let reads = readers.elementwise(old);
        if let (Op::Reshape { .. }, Some(_), [x]) = (&source.op, reads, source.inputs.as_slice()) {
            let joins = r.source(*x).is_some_and(|n| absorbs_elementwise(&n.op));
            from = from.or_else(|| joins.then(|| r.shape(*x).to_vec()));
        } else if reads == Some(1) && absorbs_elementwise(&source.op) {
            return None;
        }
    }
    let from = from?;
    inputs.iter().map(|&v| Some((v, shape_before(r.shape(v), result, &from)?))).collect()
}

/// The shape under which an operand of `shape` broadcasts to `from` just as it did to `to`, where `to` is `from` reshaped.
fn shape_before(shape: &[usize], to: &[usize], from: &[usize]) -> Option<Vec<usize>> {
    if shape == to {
        return Some(from.to_vec());
    }
    if shape.iter().all(|&d| d == 1) {
        return Some(Vec::new());
    }
    let mut aligned = vec![1; to.len().checked_sub(shape.len())?];
    aligned.extend(shape);
    // The operand varies only over dimensions at the end that the Reshape leaves alone.
    let common = to.iter().rev().zip(from.iter().rev()).take_while(|(a, b)| a == b).count();
    let (lead, tail) = aligned.split_at(to.len() - common);
    if lead.iter().all(|&d| d == 1) {
        return Some(tail.to_vec());
    }
    // The Reshape only adds or removes dimensions of extent 1.
    let real = |s: &[usize]| (0..s.len()).filter(|&d| s[d] != 1).collect::<Vec<_>>();
    let (before, after) = (real(from), real(to));
    let same = before.iter().map(|&d| from[d]).eq(after.iter().map(|&d| to[d]));
    same.then(|| {
        let mut moved = vec![1; from.len()];
        before.iter().zip(&after).for_each(|(&b, &a)| moved[b] = aligned[a]);
        moved
    })
}

/// `v` under another shape: constants directly, what was reshaped from it as it was, others through a Reshape.
fn reshaped(r: &mut Rewriter, v: ValueId, shape: &[usize]) -> Result<ValueId, PassError> {
    if r.shape(v) == shape {
        return Ok(v);
    }
    let name = format!("{}.flat", r.new.value(v).name);
    if let Some(data) = r.constant(v) {
        let malformed = || PassError::Malformed { value: name.clone() };
        let data = data.reshaped(shape).ok_or_else(malformed)?;
        return Ok(r.new.add_constant(name, data));
    }
    let source = r.source(v).filter(|n| matches!(n.op, Op::Reshape { .. })).and_then(|n| n.inputs.first().copied());
    match source {
        Some(x) if r.shape(x) == shape => Ok(x),
        _ => r.emit(&name, Op::Reshape { shape: shape.to_vec() }, &[v]),
    }
}
