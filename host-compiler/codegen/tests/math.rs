//! Measures the error of every elementary function against the f64 functions of the standard and the C library, over
//! dense sweeps of each type's own range, results that overflow and vanish included.

mod suite;

use lathe_codegen::{Blob, compile, targets};
use lathe_graph::DType;
use lathe_tensor::{BinaryFn, Expr, UnaryFn};
use suite::build::{at, bytes, ix, kernel, param, serial, store, var, vector};
use suite::interpreter::{Number, elementary, read};
use suite::native::{Aligned, Loaded};
use suite::ulp;

/// Ranges to sweep.
type Ranges = Vec<(f64, f64)>;
/// (function, ranges and bound in ulp for f32, the same for f64)
type Row = (UnaryFn, (Ranges, f64), (Ranges, f64));

fn table() -> Vec<Row> {
    let around_zero = |ends: f64| vec![(-ends, ends), (-1.0, 1.0), (-1e-3, 1e-3)];
    let wide = |low: f64, high: f64| vec![(low, high), (-1.0, 1.0), (-1e-3, 1e-3)];
    let both = |ranges: Ranges, bound: f64| ((ranges.clone(), bound), (ranges, bound));
    let row = |f, (narrow, wide)| (f, narrow, wide);
    let angles = || vec![(-10.0, 10.0), (-1e4, 1e4), (-1e9, 1e9)];
    let logs = vec![(0.0, 1e-30), (0.0, 2.0), (0.9, 1.1), (1.0, 1e6), (1e6, 1e38)];
    let wide_logs = [logs.clone(), vec![(0.0, 1e-307), (1e38, 1.7e308)]].concat();
    vec![
        (UnaryFn::Exp, (wide(-105.0, 90.0), 2.0), (wide(-746.0, 711.0), 2.0)),
        (UnaryFn::Log, (logs, 2.0), (wide_logs, 2.0)),
        row(UnaryFn::Tanh, both(around_zero(25.0), 4.0)),
        (UnaryFn::Sigmoid, (wide(-105.0, 30.0), 3.0), (wide(-746.0, 40.0), 4.0)),
        (UnaryFn::Erf, (around_zero(4.5), 3.0), (around_zero(6.5), 4.0)),
        row(UnaryFn::Sin, both(angles(), 2.0)),
        row(UnaryFn::Cos, both(angles(), 2.0)),
        row(UnaryFn::Tan, both(angles(), 4.0)),
        row(UnaryFn::Asin, both(around_zero(1.0), 4.0)),
        row(UnaryFn::Acos, both(around_zero(1.0), 4.0)),
        row(UnaryFn::Atan, both([around_zero(1e4), vec![(-1e38, 1e38)]].concat(), 3.0)),
        (UnaryFn::Sinh, (around_zero(90.0), 5.0), (around_zero(711.0), 5.0)),
        (UnaryFn::Cosh, (around_zero(90.0), 5.0), (around_zero(711.0), 5.0)),
        (UnaryFn::Asinh, (around_zero(3e38), 5.0), ([around_zero(1e6), around_zero(1.7e308)].concat(), 5.0)),
        (
            UnaryFn::Acosh,
            (vec![(1.0, 1.01), (1.0, 10.0), (1.0, 3e38)], 5.0),
            (vec![(1.0, 1.01), (1.0, 10.0), (1.0, 1e9), (1.0, 1.7e308)], 5.0),
        ),
        row(UnaryFn::Atanh, both(around_zero(1.0), 5.0)),
    ]
}

const BLOCK: usize = 1 << 16;

/// A kernel of an element-wise expression over [`BLOCK`] elements, eight at a time.
struct Sweep {
    dtype: DType,
    blob: Blob,
}

impl Sweep {
    fn new(dtype: DType, operands: u32, value: impl Fn(&dyn Fn(u32) -> Expr) -> Expr) -> Sweep {
        let target = targets::find(&format!("{}-linux", std::env::consts::ARCH), Some("native")).unwrap();
        let index = || var(0) * ix(8) + var(1);
        let body = vector(1, 8, vec![store(0, index(), value(&|k| at(k, index())))]);
        let buffers = (0..=operands).map(|k| param(dtype, k, BLOCK as i64, k == 0)).collect();
        let blob = compile(&[kernel("f", buffers, vec![serial(0, BLOCK as i64 / 8, vec![body])])], &target).unwrap();
        Sweep { dtype, blob }
    }

    /// What the kernel makes of operands that are numbers of its type.
    fn run(&self, operands: &[&[f64]]) -> Vec<f64> {
        let mut inputs: Vec<Aligned> = operands.iter().map(|o| Aligned::of(&bytes(self.dtype, o))).collect();
        let mut out = Aligned::zeroed(BLOCK * self.dtype.size());
        let mut arguments = vec![&mut out];
        arguments.extend(inputs.iter_mut());
        Loaded::new(&self.blob, 0).call("f", &mut arguments, 0, 0, 1);
        let number = |y: &[u8]| match read(self.dtype, y) {
            Number::Float(_, y) => y,
            other => panic!("{other:?}"),
        };
        out.bytes().chunks(self.dtype.size()).map(number).collect()
    }
}

/// `x` as a number of the type.
fn held(dtype: DType, x: f64) -> f64 {
    if dtype == DType::F32 { f64::from(x as f32) } else { x }
}

/// Error in ulp; infinite where only one of the two is no finite number of the type.
fn error(dtype: DType, actual: f64, expected: f64) -> f64 {
    let (largest, next) = match dtype {
        DType::F32 => (f64::from(f32::MAX), 128f64.exp2()),
        _ => (f64::MAX, f64::INFINITY),
    };
    if actual == expected || (actual.is_nan() && expected.is_nan()) {
        return 0.0;
    }
    if expected.abs() >= next {
        return if actual.is_infinite() && actual.signum() == expected.signum() { 0.0 } else { f64::INFINITY };
    }
    // just below the least number that is too large, infinity is one step off
    let stepped = if actual.is_infinite() && expected.abs() > largest { next.copysign(actual) } else { actual };
    let error = (stepped - expected).abs() / ulp(dtype, expected);
    if error.is_nan() { f64::INFINITY } else { error }
}

/// Largest error in ulp over the sweep, and where.
fn worst(f: UnaryFn, dtype: DType, ranges: &Ranges) -> (f64, f64) {
    let sweep = Sweep::new(dtype, 1, |x| Expr::unary(f, x(1)));
    let mut worst = (0.0, 0.0);
    for (low, high) in ranges {
        for block in 0..8 {
            let at = |k: usize| ((block * BLOCK + k) as f64 + 0.37) / (8 * BLOCK) as f64;
            let points: Vec<f64> = (0..BLOCK).map(|k| held(dtype, low * (1.0 - at(k)) + high * at(k))).collect();
            for (x, y) in points.iter().zip(sweep.run(&[&points])) {
                let error = error(dtype, y, elementary(f, *x));
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
    for (f, narrow, wide) in table() {
        for (dtype, (ranges, bound)) in [(DType::F32, narrow), (DType::F64, wide)] {
            let (error, x) = worst(f, dtype, &ranges);
            println!("{f:?} {dtype}: {error:.2} ulp at {x:e} (bound {bound})");
            if error > bound {
                failures.push(format!("{f:?} {dtype}: {error:.2} ulp at {x:e}, stated {bound}"));
            }
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

/// f32 within 1 ulp; f64 within 2^-52·(3 + 1.25·|b·ln a|), relative.
#[test]
fn powers_stay_within_the_stated_bounds() {
    for (dtype, largest) in [(DType::F32, 128.0), (DType::F64, 1024.0)] {
        let sweep = Sweep::new(dtype, 2, |x| Expr::binary(BinaryFn::Pow, x(1), x(2)));
        // bases of every magnitude; exponents whose results have every magnitude, and more
        for (bases, results) in [(1.0, 1.1), (0.01, 1.0), (1e-3, 0.01)] {
            let spread = |k: usize, step: f64| (k as f64 * step).fract() * 2.0 - 1.0;
            let a: Vec<f64> =
                (0..BLOCK).map(|k| held(dtype, (spread(k, 0.754_877_666) * largest * 0.98 * bases).exp2())).collect();
            let power = |k: usize| spread(k, 0.569_840_291) * largest * results / a[k].log2();
            let b: Vec<f64> = (0..BLOCK).map(|k| held(dtype, if a[k] == 1.0 { 3.5 } else { power(k) })).collect();
            let mut worst = (0.0, 0.0, 0.0);
            for ((a, b), y) in a.iter().zip(&b).zip(sweep.run(&[&a, &b])) {
                let expected = a.powf(*b);
                let stated = match dtype {
                    DType::F32 => 1.0,
                    _ => (f64::EPSILON * (3.0 + 1.25 * (b * a.ln()).abs()) * expected / ulp(dtype, expected)).max(1.0),
                };
                let share = error(dtype, y, expected) / stated;
                if share > worst.0 {
                    worst = (share, *a, *b);
                }
            }
            println!("Pow {dtype}: {:.2} of what is stated, at {:e} ^ {:e}", worst.0, worst.1, worst.2);
            assert!(worst.0 <= 1.0, "Pow {dtype} of {:e} and {:e}: {} of what is stated", worst.1, worst.2, worst.0);
        }
    }
}
