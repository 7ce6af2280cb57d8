//! Transposed convolution, gather form.
//!
//! Result pixel `o` receives input pixel `y` through tap `k` where `y * stride + k * dilation = o + pad`. Without
//! dilation the taps of one result pixel are `(o + pad) % stride + t * stride` for `t` in `0..ceil(kernel / stride)`,
//! read from `(o + pad) / stride - t`: no tap is tried in vain but for the last `t` of an uneven kernel. With dilation
//! every tap is tried and those that fall between pixels are skipped. The image is padded with the zeros this reads.

use lathe_graph::op::{Layout, Window};

use super::conv::biased;
use super::error::Refusal;
use super::image::{Geometry, Image, reduce_axes, spatial_names};
use super::kind::AnchorKind;
use super::lowered::Lowered;
use crate::expr::{CompareFn, Expr};
use crate::program::Combiner;
use crate::program::build::{Builder, Operand, compute_type, guarded, offset, plus, scaled};

/// Where one spatial dimension reads: image and kernel index, and when.
struct Tap {
    image: Expr,
    kernel: Expr,
    condition: Option<Expr>,
}

/// What the image is convolved with.
pub(super) struct Weights<'a> {
    /// `[in, out/groups, kernel…]`
    pub(super) kernel: &'a Operand,
    /// `[out]`
    pub(super) bias: Option<&'a Operand>,
    pub(super) groups: i64,
}

/// Transposed convolution of `x` with `weights`; `out` are the result's spatial extents.
pub(super) fn conv_transpose(
    b: &mut Builder,
    x: &Operand,
    weights: Weights,
    window: &Window,
    layout: Layout,
    out: &[i64],
) -> Result<Lowered, Refusal> {
    let Weights { kernel: weights, bias, groups } = weights;
    let image = Image::of(x, layout)?;
    let g = Geometry::of(window, image.spatial)?;
    let (n, _, c) = image.split(&x.shape);
    let per_group = match weights.shape.as_slice() {
        &[ic, per_group, ..] if weights.rank() == x.rank() && groups > 0 && ic == c && c % groups == 0 => per_group,
        _ => return Err(Refusal::Malformed("weights do not fit image and groups")),
    };
    if out.len() != image.spatial {
        return Err(Refusal::Malformed("the result does not fit the operand's rank"));
    }
    let taps: Vec<i64> = (0..image.spatial).map(|k| tap_count(&g, k)).collect();
    let before: Vec<i64> = (0..image.spatial).map(|k| zeros_before(&g, k)).collect();
    let extents: Vec<i64> =
        (0..image.spatial).map(|k| before[k] + ((out[k] - 1 + g.before[k]) / g.strides[k] + 1).max(0)).collect();
    let padded = image.padded(b, x, &before, &extents);
    let pad = (padded.buffer != x.buffer).then(|| b.last_stage());
    let before = if pad.is_some() { before } else { vec![0; image.spatial] };

    let mut names = spatial_names("k", image.spatial);
    names.push("ic".to_string());
    let ic = c / groups;
    let (reduce, at) = reduce_axes(&names, &taps.iter().copied().chain([ic]).collect::<Vec<_>>(), x.rank());
    let (at_n, at_o, at_oc) = image.point();
    let taps: Vec<Tap> = (0..image.spatial).map(|k| tap(&g, k, at_o[k].clone(), at[k].clone(), before[k])).collect();
    let channel = at[image.spatial].clone();
    let (group, within) = if groups == 1 {
        (Expr::Index(0), at_oc)
    } else {
        (at_oc.clone() / Expr::Index(per_group), at_oc % Expr::Index(per_group))
    };
    let channel = plus(scaled(group, ic), channel);
    let source: Vec<Expr> = taps.iter().map(|t| t.image.clone()).collect();
    let mut weight_index = vec![channel.clone(), within];
    weight_index.extend(taps.iter().map(|t| t.kernel.clone()));
    let product = b.read(&padded, image.place(at_n, &source, channel)) * b.read(weights, weight_index);
    let ty = compute_type(x.dtype);
    let conditions = taps.into_iter().filter_map(|t| t.condition).collect();
    let value = guarded(conditions, product, Expr::constant(ty, 0.0));
    let axes = image.axes("o", n, out, per_group * groups);
    let sum = b.reduce("deconv", x.dtype, axes, reduce, Combiner::Sum, value);
    let anchor = b.last_stage();
    let result = biased(b, &image, sum, bias, x.dtype);
    let kind = AnchorKind::ConvTranspose { layout, groups, kernel: g.kernel, strides: g.strides, pad };
    Ok(Lowered { outputs: vec![result], anchor, kind })
}

/// Taps of dimension `k` that a result pixel tries.
fn tap_count(g: &Geometry, k: usize) -> i64 {
    if g.dilations[k] == 1 { (g.kernel[k] + g.strides[k] - 1) / g.strides[k] } else { g.kernel[k] }
}

/// How far before the image dimension `k` is read.
fn zeros_before(g: &Geometry, k: usize) -> i64 {
    let lowest = if g.dilations[k] == 1 {
        g.before[k] / g.strides[k] - (tap_count(g, k) - 1)
    } else {
        (g.before[k] - (g.kernel[k] - 1) * g.dilations[k]).div_euclid(g.strides[k])
    };
    (-lowest).max(0)
}

fn tap(g: &Geometry, k: usize, o: Expr, t: Expr, before: i64) -> Tap {
    let (s, d) = (g.strides[k], g.dilations[k]);
    let shifted = offset(o, g.before[k]);
    if d == 1 {
        let (quotient, phase) = match s {
            1 => (shifted, Expr::Index(0)),
            _ => (shifted.clone() / Expr::Index(s), shifted % Expr::Index(s)),
        };
        let kernel = plus(phase, scaled(t.clone(), s));
        let uneven = g.kernel[k] % s != 0;
        let condition = uneven.then(|| Expr::compare(CompareFn::Lt, kernel.clone(), Expr::Index(g.kernel[k])));
        return Tap { image: offset(minus(quotient, t), before), kernel, condition };
    }
    let position = minus(shifted, scaled(t.clone(), d));
    let on_pixel = Expr::compare(CompareFn::Eq, position.clone() % Expr::Index(s), Expr::Index(0));
    let (at, condition) = if s == 1 { (position, None) } else { (position / Expr::Index(s), Some(on_pixel)) };
    Tap { image: offset(at, before), kernel: t, condition }
}

/// `a - b` on indices, without a zero.
fn minus(a: Expr, b: Expr) -> Expr {
    if b == Expr::Index(0) { a } else { a - b }
}
