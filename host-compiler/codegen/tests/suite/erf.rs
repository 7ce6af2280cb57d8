//! The error function in f64, by its series and its continued fraction: slow and independent of what is tested.

use std::f64::consts::PI;

/// erf(x) to about 1e-16
pub fn erf(x: f64) -> f64 {
    if x.is_nan() {
        return x;
    }
    let a = x.abs();
    let value = if a < 2.5 { series(a) } else if a < 6.5 { 1.0 - complement(a) } else { 1.0 };
    value.copysign(x)
}

/// 2/√π · e^-x² · Σ 2^n x^(2n+1) / (2n+1)!!: all terms positive
fn series(x: f64) -> f64 {
    let (mut term, mut sum) = (x, x);
    for n in 1..200 {
        term *= 2.0 * x * x / (2 * n + 1) as f64;
        sum += term;
    }
    2.0 / PI.sqrt() * (-x * x).exp() * sum
}

/// erfc by its continued fraction
fn complement(x: f64) -> f64 {
    let fraction = (1..200).rev().fold(0.0, |f, k| (k as f64 / 2.0) / (x + f));
    (-x * x).exp() / PI.sqrt() / (x + fraction)
}
