//! MaxPool, AveragePool, LpPool and their global forms.

use lathe_graph::op::{Layout, Pool, Reduction, Window};
use lathe_graph::{DType, Op, ValueId};

use super::{max_pool_indices, window};
use crate::translate::{Fault, NodeContext, extents};

/// Largest element of each window.
pub(super) fn max_pool(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let x = n.input(0)?;
    let dtype = n.dtype(x);
    let narrow = matches!(dtype, DType::I8 | DType::U8);
    let x = if narrow { n.cast(x, DType::I32)? } else { x };
    let (window, output) = geometry(n, x)?;
    let indices = if n.wants(1) { Some(max_pool_indices::indices(n, x, &window, &output)?) } else { None };
    let result = n.push(Op::Pool { pool: Pool::Max, window, output, layout: Layout::ChannelsFirst }, &[x])?;
    let mut results = vec![n.cast(result, dtype)?];
    results.extend(indices);
    Ok(results)
}

/// Mean of each window.
pub(super) fn average_pool(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let count_padding = n.attributes.flag("count_include_pad", false)?;
    let x = n.input(0)?;
    Ok(vec![pooled(n, x, Pool::Average { count_padding })?])
}

/// p-norm of each window.
pub(super) fn lp_pool(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let p = norm_order(n)?;
    let x = n.input(0)?;
    Ok(vec![pooled(n, x, Pool::Lp { p })?])
}

fn norm_order(n: &NodeContext) -> Result<u32, Fault> {
    let p = n.attributes.int("p", 2)?;
    u32::try_from(p).ok().filter(|&p| p > 0).ok_or_else(|| Fault::Invalid(format!("p {p} is no norm")))
}

fn pooled(n: &mut NodeContext, x: ValueId, pool: Pool) -> Result<ValueId, Fault> {
    let (window, output) = geometry(n, x)?;
    n.push(Op::Pool { pool, window, output, layout: Layout::ChannelsFirst }, &[x])
}

/// The window and the result's spatial extents.
fn geometry(n: &NodeContext, x: ValueId) -> Result<(Window, Vec<usize>), Fault> {
    let spatial = window::spatial(n, x)?;
    let kernel = n.attributes.ints("kernel_shape")?.ok_or_else(|| Fault::Invalid("kernel_shape is missing".into()))?;
    let kernel = extents(kernel, "kernel_shape")?;
    if kernel.len() != spatial.len() {
        return Err(Fault::Invalid(format!("kernel_shape {kernel:?} does not fit spatial extents {spatial:?}")));
    }
    let window = window::resolve(n, kernel, &spatial)?;
    let ceil = n.attributes.flag("ceil_mode", false)? && window::auto_pad(n)? == window::AutoPad::Explicit;
    let mut output = Vec::with_capacity(spatial.len());
    for k in 0..spatial.len() {
        let extent = if ceil { ceil_extent(&window, k, spatial[k]) } else { window.output_extent(k, spatial[k]) };
        output.push(extent.ok_or_else(|| {
            Fault::Invalid(format!("the kernel {:?} is larger than the padded input {spatial:?}", window.kernel))
        })?);
    }
    Ok((window, output))
}

/// Windows in dimension `k` when a last one may run past the padding, as long as it starts before it.
fn ceil_extent(window: &Window, k: usize, extent: usize) -> Option<usize> {
    let span = window.dilations[k].checked_mul(window.kernel[k].checked_sub(1)?)?.checked_add(1)?;
    let padded = extent.checked_add(window.pad_before[k])?.checked_add(window.pad_after[k])?;
    let count = padded.checked_sub(span)?.div_ceil(window.strides[k]).checked_add(1)?;
    let starts_in_padding = (count - 1).checked_mul(window.strides[k])? >= extent.checked_add(window.pad_before[k])?;
    Some(if starts_in_padding { count - 1 } else { count })
}

/// One element per channel: mean, maximum or p-norm of the whole image.
pub(super) fn global(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let reduction = match n.operator() {
        "GlobalAveragePool" => Reduction::Mean,
        "GlobalMaxPool" => Reduction::Max,
        _ => match norm_order(n)? {
            1 => Reduction::L1,
            2 => Reduction::L2,
            p => return Err(Fault::Unsupported(format!("the global {p}-norm is not supported, only 1 and 2 are"))),
        },
    };
    let x = n.input(0)?;
    window::spatial(n, x)?;
    let axes: Vec<usize> = (2..n.rank(x)).collect();
    Ok(vec![n.reduce(reduction, x, &axes)?])
}
