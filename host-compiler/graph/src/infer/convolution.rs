//! Inference of operators with spatial windows: convolutions, pools and resizing.

use super::{InferError, Operands};
use crate::op::{Layout, Op, Pool, Window};
use crate::tensor::TensorType;

pub(super) fn infer(op: &Op, x: &Operands) -> Result<Vec<TensorType>, InferError> {
    match op {
        Op::Conv { window, groups, layout } => {
            let (channels, spatial) = image_and_weights(x, window, *groups, *layout)?;
            let weights = x.shape(1);
            if weights[1].checked_mul(*groups) != Some(channels) || !weights[0].is_multiple_of(*groups) {
                return Err(x.error(format!(
                    "weights of shape {weights:?} in {groups} group(s) do not fit an input of {channels} channel(s)"
                )));
            }
            bias(x, weights[0])?;
            let extent = |k: usize| {
                let does_not_fit = || x.error(format!("the kernel does not fit spatial dimension {k} of {spatial:?}"));
                window.output_extent(k, spatial[k]).ok_or_else(does_not_fit)
            };
            let out = (0..spatial.len()).map(extent).collect::<Result<Vec<_>, _>>()?;
            x.one(x.dtype(0), image_shape(x.shape(0)[0], weights[0], &out, *layout))
        }
        Op::ConvTranspose { window, groups, output_padding, layout } => {
            let (channels, spatial) = image_and_weights(x, window, *groups, *layout)?;
            let weights = x.shape(1);
            if weights[0] != channels || channels % groups != 0 {
                return Err(x.error(format!(
                    "weights of shape {weights:?} in {groups} group(s) do not fit an input of {channels} channel(s)"
                )));
            }
            let out_channels = weights[1].checked_mul(*groups).ok_or_else(|| x.overflow())?;
            bias(x, out_channels)?;
            x.entries("output_padding", output_padding.len(), spatial.len())?;
            let extent = |k: usize| transposed_extent(window, k, spatial[k], output_padding[k]);
            let out = (0..spatial.len()).map(extent).collect::<Option<Vec<_>>>();
            let out = out.ok_or_else(|| x.error("padding removes the whole result, or extents are too large"))?;
            x.one(x.dtype(0), image_shape(x.shape(0)[0], out_channels, &out, *layout))
        }
        Op::Pool { pool, window, output, layout } => {
            x.exactly(1)?;
            if *pool == Pool::Max {
                x.number(0)?
            } else {
                x.float(0)?
            }
            let (channels, spatial) = image(x, *layout)?;
            check_window(x, window, spatial.len())?;
            x.entries("output", output.len(), spatial.len())?;
            for (k, &out) in output.iter().enumerate() {
                check_pool_extent(x, window, k, spatial[k], out)?;
            }
            x.one(x.dtype(0), image_shape(x.shape(0)[0], channels, output, *layout))
        }
        Op::Resize { sizes, scales, .. } => {
            x.exactly(1)?;
            x.number(0)?;
            let shape = x.shape(0);
            x.entries("sizes", sizes.len(), shape.len())?;
            x.entries("scales", scales.len(), shape.len())?;
            if scales.iter().any(|s| !(s.is_finite() && *s > 0.0)) {
                return Err(x.error(format!("scales {scales:?} must be positive")));
            }
            if shape.iter().zip(sizes).any(|(&n, &m)| n == 0 && m > 0) {
                return Err(x.error(format!("an empty tensor of shape {shape:?} cannot be resized to {sizes:?}")));
            }
            x.one(x.dtype(0), sizes.clone())
        }
        _ => unreachable!("not a window operator"),
    }
}

/// Checks the operands convolutions share; channels and spatial extents of the input.
fn image_and_weights(
    x: &Operands,
    window: &Window,
    groups: usize,
    layout: Layout,
) -> Result<(usize, Vec<usize>), InferError> {
    x.between(2, 3)?;
    x.number(0)?;
    x.same_dtype(1..x.types.len())?;
    let (channels, spatial) = image(x, layout)?;
    x.rank(1, x.shape(0).len())?;
    check_window(x, window, spatial.len())?;
    if x.shape(1)[2..] != window.kernel {
        return Err(x.error(format!("weights of shape {:?} do not have a {:?} kernel", x.shape(1), window.kernel)));
    }
    if groups == 0 {
        return Err(x.error("the number of groups is zero"));
    }
    Ok((channels, spatial))
}

fn image(x: &Operands, layout: Layout) -> Result<(usize, Vec<usize>), InferError> {
    x.rank_at_least(0, 3)?;
    let shape = x.shape(0);
    let spatial = (0..shape.len() - 2).map(|k| shape[layout.spatial_axis(k)]).collect();
    Ok((shape[layout.channel_axis(shape.len())], spatial))
}

fn image_shape(batch: usize, channels: usize, spatial: &[usize], layout: Layout) -> Vec<usize> {
    match layout {
        Layout::ChannelsFirst => [&[batch, channels], spatial].concat(),
        Layout::ChannelsLast => [&[batch], spatial, &[channels]].concat(),
    }
}

fn bias(x: &Operands, channels: usize) -> Result<(), InferError> {
    if x.types.len() > 2 { x.shape_is(2, &[channels]) } else { Ok(()) }
}

fn check_window(x: &Operands, window: &Window, spatial: usize) -> Result<(), InferError> {
    x.entries("kernel", window.kernel.len(), spatial)?;
    x.entries("strides", window.strides.len(), spatial)?;
    x.entries("dilations", window.dilations.len(), spatial)?;
    x.entries("pad_before", window.pad_before.len(), spatial)?;
    x.entries("pad_after", window.pad_after.len(), spatial)?;
    let positive = [&window.kernel, &window.strides, &window.dilations].iter().all(|v| v.iter().all(|&n| n > 0));
    if positive { Ok(()) } else { Err(x.error("kernel extents, strides and dilations must be positive")) }
}

/// Extent of a transposed convolution's result: (n - 1) * stride + span + output padding - padding.
fn transposed_extent(window: &Window, k: usize, n: usize, output_padding: usize) -> Option<usize> {
    let span = window.dilations[k].checked_mul(window.kernel[k].checked_sub(1)?)?.checked_add(1)?;
    let full = n.checked_sub(1)?.checked_mul(window.strides[k])?.checked_add(span)?.checked_add(output_padding)?;
    full.checked_sub(window.pad_before[k])?.checked_sub(window.pad_after[k])
}

/// Checks that the last window starts inside the padded dimension.
fn check_pool_extent(x: &Operands, window: &Window, k: usize, n: usize, out: usize) -> Result<(), InferError> {
    let padded = n.checked_add(window.pad_before[k]).and_then(|p| p.checked_add(window.pad_after[k]));
    let padded = padded.filter(|&p| p < 1 << 40).ok_or_else(|| x.overflow())?;
    let span = window.dilations[k].checked_mul(window.kernel[k] - 1);
    span.filter(|&s| s < 1 << 40).ok_or_else(|| x.overflow())?;
    let last = out.saturating_sub(1).checked_mul(window.strides[k]);
    if out == 0 || last.is_some_and(|l| l < padded) {
        return Ok(());
    }
    Err(x.error(format!("{out} windows do not fit spatial dimension {k} of extent {n}")))
}
