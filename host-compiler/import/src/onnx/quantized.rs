//! DequantizeLinear of stored weights. Quantised activations are recognised and refused.

use lathe_graph::{Op, ValueId};

use crate::translate::{Fault, NodeContext};

/// (x - zero point) * scale of a constant.
pub(super) fn dequantize(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let (x, scale) = (n.input(0)?, n.input(1)?);
    let parameters = [Some(x), Some(scale), n.optional(2)];
    for value in parameters.into_iter().flatten() {
        if !n.is_constant(value) {
            return Err(Fault::quantised());
        }
    }
    if n.attributes.int("block_size", 0)? != 0 || n.rank(scale) > 1 {
        return Err(Fault::Unsupported("parameters per block are not supported".into()));
    }
    let one_for_all = n.rank(scale) == 0 || (n.shape(scale) == [1] && n.rank(x) != 1);
    let per_channel = if one_for_all { Vec::new() } else { n.shape(scale) };
    let axis = if one_for_all { 0 } else { n.axis(n.attributes.int("axis", 1)?, n.rank(x))? };
    let scale = n.reshape(scale, &per_channel)?;
    let zero_point = match n.optional(2) {
        Some(zero_point) => n.reshape(zero_point, &per_channel)?,
        None => n.filled(n.dtype(x), &per_channel, 0.0)?,
    };
    Ok(vec![n.push(Op::Dequantize { axis }, &[x, scale, zero_point])?])
}
