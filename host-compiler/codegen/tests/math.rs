//! Measures the error of every elementary function against the f64 functions of the standard and the C library, over dense sweeps.

mod suite;

use lathe_codegen::{compile, targets};
use lathe_graph::DType;
use lathe_tensor::{Expr, UnaryFn};
use suite::build::{at, ix, kernel, param, serial, store, var, vector};
use suite::interpreter::elementary;
use suite::native::{Aligned, Loaded};
use suite::ulp;

/// (function, ranges to sweep, bound in ulp for f32, for f64)
type Row = (UnaryFn, Vec<(f64, f64)>, f64, f64);

fn table() -> Vec<Row> {
    let wide = |low: f64, high: f64| vec![(low, high), (-1.0, 1.0), (-1e-3, 1e-3)];
    vec![
        (UnaryFn::Exp, wide(-104.0, 89.0), 2.0, 2.0),
        (UnaryFn::Log, vec![(0.0, 1e-30), (0.0, 2.0), (0.9, 1.1), (1.0, 1e6), (1e6, 1e38)], 2.0, 2.0),
        (UnaryFn::Tanh, wide(-10.0, 10.0), 4.0, 4.0),
        (UnaryFn::Sigmoid, wide(-104.0, 30.0), 3.0, 4.0),
        (UnaryFn::Erf, wide(-4.5, 4.5), 3.0, 4.0),
        (UnaryFn::Sin, vec![(-10.0, 10.0), (-1e4, 1e4), (-1e9, 1e9)], 2.0, 2.0),
        (UnaryFn::Cos, vec![(-10.0, 10.0), (-1e4, 1e4), (-1e9, 1e9)], 2.0, 2.0),
        (UnaryFn::Tan, vec![(-10.0, 10.0), (-1e4, 1e4), (-1e9, 1e9)], 4.0, 4.0),
        (UnaryFn::Asin, wide(-1.0, 1.0), 4.0, 4.0),
        (UnaryFn::Acos, wide(-1.0, 1.0), 4.0, 4.0),
        (UnaryFn::Atan, wide(-1e4, 1e4), 3.0, 3.0),
        (UnaryFn::Sinh, wide(-89.0, 89.0), 5.0, 5.0),
        (UnaryFn::Cosh, wide(-89.0, 89.0), 5.0, 5.0),
        (UnaryFn::Asinh, wide(-1e6, 1e6), 5.0, 5.0),
        (UnaryFn::Acosh, vec![(1.0, 1.01), (1.0, 10.0), (1.0, 1e9)], 5.0, 5.0),
        (UnaryFn::Atanh, wide(-1.0, 1.0), 5.0, 5.0),
    ]
}

const BLOCK: i64 = 1 << 16;

/// Largest error in ulp over the sweep, and where.
fn worst(f: UnaryFn, dtype: DType, ranges: &[(f64, f64)]) -> (f64, f64) {
    let target = targets::find(&format!("{}-linux", std::env::consts::ARCH), Some("native")).unwrap();
    let index = || var(0) * ix(8) + var(1);
    let body = vector(1, 8, vec![store(0, index(), Expr::unary(f, at(1, index())))]);
    let buffers = vec![param(dtype, 0, BLOCK, true), param(dtype, 1, BLOCK, false)];
    let blob = compile(&[kernel("f", buffers, vec![serial(0, BLOCK / 8, vec![body])])], &target).unwrap();
    let loaded = Loaded::new(&blob, 0);
    let mut worst = (0.0, 0.0);
    for (low, high) in ranges {
        for block in 0..8 {
            let points: Vec<f64> = (0..BLOCK)
                .map(|k| low + (high - low) * ((block * BLOCK + k) as f64 + 0.37) / (8 * BLOCK) as f64)
                .map(|x| if dtype == DType::F32 { f64::from(x as f32) } else { x })
                .collect();
            let mut input = Aligned::of(&suite::build::bytes(dtype, &points));
            let mut out = Aligned::zeroed(BLOCK as usize * dtype.size());
            loaded.call("f", &mut [&mut out, &mut input], 0, 0, 1);
            for (x, y) in points.iter().zip(out.bytes().chunks(dtype.size())) {
                let expected = elementary(f, *x);
                let suite::interpreter::Number::Float(_, actual) = suite::interpreter::read(dtype, y) else { panic!() };
                let representable = dtype == DType::F64 || expected.abs() <= f64::from(f32::MAX);
                let error = if representable { (actual - expected).abs() / ulp(dtype, expected) } else { 0.0 };
                assert!(!error.is_nan(), "{f:?}({x}) is {actual}, expected {expected}");
                if error > worst.0 {
                    worst = (error, *x);
                }
            }
        }
    }
    worst
}

#[test]
fn errors_stay_within_the_stated_bounds() {
    let mut failures = Vec::new();
    for (f, ranges, narrow, wide) in table() {
        for (dtype, bound) in [(DType::F32, narrow), (DType::F64, wide)] {
            let (error, x) = worst(f, dtype, &ranges);
            println!("{f:?} {dtype}: {error:.2} ulp at {x:e} (bound {bound})");
            if error > bound {
                failures.push(format!("{f:?} {dtype}: {error:.2} ulp at {x:e}, stated {bound}"));
            }
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}
