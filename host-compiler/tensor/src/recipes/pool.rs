//! Pooling. Padding is never stored: elements outside count as the combiner's identity.

use lathe_graph::DType;
use lathe_graph::op::{Layout, Pool, Window};

use super::error::Refusal;
use super::image::{Geometry, Image, reduce_axes, spatial_names};
use super::kind::AnchorKind;
use super::lowered::Lowered;
use crate::expr::{BinaryFn, Expr, Type, UnaryFn};
use crate::program::Combiner;
use crate::program::build::{Builder, Operand, clamp_index, compute_type, guarded, in_range, offset, plus, scaled};

/// `pool` of `x`; the result's spatial extents are `out`.
pub(super) fn pool(
    b: &mut Builder,
    x: &Operand,
    pool: Pool,
    window: &Window,
    out: &[i64],
    layout: Layout,
) -> Result<Lowered, Refusal> {
    let image = Image::of(x, layout)?;
    let g = Geometry::of(window, image.spatial)?;
    let ty = compute_type(x.dtype);
    if ty == DType::Bool || (!ty.is_float() && pool != Pool::Max) || out.len() != image.spatial {
        return Err(Refusal::Unsupported(format!("{pool:?} pooling of {ty}")));
    }
    let (n, size, c) = image.split(&x.shape);
    let (at_n, at_o, at_c) = image.point();
    let (reduce, taps) = reduce_axes(&spatial_names("k", image.spatial), &g.kernel, x.rank());
    let mut source = vec![];
    let mut conditions = vec![];
    for k in 0..image.spatial {
        let start = scaled(at_o[k].clone(), g.strides[k]);
        let at = offset(plus(start, scaled(taps[k].clone(), g.dilations[k])), -g.before[k]);
        if g.before[k] > 0 || g.reach(k, out[k]) - g.before[k] > size[k] {
            conditions.push(in_range(at.clone(), size[k]));
        }
        source.push(at);
    }
    let read = b.read(x, image.place(at_n.clone(), &source, at_c.clone()));
    let (name, combiner, value) = match pool {
        Pool::Max => ("maxpool", Combiner::Max, read),
        Pool::Average { .. } => ("sumpool", Combiner::Sum, read),
        Pool::Lp { p } => ("sumpool", Combiner::Sum, norm_term(b, ty, read, p)),
    };
    let value = guarded(conditions, value, Expr::Const(combiner.identity(ty)));
    let axes = image.axes("o", n, out, c);
    let total = b.reduce(name, x.dtype, axes.clone(), reduce, combiner, value);
    let anchor = b.last_stage();
    let read = b.read(&total, image.place(at_n, &at_o, at_c));
    let result = match pool {
        Pool::Max => b.rounded(total, x.dtype),
        Pool::Average { count_padding } => {
            let count = window_count(&g, &size, out, &at_o, ty, count_padding);
            b.map("average", x.dtype, axes, read / count)
        }
        Pool::Lp { p: 1 } => b.rounded(total, x.dtype),
        Pool::Lp { p: 2 } => b.map("root", x.dtype, axes, Expr::unary(UnaryFn::Sqrt, read)),
        Pool::Lp { p } => {
            let root = Expr::binary(BinaryFn::Pow, read, Expr::constant(ty, 1.0 / f64::from(p)));
            b.map("root", x.dtype, axes, root)
        }
    };
    Ok(Lowered { outputs: vec![result], anchor, kind: AnchorKind::Pool { layout } })
}

/// `|x|^p`.
fn norm_term(b: &mut Builder, ty: DType, x: Expr, p: u32) -> Expr {
    match p {
        1 => Expr::unary(UnaryFn::Abs, x),
        2 => b.share(x, |_, x| x.clone() * x),
        _ => Expr::binary(BinaryFn::Pow, Expr::unary(UnaryFn::Abs, x), Expr::constant(ty, f64::from(p))),
    }
}

/// How many elements the window of a result point averages, of type `ty`.
fn window_count(g: &Geometry, size: &[i64], out: &[i64], at: &[Expr], ty: DType, count_padding: bool) -> Expr {
    let mut fixed = 1;
    let mut varying: Option<Expr> = None;
    for k in 0..size.len() {
        // positions lo..hi are counted, in coordinates of the image
        let (lo, hi) = if count_padding { (-g.before[k], size[k] + g.after[k]) } else { (0, size[k]) };
        if -g.before[k] >= lo && g.reach(k, out[k]) - g.before[k] <= hi {
            fixed *= g.kernel[k];
            continue;
        }
        // taps below `limit`: ceil((limit - start) / dilation), between 0 and the kernel's extent
        let start = offset(scaled(at[k].clone(), g.strides[k]), -g.before[k]);
        let below = |limit: i64| {
            let distance = Expr::Index(limit + g.dilations[k] - 1) - start.clone();
            let count = if g.dilations[k] == 1 { distance } else { distance / Expr::Index(g.dilations[k]) };
            clamp_index(count, 0, g.kernel[k])
        };
        let count = below(hi) - below(lo);
        varying = Some(varying.map_or(count.clone(), |v| v * count));
    }
    match varying {
        None => Expr::constant(ty, fixed as f64),
        Some(v) => Expr::cast(Type::Data(ty), scaled(v, fixed)),
    }
}
