//! Attention: softmax(Q K^T * scale + bias) V over heads, with a key-value cache, causal and window masks.

use lathe_graph::op::{Binary, PadMode, Reduction, Unary};
use lathe_graph::{DType, Op, ValueId};

use crate::proto::dtype;
use crate::translate::{Fault, NodeContext};

/// The operands with a dimension for heads, `[batch, heads, sequence, size]`, and what the masks need.
struct Operands {
    q: ValueId,
    k: ValueId,
    v: ValueId,
    /// Length of the cache before the new keys.
    past: usize,
}

pub(super) fn translate(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let flat = n.rank(n.input(0)?) == 3;
    let mut x = operands(n, flat)?;
    x.past = n.optional(4).map_or(0, |key| n.shape(key).get(2).copied().unwrap_or_default());
    for (index, side) in [(4, &mut x.k), (5, &mut x.v)] {
        if let Some(past) = n.optional(index) {
            *side = n.push(Op::Concat { axis: 2 }, &[past, *side])?;
        }
    }
    let scores = scores(n, &x)?;
    let cap = f64::from(n.attributes.float("softcap", 0.0)?);
    let capped = if cap == 0.0 { scores } else { soft_cap(n, scores, cap)? };
    let bias = bias(n, &x)?;
    let masked = match bias {
        Some(bias) => n.binary(Binary::Add, capped, bias)?,
        None => capped,
    };
    let weights = weights(n, masked, bias)?;
    let y = weighted_sum(n, weights, x.v, flat)?;
    let scores_output = match n.attributes.int("qk_matmul_output_mode", 0)? {
        0 => scores,
        1 => capped,
        2 => masked,
        3 => weights,
        mode => return Err(Fault::Invalid(format!("qk_matmul_output_mode {mode} is unknown"))),
    };
    Ok(vec![y, x.k, x.v, scores_output])
}

fn operands(n: &mut NodeContext, flat: bool) -> Result<Operands, Fault> {
    let mut heads = |index: usize, count: &str| {
        let x = n.input(index)?;
        if flat {
            return split_heads(n, x, n.attributes.required_int(count)?);
        }
        match n.rank(x) {
            4 => Ok(x),
            rank => Err(Fault::Invalid(format!("input {index} has {rank} dimensions, 4 are needed"))),
        }
    };
    let q = heads(0, "q_num_heads")?;
    let k = heads(1, "kv_num_heads")?;
    Ok(Operands { q, k, v: heads(2, "kv_num_heads")?, past: 0 })
}

/// `[batch, sequence, heads * size]` as `[batch, heads, sequence, size]`.
fn split_heads(n: &mut NodeContext, x: ValueId, heads: i64) -> Result<ValueId, Fault> {
    let &[batch, sequence, width] = n.shape(x).as_slice() else {
        return Err(Fault::Invalid(format!("{} must have 3 dimensions", n.ty(x))));
    };
    let heads = usize::try_from(heads).ok().filter(|&h| h > 0 && width % h == 0);
    let heads = heads.ok_or_else(|| Fault::Invalid(format!("the heads do not divide a width of {width}")))?;
    let split = n.reshape(x, &[batch, sequence, heads, width / heads])?;
    n.transpose(split, &[0, 2, 1, 3])
}

/// Queries in groups that share a key head: `[batch, key heads, queries per key, sequence, size]`.
fn grouped(n: &mut NodeContext, x: ValueId, key_heads: usize) -> Result<ValueId, Fault> {
    let shape = n.shape(x);
    let divides = key_heads > 0 && shape[1].is_multiple_of(key_heads);
    if !divides {
        return Err(Fault::Invalid(format!("{key_heads} key heads do not divide {} query heads", shape[1])));
    }
    n.reshape(x, &[shape[0], key_heads, shape[1] / key_heads, shape[2], shape[3]])
}

/// `a b` for each head; `b`'s heads are shared by groups of `a`'s.
fn product(n: &mut NodeContext, a: ValueId, b: ValueId, transpose_b: bool) -> Result<ValueId, Fault> {
    let op = Op::MatMul { transpose_a: false, transpose_b };
    let (a_shape, b_shape) = (n.shape(a), n.shape(b));
    if a_shape[1] == b_shape[1] {
        return n.push(op, &[a, b]);
    }
    let a = grouped(n, a, b_shape[1])?;
    let b = grouped(n, b, b_shape[1])?;
    let result = n.push(op, &[a, b])?;
    let columns = n.shape(result).last().copied().unwrap_or_default();
    n.reshape(result, &[a_shape[0], a_shape[1], a_shape[2], columns])
}

/// Q K^T * scale.
fn scores(n: &mut NodeContext, x: &Operands) -> Result<ValueId, Fault> {
    let size = n.shape(x.q).last().copied().unwrap_or(1).max(1);
    let scale = match n.attributes.maybe_float("scale")? {
        Some(scale) => f64::from(scale),
        None => 1.0 / (size as f64).sqrt(),
    };
    let q = n.with_scalar(Binary::Mul, x.q, scale)?;
    product(n, q, x.k, true)
}

/// cap * tanh(x / cap)
fn soft_cap(n: &mut NodeContext, x: ValueId, cap: f64) -> Result<ValueId, Fault> {
    let inner = n.with_scalar(Binary::Div, x, cap)?;
    let bounded = n.unary(Unary::Tanh, inner)?;
    n.with_scalar(Binary::Mul, bounded, cap)
}

/// What is added to the scores: the given mask, and minus infinity where positions must not see each other.
fn bias(n: &mut NodeContext, x: &Operands) -> Result<Option<ValueId>, Fault> {
    let dtype = n.dtype(x.q);
    let total = n.shape(x.k)[2];
    let mut terms = Vec::new();
    if let Some(mask) = n.optional(3) {
        let mask = if n.dtype(mask) == DType::Bool { minus_infinity_unless(n, mask, dtype)? } else { mask };
        terms.push(padded(n, mask, total)?);
    }
    let visible = visible(n, x, total)?;
    for visible in visible {
        terms.push(minus_infinity_unless(n, visible, dtype)?);
    }
    let mut sum = None;
    for term in terms {
        sum = Some(match sum {
            Some(sum) => n.binary(Binary::Add, sum, term)?,
            None => term,
        });
    }
    Ok(sum)
}

/// 0 where `visible`, else minus infinity.
fn minus_infinity_unless(n: &mut NodeContext, visible: ValueId, dtype: DType) -> Result<ValueId, Fault> {
    let (zero, infinity) = (n.scalar(dtype, 0.0), n.scalar(dtype, f64::NEG_INFINITY));
    n.push(Op::Select, &[visible, zero, infinity])
}

/// A mask whose last dimension is shorter than all keys hides the rest.
fn padded(n: &mut NodeContext, mask: ValueId, total: usize) -> Result<ValueId, Fault> {
    let shape = n.shape(mask);
    let missing = match shape.last() {
        Some(&width) if width > 1 => total.saturating_sub(width) as isize,
        _ => 0,
    };
    if missing == 0 {
        return Ok(mask);
    }
    let mut after = vec![0; shape.len()];
    after[shape.len() - 1] = missing;
    let mode = PadMode::Constant(f64::NEG_INFINITY);
    n.push(Op::Pad { before: vec![0; shape.len()], after, mode }, &[mask])
}

/// Which keys each query may see, by causality, window and the valid length of each sequence.
fn visible(n: &mut NodeContext, x: &Operands, total: usize) -> Result<Vec<ValueId>, Fault> {
    let queries = n.shape(x.q)[2];
    let rows = positions(n, queries, &[queries, 1])?;
    let columns = positions(n, total, &[1, total])?;
    let lengths = match n.optional(6) {
        Some(lengths) => {
            let batch = n.ty(lengths).elements();
            Some(n.reshape(lengths, &[batch, 1, 1, 1])?)
        }
        None => None,
    };
    let place = match lengths {
        Some(lengths) => {
            let offset = n.with_scalar(Binary::Sub, lengths, queries as f64)?;
            n.binary(Binary::Add, rows, offset)?
        }
        None => n.with_scalar(Binary::Add, rows, x.past as f64)?,
    };
    let mut result = Vec::new();
    if n.attributes.flag("is_causal", false)? {
        result.push(n.binary(Binary::GreaterOrEqual, place, columns)?);
    }
    for (name, from, to) in [("left_window_size", place, columns), ("right_window_size", columns, place)] {
        let width = n.attributes.int(name, -1)?;
        if width >= 0 {
            let distance = n.binary(Binary::Sub, from, to)?;
            result.push(n.with_scalar(Binary::LessOrEqual, distance, width as f64)?);
        }
    }
    if let Some(lengths) = lengths {
        result.push(n.binary(Binary::Less, columns, lengths)?);
    }
    Ok(result)
}

/// 0, 1, 2, … as i64.
fn positions(n: &mut NodeContext, count: usize, shape: &[usize]) -> Result<ValueId, Fault> {
    if count > 1 << 24 {
        return Err(Fault::Unsupported(format!("a sequence of {count} positions is too long")));
    }
    let list: Vec<i64> = (0..count as i64).collect();
    n.integers(DType::I64, shape, &list)
}

/// Softmax over keys; a row that sees nothing gets weight zero everywhere.
fn weights(n: &mut NodeContext, scores: ValueId, bias: Option<ValueId>) -> Result<ValueId, Fault> {
    let dtype = n.dtype(scores);
    let precision = n.attributes.maybe_int("softmax_precision")?.map(dtype::from_code).transpose()?.unwrap_or(dtype);
    let wide = n.cast(scores, precision)?;
    let axes = vec![n.rank(scores) - 1];
    let weights = n.push(Op::Softmax { axes, log: false }, &[wide])?;
    let weights = n.cast(weights, dtype)?;
    let Some(bias) = bias else { return Ok(weights) };
    let last = n.rank(bias) - 1;
    let largest = n.reduce(Reduction::Max, bias, &[last])?;
    let blind = n.with_scalar(Binary::Equal, largest, f64::NEG_INFINITY)?;
    if n.known(blind)?.and_then(|t| t.uniform()) == Some(0.0) {
        return Ok(weights);
    }
    let zero = n.scalar(dtype, 0.0);
    n.push(Op::Select, &[blind, zero, weights])
}

/// Weights times V, heads side by side again when they came so.
fn weighted_sum(n: &mut NodeContext, weights: ValueId, v: ValueId, flat: bool) -> Result<ValueId, Fault> {
    let y = product(n, weights, v, false)?;
    let &[batch, heads, sequence, size] = n.shape(y).as_slice() else {
        return Err(Fault::Invalid("the operands must have heads".into()));
    };
    if !flat {
        return Ok(y);
    }
    let y = n.transpose(y, &[0, 2, 1, 3])?;
    n.reshape(y, &[batch, sequence, heads * size])
}
