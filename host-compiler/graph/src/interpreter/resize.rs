//! Resizing, one dimension after another: each result position is a weighted sum of input positions.

use super::number::Number;
use super::strided::around;
use super::{EvalError, Operands};
use crate::op::{CoordinateMap, Interpolation, NearestRound};
use crate::tensor::Tensor;

/// How coordinates are mapped and elements combined, in every dimension.
pub(super) struct Mapping {
    pub map: CoordinateMap,
    pub interpolation: Interpolation,
    pub antialias: bool,
}

pub(super) fn resize(mapping: &Mapping, scales: &[f32], x: &Operands) -> Result<Vec<Tensor>, EvalError> {
    let mut values = f64::load(x.inputs[0]);
    let mut shape = x.shape(0).to_vec();
    for (d, &size) in x.result().iter().enumerate() {
        let same = size == shape[d] && scales[d] == 1.0;
        if !same {
            let (outer, extent, inner) = around(&shape, d);
            let taps: Vec<_> = (0..size).map(|o| mapping.taps(o, extent, size, f64::from(scales[d]))).collect();
            values = resample(&values, (outer, extent, inner), &taps);
            shape[d] = size;
        }
    }
    if x.results[0].dtype.is_float() {
        return x.numbers(&values);
    }
    let linear = !matches!(mapping.interpolation, Interpolation::Nearest(_));
    x.numbers(&values.iter().map(|v| if linear { v.trunc() } else { *v }).collect::<Vec<f64>>())
}

/// Replaces the middle extent by the weighted sums `taps`.
fn resample(values: &[f64], (outer, extent, inner): (usize, usize, usize), taps: &[Vec<(usize, f64)>]) -> Vec<f64> {
    let mut out = Vec::with_capacity(outer * taps.len() * inner);
    let mut row = vec![0.0; inner];
    for o in 0..outer {
        for position in taps {
            row.fill(0.0);
            for &(i, weight) in position {
                let source = &values[(o * extent + i) * inner..][..inner];
                row.iter_mut().zip(source).for_each(|(r, v)| *r += weight * v);
            }
            out.extend_from_slice(&row);
        }
    }
    out
}

impl Mapping {
    /// The input positions and weights that make result position `o`.
    fn taps(&self, o: usize, extent: usize, size: usize, scale: f64) -> Vec<(usize, f64)> {
        let at = self.coordinate(o as f64, extent as f64, size as f64, scale);
        let clamp = |i: f64| i.clamp(0.0, extent as f64 - 1.0) as usize;
        match self.interpolation {
            Interpolation::Nearest(round) => vec![(clamp(nearest(at, round)), 1.0)],
            Interpolation::Linear => {
                let stretch = self.stretch(scale);
                let kernel = |distance: f64| (1.0 - distance.abs()).max(0.0);
                weighted(at, 1.0, stretch, kernel, |i| Some(clamp(i)))
            }
            Interpolation::Cubic { a, exclude_outside } => {
                let stretch = self.stretch(scale);
                let inside = |i: f64| (0.0..extent as f64).contains(&i);
                let place = |i: f64| if exclude_outside && !inside(i) { None } else { Some(clamp(i)) };
                weighted(at, 2.0, stretch, |d| cubic(d.abs(), f64::from(a)), place)
            }
        }
    }

    /// Where result position `o` lies in the input.
    fn coordinate(&self, o: f64, extent: f64, size: f64, scale: f64) -> f64 {
        match self.map {
            CoordinateMap::HalfPixel => (o + 0.5) / scale - 0.5,
            CoordinateMap::HalfPixelSymmetric => {
                let adjustment = size / (scale * extent);
                extent / 2.0 * (1.0 - adjustment) + (o + 0.5) / scale - 0.5
            }
            CoordinateMap::PytorchHalfPixel if size > 1.0 => (o + 0.5) / scale - 0.5,
            CoordinateMap::AlignCorners if size > 1.0 => o * (extent - 1.0) / (size - 1.0),
            CoordinateMap::PytorchHalfPixel | CoordinateMap::AlignCorners => 0.0,
            CoordinateMap::Asymmetric => o / scale,
        }
    }

    /// How much narrower than the input's grid the filter samples: below 1 only when shrinking with `antialias`.
    fn stretch(&self, scale: f64) -> f64 {
        if self.antialias { scale.min(1.0) } else { 1.0 }
    }
}

/// Weights of the positions within `support / stretch` of `at`, normalised; `place` drops or moves positions.
fn weighted(
    at: f64,
    support: f64,
    stretch: f64,
    kernel: impl Fn(f64) -> f64,
    place: impl Fn(f64) -> Option<usize>,
) -> Vec<(usize, f64)> {
    let reach = support / stretch;
    let (first, last) = ((at - reach).floor(), (at + reach).ceil());
    let mut taps = Vec::new();
    let mut position = first;
    while position <= last {
        let weight = kernel((position - at) * stretch);
        if let (true, Some(i)) = (weight != 0.0, place(position)) {
            taps.push((i, weight));
        }
        position += 1.0;
    }
    let total: f64 = taps.iter().map(|(_, w)| w).sum();
    taps.iter_mut().for_each(|(_, w)| *w /= total);
    taps
}

/// Keys' cubic convolution kernel at distance `d` >= 0.
fn cubic(d: f64, a: f64) -> f64 {
    if d <= 1.0 {
        ((a + 2.0) * d - (a + 3.0)) * d * d + 1.0
    } else if d < 2.0 {
        ((a * d - 5.0 * a) * d + 8.0 * a) * d - 4.0 * a
    } else {
        0.0
    }
}

fn nearest(at: f64, round: NearestRound) -> f64 {
    match round {
        NearestRound::HalfDown => (at - 0.5).ceil(),
        NearestRound::HalfUp => (at + 0.5).floor(),
        NearestRound::Floor => at.floor(),
        NearestRound::Ceil => at.ceil(),
    }
}
