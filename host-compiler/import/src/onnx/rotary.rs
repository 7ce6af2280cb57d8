//! RotaryEmbedding: pairs of elements rotated by an angle that depends on the position.

use lathe_graph::op::Binary;
use lathe_graph::{Op, ValueId};

use crate::translate::{Fault, NodeContext};

pub(super) fn translate(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let input = n.input(0)?;
    let shape = n.shape(input);
    let x = by_position(n, input)?;
    let size = n.shape(x)[3];
    let rotated = match n.attributes.int("rotary_embedding_dim", 0)? {
        0 => size,
        given => usize::try_from(given).ok().filter(|&r| r <= size).unwrap_or(0),
    };
    if rotated == 0 || rotated % 2 != 0 {
        return Err(Fault::Invalid(format!("an even part of {size} elements must be rotated")));
    }
    let (cos, sin) = (angle(n, 1)?, angle(n, 2)?);
    let turned = rotate(n, x, rotated, cos, sin)?;
    let result = if rotated < size {
        let rest = n.slice(x, 3, rotated, size - rotated)?;
        n.push(Op::Concat { axis: 3 }, &[turned, rest])?
    } else {
        turned
    };
    let result = if shape.len() == 4 { n.transpose(result, &[0, 2, 1, 3])? } else { n.reshape(result, &shape)? };
    Ok(vec![result])
}

/// The input as `[batch, sequence, heads, size]`.
fn by_position(n: &mut NodeContext, x: ValueId) -> Result<ValueId, Fault> {
    match n.shape(x)[..] {
        [_, _, _, _] => n.transpose(x, &[0, 2, 1, 3]),
        [batch, sequence, width] => {
            let heads = n.attributes.int("num_heads", 0)?;
            let heads = usize::try_from(heads).ok().filter(|&h| h > 0 && width % h == 0);
            let heads = heads.ok_or_else(|| Fault::Invalid(format!("num_heads does not divide a width of {width}")))?;
            n.reshape(x, &[batch, sequence, heads, width / heads])
        }
        _ => Err(Fault::Invalid(format!("{} must have 3 or 4 dimensions", n.ty(x)))),
    }
}

/// Cosines or sines as `[batch, sequence, 1, half]`, looked up by position where positions are given.
fn angle(n: &mut NodeContext, index: usize) -> Result<ValueId, Fault> {
    let mut cache = n.input(index)?;
    if let Some(positions) = n.optional(3) {
        cache = n.push(Op::Gather { axis: 0 }, &[cache, positions])?;
    }
    match n.shape(cache)[..] {
        [batch, sequence, half] => n.reshape(cache, &[batch, sequence, 1, half]),
        _ => Err(Fault::Invalid(format!("the cache {} must have 3 dimensions", n.ty(cache)))),
    }
}

/// (a cos - b sin, a sin + b cos) of each pair: neighbours when interleaved, else halves.
fn rotate(n: &mut NodeContext, x: ValueId, size: usize, cos: ValueId, sin: ValueId) -> Result<ValueId, Fault> {
    let interleaved = n.attributes.flag("interleaved", false)?;
    let part = n.slice(x, 3, 0, size)?;
    let shape = n.shape(part);
    let half = size / 2;
    let mut wide = shape.clone();
    wide.splice(3.., if interleaved { [half, 2] } else { [2, half] });
    let pair_axis = if interleaved { 4 } else { 3 };
    let pairs = n.reshape(part, &wide)?;
    let mut flat = shape.clone();
    flat[3] = half;
    let element = |n: &mut NodeContext, i: usize| {
        let one = n.slice(pairs, pair_axis, i, 1)?;
        n.reshape(one, &flat)
    };
    let (a, b) = (element(n, 0)?, element(n, 1)?);
    let (a_cos, b_sin) = (n.binary(Binary::Mul, a, cos)?, n.binary(Binary::Mul, b, sin)?);
    let (a_sin, b_cos) = (n.binary(Binary::Mul, a, sin)?, n.binary(Binary::Mul, b, cos)?);
    let real = n.binary(Binary::Sub, a_cos, b_sin)?;
    let imaginary = n.binary(Binary::Add, a_sin, b_cos)?;
    let mut single = wide;
    single[pair_axis] = 1;
    let (real, imaginary) = (n.reshape(real, &single)?, n.reshape(imaginary, &single)?);
    let joined = n.push(Op::Concat { axis: pair_axis }, &[real, imaginary])?;
    n.reshape(joined, &shape)
}
