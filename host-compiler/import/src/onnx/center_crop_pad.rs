//! CenterCropPad: cut or padded with zeros around the middle.

use lathe_graph::op::PadMode;
use lathe_graph::{Op, ValueId};

use crate::translate::{Fault, NodeContext, extents};

pub(super) fn translate(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let x = n.input(0)?;
    n.input(1)?;
    let wanted = n.constant_ints(1, "the shape of the result")?.unwrap_or_default();
    let wanted = extents(&wanted, "the shape")?;
    let shape = n.shape(x);
    let axes: Vec<usize> = match n.attributes.ints("axes")? {
        Some(axes) => axes.iter().map(|&a| n.axis(a, shape.len())).collect::<Result<_, _>>()?,
        None => (0..shape.len()).collect(),
    };
    if axes.len() != wanted.len() || wanted.iter().any(|&w| w > 1 << 40) {
        return Err(Fault::Invalid(format!("{wanted:?} must have one extent for each of {} axes", axes.len())));
    }
    let mut result = x;
    let (mut before, mut after) = (vec![0; shape.len()], vec![0; shape.len()]);
    for (&axis, &wanted) in axes.iter().zip(&wanted) {
        if wanted <= shape[axis] {
            result = n.slice(result, axis, (shape[axis] - wanted) / 2, wanted)?;
        } else {
            let missing = wanted - shape[axis];
            before[axis] = (missing / 2) as isize;
            after[axis] = (missing - missing / 2) as isize;
        }
    }
    if after.iter().all(|&a| a == 0) {
        return Ok(vec![result]);
    }
    Ok(vec![n.push(Op::Pad { before, after, mode: PadMode::Constant(0.0) }, &[result])?])
}
