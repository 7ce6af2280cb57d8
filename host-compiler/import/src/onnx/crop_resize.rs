//! Resize with the coordinates of TensorFlow's crop_and_resize: a region of each axis, sampled along one axis after the
//! other by gathers of known indices.

use lathe_graph::op::{Binary, Interpolation, NearestRound};
use lathe_graph::{DType, Op, Tensor, ValueId};

use crate::translate::{Fault, NodeContext};

/// A longer axis is not sampled this way.
const MAX_EXTENT: usize = 1 << 24;

/// What is taken from one axis: `extent` samples from `start` to `end`, which are fractions of the axis.
pub(super) struct Region {
    pub(super) axis: usize,
    pub(super) extent: usize,
    pub(super) start: f64,
    pub(super) end: f64,
}

/// Samples `x`; places outside of it are filled with `outside`.
pub(super) fn sample(
    n: &mut NodeContext,
    x: ValueId,
    regions: &[Region],
    interpolation: Interpolation,
    outside: f64,
) -> Result<ValueId, Fault> {
    let mut result = x;
    for region in regions {
        result = along(n, result, region, interpolation, outside)?;
    }
    Ok(result)
}

fn along(
    n: &mut NodeContext,
    x: ValueId,
    region: &Region,
    interpolation: Interpolation,
    outside: f64,
) -> Result<ValueId, Fault> {
    let Region { axis, extent, start, end } = *region;
    let shape = n.shape(x);
    if shape[axis] == 0 || extent > MAX_EXTENT {
        return Err(Fault::Unsupported(format!("axis {axis} of extent {} cannot be resized to {extent}", shape[axis])));
    }
    let last = (shape[axis] - 1) as f64;
    let place = |i: usize| match extent {
        1 => 0.5 * (start + end) * last,
        _ => start * last + i as f64 * (end - start) * last / (extent - 1) as f64,
    };
    let places: Vec<f64> = (0..extent).map(place).collect();
    let index = |p: f64| p.clamp(0.0, last) as i64;
    let result = match interpolation {
        Interpolation::Nearest(round) => {
            gather(n, x, axis, places.iter().map(|&p| index(rounded(p, round))).collect())?
        }
        Interpolation::Linear => {
            let low = gather(n, x, axis, places.iter().map(|&p| index(p.floor())).collect())?;
            let high = gather(n, x, axis, places.iter().map(|&p| index(p.floor() + 1.0)).collect())?;
            let fraction = column(n, n.dtype(x), &shape, axis, places.iter().map(|p| p - p.floor()).collect())?;
            let step = n.binary(Binary::Sub, high, low)?;
            let share = n.binary(Binary::Mul, step, fraction)?;
            n.binary(Binary::Add, low, share)?
        }
        Interpolation::Cubic { .. } => {
            return Err(Fault::Unsupported("cubic interpolation of a cropped region is not supported".into()));
        }
    };
    if places.iter().all(|p| (0.0..=last).contains(p)) {
        return Ok(result);
    }
    let inside = places.iter().map(|p| f64::from(u8::from((0.0..=last).contains(p)))).collect();
    let inside = column(n, DType::Bool, &shape, axis, inside)?;
    let outside = n.scalar(n.dtype(x), outside);
    n.push(Op::Select, &[inside, result, outside])
}

fn rounded(place: f64, round: NearestRound) -> f64 {
    match round {
        NearestRound::HalfDown => (place - 0.5).ceil(),
        NearestRound::HalfUp => (place + 0.5).floor(),
        NearestRound::Floor => place.floor(),
        NearestRound::Ceil => place.ceil(),
    }
}

fn gather(n: &mut NodeContext, x: ValueId, axis: usize, indices: Vec<i64>) -> Result<ValueId, Fault> {
    let indices = n.integers(DType::I64, &[indices.len()], &indices)?;
    n.push(Op::Gather { axis }, &[x, indices])
}

/// One value for each place along `axis`, to be broadcast over the other dimensions.
fn column(n: &mut NodeContext, dtype: DType, shape: &[usize], axis: usize, values: Vec<f64>) -> Result<ValueId, Fault> {
    let mut extents = vec![1; shape.len()];
    extents[axis] = values.len();
    let tensor = Tensor::from_f64s(dtype, &extents, &values);
    Ok(n.add_constant(tensor.ok_or_else(|| Fault::Invalid("the places are malformed".into()))?))
}
