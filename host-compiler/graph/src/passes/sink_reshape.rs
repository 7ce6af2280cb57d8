//! Moves a Reshape behind the element-wise operators that follow it, next to what fusion would join.
//!
//! Contract: applies where the Reshape's operand is computed by an operator that absorbs element-wise nodes, or by an
//! element-wise one, so that the two meet. Other operands are brought into the shape before the Reshape: constants
//! here, others by a Reshape of their own, which is a view and costs nothing. Results are bit-identical.
//!
//! ```text
//! %m: f32[4,6] = MatMul(%x, %w)                     %m: f32[4,6] = MatMul(%x, %w)
//! %v: f32[1,4,6] = Reshape(%m)                      %y.flat: f32[4,6] = Reshape(%y)
//! %a: f32[1,4,6] = Add(%v, %y)              ->      %a.flat: f32[4,6] = Add(%m, %y.flat)
//!                                                   %a: f32[1,4,6] = Reshape(%a.flat)
//! ```

use super::PassError;
use super::fuse::absorbs_elementwise;
use super::rewriter::Rewriter;
use crate::graph::{Graph, Node, ValueId};
use crate::op::Op;

/// Moves Reshapes behind element-wise nodes.
pub fn sink_reshape(graph: &mut Graph) -> Result<(), PassError> {
    let mut r = Rewriter::new(graph);
    for node in &graph.nodes {
        let inputs = r.operands(node)?;
        let plan = node.outputs.first().and_then(|&y| plan(&r, node, &inputs, &graph.ty(y).shape));
        let Some((operands, to)) = plan else {
            r.emit_for(node, node.op.clone(), &inputs)?;
            continue;
        };
        let mut flat = Vec::with_capacity(operands.len());
        for (v, shape) in operands {
            flat.push(reshaped(&mut r, v, &shape)?);
        }
        let inner = r.emit(&format!("{}.flat", node.name), node.op.clone(), &flat)?;
        r.emit_for(node, Op::Reshape { shape: to }, &[inner])?;
    }
    *graph = r.finish()?;
    Ok(())
}

/// The operands with the shapes they take before the Reshape, and the shape behind it; `None` where it stays.
fn plan(
    r: &Rewriter,
    node: &Node,
    inputs: &[ValueId],
    result: &[usize],
) -> Option<(Vec<(ValueId, Vec<usize>)>, Vec<usize>)> {
    matches!(node.op, Op::Unary(_) | Op::Binary(_) | Op::Select | Op::Cast(_)).then_some(())?;
    let from = inputs.iter().find_map(|&v| {
        let view = r.source(v).filter(|n| matches!(n.op, Op::Reshape { .. }))?;
        let x = *view.inputs.first()?;
        let worthwhile = r.shape(v) == result && absorbs_elementwise(&r.source(x)?.op);
        worthwhile.then(|| r.shape(x).to_vec())
    })?;
    let operands = inputs.iter().map(|&v| Some((v, shape_before(r.shape(v), result, &from)?)));
    Some((operands.collect::<Option<Vec<_>>>()?, result.to_vec()))
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
