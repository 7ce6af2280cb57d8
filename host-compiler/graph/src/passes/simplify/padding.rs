//! A convolution pads with zeros by itself, and so does an average that counts its padding.

use super::Step;
use crate::graph::ValueId;
use crate::op::{Layout, Op, PadMode, Pool, Window};
use crate::passes::rewriter::Rewriter;

pub(super) fn rule(r: &Rewriter, op: &Op, inputs: &[ValueId]) -> Option<Step> {
    let pad = r.source(*inputs.first()?)?;
    let Op::Pad { before, after, mode: PadMode::Constant(0.0) } = &pad.op else { return None };
    let mut op = op.clone();
    match &mut op {
        Op::Conv { window, layout, .. } => widen(window, *layout, before, after)?,
        Op::Pool { pool: Pool::Average { count_padding }, window, layout, .. } => {
            let bare = window.pad_before.iter().chain(&window.pad_after).all(|&p| p == 0);
            (*count_padding || bare).then_some(())?;
            *count_padding = true;
            widen(window, *layout, before, after)?;
        }
        _ => return None,
    }
    let mut inputs = inputs.to_vec();
    inputs[0] = *pad.inputs.first()?;
    Some(Step::Node(op, inputs))
}

/// Adds padding to a window; `None` if it crops, or pads other than spatial dimensions.
fn widen(window: &mut Window, layout: Layout, before: &[isize], after: &[isize]) -> Option<()> {
    let spatial: Vec<usize> = (0..window.kernel.len()).map(|k| layout.spatial_axis(k)).collect();
    let outside = (0..before.len()).filter(|d| !spatial.contains(d)).all(|d| before[d] == 0 && after[d] == 0);
    outside.then_some(())?;
    for (k, &d) in spatial.iter().enumerate() {
        window.pad_before[k] = window.pad_before[k].checked_add(usize::try_from(before[d]).ok()?)?;
        window.pad_after[k] = window.pad_after[k].checked_add(usize::try_from(after[d]).ok()?)?;
    }
    Some(())
}
