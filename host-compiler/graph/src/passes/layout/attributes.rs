//! Operators that work in any stored order, and their attributes in that order.

use crate::op::Op;

/// The operands of `op` that are stored like its result; none when the operator needs the model's order.
pub(super) fn followers(op: &Op, operands: usize) -> Vec<usize> {
    match op {
        Op::Binary(_) | Op::Select | Op::Concat { .. } => (0..operands).collect(),
        Op::Unary(_)
        | Op::Cast(_)
        | Op::Expand { .. }
        | Op::Slice { .. }
        | Op::Pad { .. }
        | Op::Tile { .. }
        | Op::Gather { .. }
        | Op::CumSum { .. }
        | Op::Resize { .. }
        | Op::Reduce { .. }
        | Op::ArgReduce { .. }
        | Op::TopK { .. }
        | Op::Softmax { .. }
        | Op::Quantize { .. }
        | Op::Dequantize { .. } => vec![0],
        _ => Vec::new(),
    }
}

/// Whether operands may have fewer dimensions than the result.
pub(super) fn broadcasts(op: &Op) -> bool {
    matches!(op, Op::Binary(_) | Op::Select)
}

/// `op` on dimensions stored as `perm` (`at` is its inverse).
pub(super) fn permuted(op: &Op, perm: &[usize], at: &[usize]) -> Option<Op> {
    fn by<T: Copy>(values: &[T], perm: &[usize]) -> Vec<T> {
        perm.iter().map(|&d| values[d]).collect()
    }
    let axes = |axes: &[usize]| {
        let mut moved: Vec<usize> = axes.iter().map(|&a| at[a]).collect();
        moved.sort_unstable();
        moved
    };
    Some(match op {
        Op::Unary(_) | Op::Cast(_) | Op::Binary(_) | Op::Select => op.clone(),
        Op::Expand { shape } => Op::Expand { shape: by(shape, perm) },
        Op::Slice { starts, sizes, steps } => {
            Op::Slice { starts: by(starts, perm), sizes: by(sizes, perm), steps: by(steps, perm) }
        }
        Op::Pad { before, after, mode } => Op::Pad { before: by(before, perm), after: by(after, perm), mode: *mode },
        Op::Tile { repeats } => Op::Tile { repeats: by(repeats, perm) },
        Op::Resize { sizes, scales, map, interpolation, antialias } => Op::Resize {
            sizes: by(sizes, perm),
            scales: by(scales, perm),
            map: *map,
            interpolation: *interpolation,
            antialias: *antialias,
        },
        Op::Concat { axis } => Op::Concat { axis: at[*axis] },
        Op::Gather { axis } => Op::Gather { axis: at[*axis] },
        Op::CumSum { axis, exclusive, reverse } => {
            Op::CumSum { axis: at[*axis], exclusive: *exclusive, reverse: *reverse }
        }
        Op::ArgReduce { max, axis, select_last } => {
            Op::ArgReduce { max: *max, axis: at[*axis], select_last: *select_last }
        }
        Op::TopK { axis, k, largest } => Op::TopK { axis: at[*axis], k: *k, largest: *largest },
        Op::Reduce { reduction, axes: a } => Op::Reduce { reduction: *reduction, axes: axes(a) },
        Op::Softmax { axes: a, log } => Op::Softmax { axes: axes(a), log: *log },
        Op::Quantize { axis } => Op::Quantize { axis: at.get(*axis).copied()? },
        Op::Dequantize { axis } => Op::Dequantize { axis: at.get(*axis).copied()? },
        _ => return None,
    })
}
