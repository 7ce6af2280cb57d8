//! Conv and ConvTranspose.

use lathe_graph::op::{Layout, Window};
use lathe_graph::{Op, ValueId};

use super::window::{self, AutoPad};
use crate::translate::{Fault, NodeContext};

/// Number of groups.
fn groups(n: &NodeContext) -> Result<usize, Fault> {
    let groups = n.attributes.int("group", 1)?;
    usize::try_from(groups)
        .ok()
        .filter(|&g| g > 0)
        .ok_or_else(|| Fault::Invalid(format!("group {groups} is impossible")))
}

/// The kernel's extents, from the weights; the attribute, if given, must agree.
fn kernel(n: &NodeContext, weights: ValueId, spatial: usize) -> Result<Vec<usize>, Fault> {
    let shape = n.shape(weights);
    let kernel = shape.get(2..).filter(|k| k.len() == spatial);
    let kernel = kernel.ok_or_else(|| Fault::Invalid(format!("weights of shape {shape:?} do not fit the input")))?;
    let declared = n.attributes.ints("kernel_shape")?;
    if declared.is_some_and(|d| d.len() != spatial || d.iter().zip(kernel).any(|(&d, &k)| d != k as i64)) {
        return Err(Fault::Invalid(format!("kernel_shape contradicts weights of shape {shape:?}")));
    }
    Ok(kernel.to_vec())
}

/// The operands: image, weights and bias, if there is one.
fn operands(n: &NodeContext) -> Result<Vec<ValueId>, Fault> {
    let mut operands = vec![n.input(0)?, n.input(1)?];
    operands.extend(n.optional(2));
    Ok(operands)
}

/// Correlation.
pub(super) fn conv(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let operands = operands(n)?;
    let spatial = window::spatial(n, operands[0])?;
    let kernel = kernel(n, operands[1], spatial.len())?;
    let window = window::resolve(n, kernel, &spatial)?;
    let op = Op::Conv { window, groups: groups(n)?, layout: Layout::ChannelsFirst };
    Ok(vec![n.push(op, &operands)?])
}

/// Transposed convolution; with `output_shape` or automatic padding the padding follows from the result's extents.
pub(super) fn conv_transpose(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let operands = operands(n)?;
    let spatial = window::spatial(n, operands[0])?;
    let kernel = kernel(n, operands[1], spatial.len())?;
    let count = spatial.len();
    let mut window = Window {
        strides: window::per_dimension(n, "strides", count, 1, 1)?,
        dilations: window::per_dimension(n, "dilations", count, 1, 1)?,
        kernel,
        pad_before: vec![0; count],
        pad_after: vec![0; count],
    };
    let mut output_padding = window::per_dimension(n, "output_padding", count, 0, 0)?;
    let mode = window::auto_pad(n)?;
    if let Some(wanted) = wanted_extents(n, mode, &spatial, &window)? {
        for k in 0..count {
            let full = full_extent(&window, k, spatial[k]).saturating_add(output_padding[k]);
            match full.checked_sub(wanted[k]) {
                Some(total) => {
                    (window.pad_before[k], window.pad_after[k]) = window::halves(total, mode == AutoPad::SameUpper);
                }
                None => output_padding[k] = output_padding[k].saturating_add(wanted[k] - full),
            }
        }
    } else if mode == AutoPad::Explicit {
        let pads = window::per_dimension(n, "pads", 2 * count, 0, 0)?;
        (window.pad_before, window.pad_after) = (pads[..count].to_vec(), pads[count..].to_vec());
    }
    let op = Op::ConvTranspose { window, groups: groups(n)?, output_padding, layout: Layout::ChannelsFirst };
    Ok(vec![n.push(op, &operands)?])
}

/// The result's extents, where they are given rather than following from the padding.
fn wanted_extents(
    n: &NodeContext,
    mode: AutoPad,
    spatial: &[usize],
    window: &Window,
) -> Result<Option<Vec<usize>>, Fault> {
    if n.attributes.has("output_shape") {
        let list = n.attributes.ints("output_shape")?.unwrap_or_default();
        if list.len() == spatial.len() {
            return Ok(Some(window::per_dimension(n, "output_shape", spatial.len(), 1, 1)?));
        }
        return Err(Fault::Invalid(format!("output_shape {list:?} must have one entry per spatial dimension")));
    }
    let same = matches!(mode, AutoPad::SameUpper | AutoPad::SameLower);
    let scaled = || spatial.iter().zip(&window.strides).map(|(&n, &s)| n.saturating_mul(s)).collect();
    Ok(same.then(scaled))
}

/// Extent of the result without padding: (extent - 1) * stride + span.
fn full_extent(window: &Window, k: usize, extent: usize) -> usize {
    let span = window.dilations[k].saturating_mul(window.kernel[k].saturating_sub(1)).saturating_add(1);
    extent.saturating_sub(1).saturating_mul(window.strides[k]).saturating_add(span)
}
