//! Reshape, Flatten, Squeeze, Unsqueeze: other shapes of the same elements.

use lathe_graph::ValueId;

use crate::translate::{Fault, NodeContext};

/// 0 copies a dimension (unless `allowzero`), -1 is what remains.
pub(super) fn reshape(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let x = n.input(0)?;
    n.input(1)?;
    let wanted = n.constant_ints(1, "the shape of the result")?.unwrap_or_default();
    let copy_zero = !n.attributes.flag("allowzero", false)?;
    let shape = resolve(&n.shape(x), &wanted, copy_zero)
        .ok_or_else(|| Fault::Invalid(format!("{} cannot become {wanted:?}", n.ty(x))))?;
    Ok(vec![n.reshape(x, &shape)?])
}

fn resolve(from: &[usize], wanted: &[i64], copy_zero: bool) -> Option<Vec<usize>> {
    let mut shape = Vec::with_capacity(wanted.len());
    let mut open = None;
    for (i, &extent) in wanted.iter().enumerate() {
        match extent {
            0 if copy_zero => shape.push(*from.get(i)?),
            -1 if open.is_none() => {
                open = Some(i);
                shape.push(1);
            }
            _ => shape.push(usize::try_from(extent).ok()?),
        }
    }
    let Some(open) = open else { return Some(shape) };
    let known = shape.iter().try_fold(1usize, |product, &d| product.checked_mul(d))?;
    let elements: usize = from.iter().product();
    shape[open] = elements.checked_div(known)?;
    Some(shape)
}

/// Two dimensions: what is before `axis`, and the rest.
pub(super) fn flatten(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let x = n.input(0)?;
    let shape = n.shape(x);
    let axis = n.attributes.int("axis", 1)?;
    let axis = if axis == shape.len() as i64 { shape.len() } else { n.axis(axis, shape.len())? };
    let (outer, inner) = shape.split_at(axis);
    Ok(vec![n.reshape(x, &[outer.iter().product(), inner.iter().product()])?])
}

/// Without the dimensions `axes` of extent 1 (all of them by default).
pub(super) fn squeeze(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let x = n.input(0)?;
    let shape = n.shape(x);
    let axes = match axes_argument(n)? {
        Some(axes) => n.axes(&axes, shape.len())?,
        None => (0..shape.len()).filter(|&d| shape[d] == 1).collect(),
    };
    if let Some(&axis) = axes.iter().find(|&&d| shape[d] != 1) {
        return Err(Fault::Invalid(format!("dimension {axis} has extent {} and cannot be dropped", shape[axis])));
    }
    let kept: Vec<usize> = (0..shape.len()).filter(|d| !axes.contains(d)).map(|d| shape[d]).collect();
    Ok(vec![n.reshape(x, &kept)?])
}

/// With new dimensions of extent 1 at `axes` of the result.
pub(super) fn unsqueeze(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let x = n.input(0)?;
    let axes = axes_argument(n)?.ok_or_else(|| Fault::Invalid("the axes are missing".into()))?;
    let mut shape = n.shape(x);
    for axis in n.axes(&axes, shape.len() + axes.len())? {
        shape.insert(axis, 1);
    }
    Ok(vec![n.reshape(x, &shape)?])
}

/// The axes: an attribute before opset 13, an input since.
fn axes_argument(n: &mut NodeContext) -> Result<Option<Vec<i64>>, Fault> {
    if n.opset() < 13 {
        return Ok(n.attributes.ints("axes")?.map(<[i64]>::to_vec));
    }
    n.constant_ints(1, "the shape of the result")
}
