//! Resizing.
//!
//! Nearest is one stage of index arithmetic. Linear and plain cubic are one stage for each resized dimension, with
//! weights computed from the coordinate's fraction. Filters that drop samples outside or widen when shrinking use a
//! table of normalised weights for each dimension, made by stages of its own.

mod coordinate;
mod filter;

use lathe_graph::DType;
use lathe_graph::op::{CoordinateMap, Interpolation};

use self::coordinate::Coordinate;
use super::error::Refusal;
use super::kind::AnchorKind;
use super::lowered::Lowered;
use crate::expr::{Expr, Type};
use crate::program::build::{Builder, Operand, compute_type, numbered_axes, var, vars};

/// How coordinates are mapped and elements combined.
#[derive(Clone, Copy)]
pub(super) struct Sampling {
    pub(super) map: CoordinateMap,
    pub(super) interpolation: Interpolation,
    pub(super) antialias: bool,
}

/// `x` resized to `sizes`, coordinates computed with `scales`.
pub(super) fn resize(
    b: &mut Builder,
    x: &Operand,
    sizes: &[i64],
    scales: &[f32],
    sampling: Sampling,
) -> Result<Lowered, Refusal> {
    if sizes.len() != x.rank() || scales.len() != x.rank() || x.dtype == DType::Bool {
        return Err(Refusal::Malformed("sizes or scales do not fit the operand"));
    }
    let resized: Vec<usize> = (0..x.rank()).filter(|&k| sizes[k] != x.shape[k] || scales[k] != 1.0).collect();
    if let (Interpolation::Nearest(_), _) | (_, true) = (sampling.interpolation, resized.is_empty()) {
        let result = nearest(b, x, sizes, scales, &resized, sampling)?;
        return Ok(Lowered::last(b, vec![result], AnchorKind::Injective));
    }
    // integers are interpolated in f32 and truncated
    let float = compute_type(x.dtype).is_float();
    let ty = if float { compute_type(x.dtype) } else { DType::F32 };
    let mut current = x.clone();
    let mut weighted = false;
    for &dim in &resized {
        let coordinate = Coordinate::new(x.shape[dim], sizes[dim], scales[dim], sampling)?;
        let last = Some(&dim) == resized.last();
        let dtype = if last { x.dtype } else { ty };
        let stage = filter::Stage { dim, coordinate, ty, dtype, scale: f64::from(scales[dim]) };
        let simple = !sampling.antialias
            && !matches!(sampling.interpolation, Interpolation::Cubic { exclude_outside: true, .. });
        current = if simple {
            stage.direct(b, &current, sampling)
        } else {
            weighted = true;
            stage.weighted(b, &current, sampling)
        };
    }
    let kind = if weighted { AnchorKind::Opaque } else { AnchorKind::Injective };
    Ok(Lowered::last(b, vec![current], kind))
}

fn nearest(
    b: &mut Builder,
    x: &Operand,
    sizes: &[i64],
    scales: &[f32],
    resized: &[usize],
    sampling: Sampling,
) -> Result<Operand, Refusal> {
    let mut index = vars(x.rank());
    for &dim in resized {
        index[dim] = Coordinate::new(x.shape[dim], sizes[dim], scales[dim], sampling)?.nearest(var(dim));
    }
    let value = b.load(x, index);
    Ok(b.copy("resize", x.dtype, numbered_axes("i", sizes), value))
}

/// `x[index]` in the interpolation's type.
fn read_as(b: &Builder, x: &Operand, index: Vec<Expr>, ty: DType) -> Expr {
    let value = b.read(x, index);
    if compute_type(x.dtype) == ty { value } else { Expr::cast(Type::Data(ty), value) }
}
