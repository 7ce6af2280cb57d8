//! Kernel, strides, dilations and padding of convolutions and pools, with automatic padding resolved.

use lathe_graph::op::Window;

use crate::translate::{Fault, NodeContext};

/// Extents in attributes beyond this are nonsense, and safe to multiply below it.
const MAX_ATTRIBUTE: i64 = 1 << 31;

/// How `auto_pad` pads.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum AutoPad {
    /// As `pads` says.
    Explicit,
    /// Not at all.
    Valid,
    /// So that the result has ceil(extent / stride) elements; the odd element at the end.
    SameUpper,
    /// As above; the odd element at the beginning.
    SameLower,
}

/// The `auto_pad` attribute.
pub(super) fn auto_pad(n: &NodeContext) -> Result<AutoPad, Fault> {
    Ok(match n.attributes.string("auto_pad", "NOTSET")? {
        "NOTSET" | "" => AutoPad::Explicit,
        "VALID" => AutoPad::Valid,
        "SAME_UPPER" => AutoPad::SameUpper,
        "SAME_LOWER" => AutoPad::SameLower,
        other => return Err(Fault::Invalid(format!("auto_pad '{other}' is unknown"))),
    })
}

/// A list attribute with one entry per spatial dimension, each at least `least`; `default` where it is left out.
pub(super) fn per_dimension(
    n: &NodeContext,
    name: &str,
    count: usize,
    least: i64,
    default: usize,
) -> Result<Vec<usize>, Fault> {
    let Some(list) = n.attributes.ints(name)? else { return Ok(vec![default; count]) };
    if list.len() != count || list.iter().any(|v| !(least..=MAX_ATTRIBUTE).contains(v)) {
        return Err(Fault::Invalid(format!(
            "{name} {list:?} must have {count} entries from {least} to {MAX_ATTRIBUTE}"
        )));
    }
    Ok(list.iter().map(|&v| v as usize).collect())
}

/// The window over the `spatial` extents, padded so that the geometry is explicit.
pub(super) fn resolve(n: &NodeContext, kernel: Vec<usize>, spatial: &[usize]) -> Result<Window, Fault> {
    let count = spatial.len();
    if kernel.iter().any(|&k| k == 0 || k as u64 > MAX_ATTRIBUTE as u64) {
        return Err(Fault::Invalid(format!("the kernel {kernel:?} is empty or too large")));
    }
    let strides = per_dimension(n, "strides", count, 1, 1)?;
    let dilations = per_dimension(n, "dilations", count, 1, 1)?;
    let mode = auto_pad(n)?;
    let (pad_before, pad_after) = match mode {
        AutoPad::Explicit => {
            let pads = per_dimension(n, "pads", 2 * count, 0, 0)?;
            (pads[..count].to_vec(), pads[count..].to_vec())
        }
        AutoPad::Valid => (vec![0; count], vec![0; count]),
        AutoPad::SameUpper | AutoPad::SameLower => {
            let total = |k: usize| {
                let span = dilations[k].saturating_mul(kernel[k] - 1).saturating_add(1);
                let covered = spatial[k].div_ceil(strides[k]).saturating_sub(1).saturating_mul(strides[k]);
                covered.saturating_add(span).saturating_sub(spatial[k])
            };
            (0..count).map(|k| halves(total(k), mode == AutoPad::SameUpper)).unzip()
        }
    };
    Ok(Window { kernel, strides, dilations, pad_before, pad_after })
}

/// Splits padding; the odd element goes to the end when `upper`.
pub(super) fn halves(total: usize, upper: bool) -> (usize, usize) {
    let (less, more) = (total / 2, total - total / 2);
    if upper { (less, more) } else { (more, less) }
}

/// The spatial extents of a value `N C spatial…`.
pub(super) fn spatial(n: &NodeContext, x: lathe_graph::ValueId) -> Result<Vec<usize>, Fault> {
    let shape = n.shape(x);
    match shape.get(2..) {
        Some(spatial) if !spatial.is_empty() => Ok(spatial.to_vec()),
        _ => Err(Fault::Invalid(format!("input 0 of shape {shape:?} has no spatial dimensions"))),
    }
}
