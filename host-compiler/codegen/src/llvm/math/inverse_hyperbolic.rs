//! Inverse hyperbolic functions: f32 and f64 within 5 ulp.

use std::f64::consts::LN_2;

use super::super::ir::V;
use super::{Math, log};

/// Where x² + 1 = x² to the last digit.
fn large(m: &Math<'_, '_>) -> f64 {
    m.pick(2f64.powi(14), 2f64.powi(28))
}

/// ln(|x| + √(x² + 1)) = ln(1 + |x| + x² / (1 + √(x² + 1)))
pub fn asinh<'c>(m: &Math<'_, 'c>, x: V<'c>) -> V<'c> {
    let (a, one) = (m.abs(x), m.c(1.0));
    let square = m.mul(a, a);
    let small = m.add(a, m.div(square, m.add(one, m.sqrt(m.add(square, one)))));
    let far = m.add(log::log(m, a), m.c(LN_2));
    let near = log::log1p(m, small);
    m.copysign(m.select(m.gt(a, m.c(large(m))), far, near), x)
}

/// ln(x + √(x² - 1)) = ln(1 + t + √(t·(t + 2))) with t = x - 1; NaN below 1
pub fn acosh<'c>(m: &Math<'_, 'c>, x: V<'c>) -> V<'c> {
    let t = m.sub(x, m.c(1.0));
    let near = log::log1p(m, m.add(t, m.sqrt(m.mul(t, m.add(t, m.c(2.0))))));
    let far = m.add(log::log(m, x), m.c(LN_2));
    let inside = m.select(m.gt(x, m.c(large(m))), far, near);
    m.select(m.lt(x, m.c(1.0)), m.c(f64::NAN), inside)
}

/// ½·ln((1 + |x|) / (1 - |x|)) = ½·ln(1 + 2|x| / (1 - |x|)); ±1 gives ±infinity, beyond NaN
pub fn atanh<'c>(m: &Math<'_, 'c>, x: V<'c>) -> V<'c> {
    let a = m.abs(x);
    let ratio = m.div(m.add(a, a), m.sub(m.c(1.0), a));
    m.copysign(m.mul(m.c(0.5), log::log1p(m, ratio)), x)
}
