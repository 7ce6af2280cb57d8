//! Resize.

use lathe_graph::op::{CoordinateMap, Interpolation, NearestRound};
use lathe_graph::{DType, Op};

use super::{Random, check};

const MAPS: [CoordinateMap; 5] = [
    CoordinateMap::HalfPixel,
    CoordinateMap::HalfPixelSymmetric,
    CoordinateMap::PytorchHalfPixel,
    CoordinateMap::AlignCorners,
    CoordinateMap::Asymmetric,
];

fn resize(
    x: &[usize],
    sizes: &[usize],
    scales: &[f32],
    map: CoordinateMap,
    interpolation: Interpolation,
    antialias: bool,
) {
    for dtype in [DType::F32, DType::F16, DType::U8] {
        if dtype == DType::U8 && !matches!(interpolation, Interpolation::Nearest(_)) {
            // truncation of values that are whole up to rounding would make this a test of rounding
            continue;
        }
        let op = Op::Resize { sizes: sizes.to_vec(), scales: scales.to_vec(), map, interpolation, antialias };
        check(op, vec![Random::new(80).tensor(dtype, x)]);
    }
}

/// Shapes, sizes and scales: up, down, uneven, one element.
const CASES: [(&[usize], &[usize], &[f32]); 6] = [
    (&[1, 2, 3, 4], &[1, 2, 6, 8], &[1.0, 1.0, 2.0, 2.0]),
    (&[1, 1, 7, 6], &[1, 1, 4, 3], &[1.0, 1.0, 0.6, 0.5]),
    (&[2, 5], &[2, 9], &[1.0, 1.8]),
    (&[2, 10], &[2, 3], &[1.0, 0.3]),
    (&[3, 4], &[1, 1], &[0.333_333_34, 0.25]),
    (&[2, 3], &[2, 10], &[1.0, 3.333_333_3]),
];

#[test]
fn nearest() {
    let rounds = [NearestRound::HalfDown, NearestRound::HalfUp, NearestRound::Floor, NearestRound::Ceil];
    for (x, sizes, scales) in CASES {
        for map in MAPS {
            for round in rounds {
                resize(x, sizes, scales, map, Interpolation::Nearest(round), false);
            }
        }
    }
}

#[test]
fn linear_and_cubic() {
    for (x, sizes, scales) in CASES {
        for map in MAPS {
            for antialias in [false, true] {
                resize(x, sizes, scales, map, Interpolation::Linear, antialias);
                for exclude_outside in [false, true] {
                    resize(x, sizes, scales, map, Interpolation::Cubic { a: -0.75, exclude_outside }, antialias);
                }
            }
        }
    }
}

#[test]
fn doubling_is_a_shift_of_the_index() {
    let op = Op::Resize {
        sizes: vec![1, 6, 8, 2],
        scales: vec![1.0, 2.0, 2.0, 1.0],
        map: CoordinateMap::Asymmetric,
        interpolation: Interpolation::Nearest(NearestRound::Floor),
        antialias: false,
    };
    let group = check(op, vec![Random::new(81).tensor(DType::F32, &[1, 3, 4, 2])]);
    let text = group.program.to_string();
    assert!(text.contains("in0[i0, (i1 / 2), (i2 / 2), i3]"), "{text}");
}
