//! Operators that move elements: no-ops go, repeated ones become one.

use super::Step;
use crate::graph::ValueId;
use crate::op::{Op, Pool};
use crate::passes::rewriter::Rewriter;

pub(super) fn rule(r: &Rewriter, op: &Op, inputs: &[ValueId]) -> Option<Step> {
    let x = *inputs.first()?;
    let shape = r.shape(x);
    if inputs.len() == 1 && does_nothing(r, op, x) {
        return Some(Step::Value(x));
    }
    match op {
        Op::Reshape { .. } => match r.source(x)? {
            n if matches!(n.op, Op::Reshape { .. }) => Some(Step::Node(op.clone(), n.inputs.clone())),
            _ => None,
        },
        Op::Transpose { perm } => transpose(r, perm, x),
        Op::Expand { .. } => match r.source(x)? {
            n if matches!(n.op, Op::Expand { .. }) => Some(Step::Node(op.clone(), n.inputs.clone())),
            _ => None,
        },
        Op::Slice { starts, sizes, steps } => {
            let inner = r.source(x)?;
            let Op::Slice { starts: first, steps: inner_steps, .. } = &inner.op else { return None };
            let start =
                |d: usize| first[d].checked_add_signed(inner_steps[d].checked_mul(isize::try_from(starts[d]).ok()?)?);
            let step = |d: usize| inner_steps[d].checked_mul(steps[d]);
            let starts = (0..shape.len()).map(start).collect::<Option<Vec<_>>>()?;
            let steps = (0..shape.len()).map(step).collect::<Option<Vec<_>>>()?;
            Some(Step::Node(Op::Slice { starts, sizes: sizes.clone(), steps }, inner.inputs.clone()))
        }
        Op::Concat { axis } => {
            let used: Vec<ValueId> = inputs.iter().copied().filter(|&v| r.shape(v)[*axis] > 0).collect();
            let fewer = !used.is_empty() && used.len() < inputs.len();
            fewer.then(|| Step::Node(op.clone(), used))
        }
        Op::Gather { axis } => gather(r, *axis, inputs),
        _ => None,
    }
}

/// Whether the result is the only operand itself.
fn does_nothing(r: &Rewriter, op: &Op, x: ValueId) -> bool {
    let shape = r.shape(x);
    match op {
        Op::Reshape { shape: to } | Op::Expand { shape: to } => to == shape,
        Op::Transpose { perm } => perm.iter().enumerate().all(|(i, &p)| i == p),
        Op::Cast(to) => *to == r.new.ty(x).dtype,
        Op::Slice { starts, sizes, steps } => {
            sizes == shape && starts.iter().all(|&s| s == 0) && steps.iter().zip(sizes).all(|(&s, &n)| s == 1 || n <= 1)
        }
        Op::Concat { .. } => true,
        Op::Pad { before, after, .. } => before.iter().chain(after).all(|&p| p == 0),
        Op::Tile { repeats } => repeats.iter().all(|&n| n == 1),
        Op::Resize { sizes, scales, .. } => sizes == shape && scales.iter().all(|&s| s == 1.0),
        Op::Pool { pool: Pool::Max | Pool::Average { .. }, window: w, output, layout } => {
            let same = output.iter().enumerate().all(|(k, &n)| n == shape[layout.spatial_axis(k)]);
            let unit = w.kernel.iter().chain(&w.strides).all(|&n| n == 1);
            same && unit && w.pad_before.iter().all(|&n| n == 0)
        }
        _ => false,
    }
}

fn transpose(r: &Rewriter, perm: &[usize], x: ValueId) -> Option<Step> {
    if let Some(inner) = r.source(x)
        && let Op::Transpose { perm: first } = &inner.op
    {
        let perm = perm.iter().map(|&p| first[p]).collect();
        return Some(Step::Node(Op::Transpose { perm }, inner.inputs.clone()));
    }
    let shape = r.shape(x);
    let moved: Vec<usize> = perm.iter().copied().filter(|&p| shape[p] != 1).collect();
    let only_units = moved.windows(2).all(|w| w[0] < w[1]);
    only_units.then(|| Step::Node(Op::Reshape { shape: perm.iter().map(|&p| shape[p]).collect() }, vec![x]))
}

/// At constant positions that step evenly, a gather is a slice; at one scalar position, a slice without the dimension.
fn gather(r: &Rewriter, axis: usize, inputs: &[ValueId]) -> Option<Step> {
    let &[x, indices] = inputs else { return None };
    let shape = r.shape(x);
    let extent = i64::try_from(shape[axis]).ok()?;
    let table = r.constant(indices).filter(|t| t.ty().rank() <= 1 && t.ty().elements() > 0)?;
    let positions: Vec<i64> = table.to_i64s().into_iter().map(|i| if i < 0 { i + extent } else { i }).collect();
    if positions.iter().any(|p| !(0..extent).contains(p)) {
        return None;
    }
    let step = positions.get(1).map_or(1, |second| second - positions[0]);
    if step == 0 || positions.windows(2).any(|w| w[1] - w[0] != step) {
        return None;
    }
    let (mut starts, mut sizes, mut steps) = (vec![0; shape.len()], shape.to_vec(), vec![1; shape.len()]);
    starts[axis] = usize::try_from(positions[0]).ok()?;
    sizes[axis] = positions.len();
    steps[axis] = isize::try_from(step).ok()?;
    let slice = Op::Slice { starts, sizes, steps };
    if table.ty().rank() == 1 {
        return Some(Step::Node(slice, vec![x]));
    }
    let without = [&shape[..axis], &shape[axis + 1..]].concat();
    Some(Step::Chain { first: None, inner: slice, inputs: vec![x], outer: Op::Reshape { shape: without } })
}
