//! Convolution, direct form.
//!
//! Stages: `pad` (only where there is padding), `conv` (the reduction), `bias`. Weights are read in the model's layout
//! `[out, in/groups, kernel…]`; a schedule packs them. With one input channel a group the reduction has no channel
//! axis, which makes depthwise convolution a program of its own shape.

use lathe_graph::op::{Layout, Window};

use super::error::Refusal;
use super::image::{Geometry, Image, reduce_axes, spatial_names};
use super::kind::AnchorKind;
use super::lowered::Lowered;
use crate::expr::Expr;
use crate::program::build::{Builder, Operand, plus, scaled};
use crate::program::{Combiner, StageId};

/// Correlation of `x` with `weights`, plus `bias`.
pub(super) fn conv(
    b: &mut Builder,
    x: &Operand,
    weights: &Operand,
    bias: Option<&Operand>,
    window: &Window,
    groups: i64,
    layout: Layout,
) -> Result<Lowered, Refusal> {
    let image = Image::of(x, layout)?;
    let g = Geometry::of(window, image.spatial)?;
    let (n, size, c) = image.split(&x.shape);
    let (oc, ic) = match weights.shape.as_slice() {
        &[oc, ic, ..] if weights.rank() == x.rank() && groups > 0 && ic * groups == c && oc % groups == 0 => (oc, ic),
        _ => return Err(Refusal::Malformed("weights do not fit image and groups")),
    };
    let mut out = vec![];
    for (k, &extent) in size.iter().enumerate() {
        let fits = usize::try_from(extent).ok().and_then(|e| window.output_extent(k, e));
        out.push(fits.ok_or(Refusal::Malformed("the kernel does not fit the image"))? as i64);
    }
    let reach: Vec<i64> = (0..image.spatial).map(|k| g.reach(k, out[k])).collect();
    let padded = image.padded(b, x, &g.before, &reach);
    let pad = (padded.buffer != x.buffer).then(|| b.last_stage());

    let mut names = spatial_names("k", image.spatial);
    names.push("ic".to_string());
    let extents: Vec<i64> = g.kernel.iter().copied().chain([ic]).collect();
    let (reduce, at) = reduce_axes(&names, &extents, x.rank());
    let (taps, at_ic) = (&at[..image.spatial], &at[image.spatial]);
    let (at_n, at_o, at_oc) = image.point();
    let source: Vec<Expr> = (0..image.spatial)
        .map(|k| plus(scaled(at_o[k].clone(), g.strides[k]), scaled(taps[k].clone(), g.dilations[k])))
        .collect();
    let channel = input_channel(&at_oc, at_ic.clone(), oc / groups, ic, groups);
    let mut weight_index = vec![at_oc, at_ic.clone()];
    weight_index.extend_from_slice(taps);
    let value = b.read(&padded, image.place(at_n, &source, channel)) * b.read(weights, weight_index);
    let axes = image.axes("o", n, &out, oc);
    let name = if groups > 1 && ic == 1 { "dwconv" } else { "conv" };
    let sum = b.reduce(name, x.dtype, axes, reduce, Combiner::Sum, value);
    let anchor = b.last_stage();
    let result = biased(b, &image, sum, bias, x.dtype);
    Ok(Lowered { outputs: vec![result], anchor, kind: kind(&g, layout, groups, ic, oc / groups, pad) })
}

/// The channel of the image that tap `at_ic` of result channel `at_oc` reads: `at_oc / per_group * ic + at_ic`.
fn input_channel(at_oc: &Expr, at_ic: Expr, per_group: i64, ic: i64, groups: i64) -> Expr {
    if groups == 1 {
        return at_ic;
    }
    let group = if per_group == 1 { at_oc.clone() } else { at_oc.clone() / Expr::Index(per_group) };
    plus(scaled(group, ic), at_ic)
}

fn kind(g: &Geometry, layout: Layout, groups: i64, ic: i64, multiplier: i64, pad: Option<StageId>) -> AnchorKind {
    let (kernel, strides, dilations) = (g.kernel.clone(), g.strides.clone(), g.dilations.clone());
    if groups > 1 && ic == 1 {
        AnchorKind::DepthwiseConv { layout, multiplier, kernel, strides, dilations, pad }
    } else {
        AnchorKind::Conv { layout, groups, kernel, strides, dilations, pad }
    }
}

/// `sum` plus `bias` by channel, rounded to `dtype`.
pub(super) fn biased(
    b: &mut Builder,
    image: &Image,
    sum: Operand,
    bias: Option<&Operand>,
    dtype: lathe_graph::DType,
) -> Operand {
    let Some(bias) = bias.filter(|bias| !bias.zero) else { return b.rounded(sum, dtype) };
    let (n, size, c) = image.split(&sum.shape);
    let (at_n, at, at_c) = image.point();
    let value = b.read(&sum, image.place(at_n, &at, at_c.clone())) + b.read(bias, vec![at_c]);
    b.map("bias", dtype, image.axes("o", n, &size, c), value)
}
