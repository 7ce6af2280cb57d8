//! The second output of MaxPool: where in the input each largest element stands.
//!
//! Every element of the windows becomes one slice of the padded input; the slices are stacked, and the place of the
//! largest is looked up in a stored table of positions.

use lathe_graph::op::{Binary, PadMode, Window};
use lathe_graph::{DType, Op, ValueId};

use crate::translate::{Fault, NodeContext};

/// The largest stored table.
const MAX_POSITIONS: usize = 4 << 20;

/// Flat indices into `x`, of the shape of the pooled result, whose spatial extents are `output`.
pub(super) fn indices(n: &mut NodeContext, x: ValueId, window: &Window, output: &[usize]) -> Result<ValueId, Fault> {
    let shape = n.shape(x);
    let taps: usize = window.kernel.iter().try_fold(1usize, |p, &k| p.checked_mul(k)).unwrap_or(usize::MAX);
    let places: usize = output.iter().product();
    if taps.saturating_mul(places) > MAX_POSITIONS || taps > 1 << 10 {
        return Err(Fault::Unsupported("the indices of so many window elements are not computed".into()));
    }
    let column_major = n.attributes.flag("storage_order", false)?;
    let padded = padded(n, x, window, output)?;
    let mut slices = Vec::with_capacity(taps);
    let mut table = vec![0i64; places * taps];
    for tap in 0..taps {
        let offsets = coordinates(tap, &window.kernel);
        slices.push(slice(n, padded, window, output, &offsets)?);
        for place in 0..places {
            let at = coordinates(place, output);
            table[place * taps + tap] = position(window, &shape[2..], &at, &offsets, column_major);
        }
    }
    let last = shape.len();
    let stacked = if taps == 1 { slices[0] } else { n.push(Op::Concat { axis: last }, &slices)? };
    let largest = n.push(Op::ArgReduce { max: true, axis: last, select_last: false }, &[stacked])?;
    let table_shape = [&[1, 1], output, &[taps]].concat();
    let table = n.integers(DType::I64, &table_shape, &table)?;
    let all = [&shape[..2], output, &[taps]].concat();
    let table = n.push(Op::Expand { shape: all }, &[table])?;
    let inside = n.push(Op::GatherElements { axis: last }, &[table, largest])?;
    let inside = n.reshape(inside, &[&shape[..2], output].concat())?;
    let image: usize = shape[2..].iter().product();
    let images = shape[0].saturating_mul(shape[1]);
    if images > MAX_POSITIONS {
        return Err(Fault::Unsupported(format!("the indices in {images} images are not computed")));
    }
    let starts: Vec<i64> = (0..images).map(|i| (i * image) as i64).collect();
    let starts = n.integers(DType::I64, &[&shape[..2], vec![1; output.len()].as_slice()].concat(), &starts)?;
    n.binary(Binary::Add, inside, starts)
}

/// Coordinates of the element `index` of a box, row-major.
fn coordinates(mut index: usize, extents: &[usize]) -> Vec<usize> {
    let mut result = vec![0; extents.len()];
    for (at, &extent) in result.iter_mut().zip(extents).rev() {
        *at = index % extent;
        index /= extent;
    }
    result
}

/// `x` with the lowest number around it, so far that every window lies inside.
fn padded(n: &mut NodeContext, x: ValueId, window: &Window, output: &[usize]) -> Result<ValueId, Fault> {
    let shape = n.shape(x);
    let (mut before, mut after) = (vec![0; shape.len()], vec![0; shape.len()]);
    for k in 0..output.len() {
        let span = window.dilations[k].saturating_mul(window.kernel[k] - 1).saturating_add(1);
        let reach = output[k].saturating_sub(1).saturating_mul(window.strides[k]).saturating_add(span);
        before[k + 2] = window.pad_before[k] as isize;
        after[k + 2] = reach.saturating_sub(shape[k + 2].saturating_add(window.pad_before[k])) as isize;
    }
    let lowest = if n.dtype(x).is_float() { f64::NEG_INFINITY } else { f64::from(i32::MIN) };
    n.push(Op::Pad { before, after, mode: PadMode::Constant(lowest) }, &[x])
}

/// One element of every window, with a last dimension of extent 1.
fn slice(
    n: &mut NodeContext,
    padded: ValueId,
    window: &Window,
    output: &[usize],
    offsets: &[usize],
) -> Result<ValueId, Fault> {
    let mut sizes = n.shape(padded);
    let (mut starts, mut steps) = (vec![0; sizes.len()], vec![1; sizes.len()]);
    for k in 0..output.len() {
        starts[k + 2] = offsets[k] * window.dilations[k];
        steps[k + 2] = window.strides[k] as isize;
        sizes[k + 2] = output[k];
    }
    let slice = n.push(Op::Slice { starts, sizes: sizes.clone(), steps }, &[padded])?;
    sizes.push(1);
    n.reshape(slice, &sizes)
}

/// Flat position in the image of one window element; 0 where it lies in the padding, which is never the largest.
fn position(window: &Window, spatial: &[usize], at: &[usize], offsets: &[usize], column_major: bool) -> i64 {
    let mut place = Vec::with_capacity(at.len());
    for k in 0..at.len() {
        let padded = at[k] * window.strides[k] + offsets[k] * window.dilations[k];
        match padded.checked_sub(window.pad_before[k]).filter(|&p| p < spatial[k]) {
            Some(p) => place.push(p),
            None => return 0,
        }
    }
    let flat = |flat: usize, k: usize| flat * spatial[k] + place[k];
    let order = 0..spatial.len();
    if column_major { order.rev().fold(0, flat) as i64 } else { order.fold(0, flat) as i64 }
}
