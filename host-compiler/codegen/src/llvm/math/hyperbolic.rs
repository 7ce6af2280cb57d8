//! Hyperbolic sine and cosine: f32 and f64 within 5 ulp.

use super::super::ir::V;
use super::{Math, exp};

/// Largest |x| whose e^x is safely finite.
fn limit(m: &Math<'_, '_>) -> f64 {
    m.pick(88.0, 709.0)
}

/// ½·e^a for a beyond the limit, as (½·e^(a/2))·e^(a/2).
fn half_exp_large<'c>(m: &Math<'_, 'c>, a: V<'c>) -> V<'c> {
    let root = exp::exp(m, m.mul(a, m.c(0.5)));
    m.mul(m.mul(root, m.c(0.5)), root)
}

/// ½·(d + d / (d + 1)) with d = e^|x| - 1
pub fn sinh<'c>(m: &Math<'_, 'c>, x: V<'c>) -> V<'c> {
    let a = m.abs(x);
    let d = exp::expm1(m, m.clamp(a, 0.0, limit(m)));
    let small = m.mul(m.c(0.5), m.add(d, m.div(d, m.add(d, m.c(1.0)))));
    let large = m.gt(a, m.c(limit(m)));
    m.copysign(m.select(large, half_exp_large(m, a), small), x)
}

/// ½·(e^|x| + e^-|x|)
pub fn cosh<'c>(m: &Math<'_, 'c>, x: V<'c>) -> V<'c> {
    let a = m.abs(x);
    let e = exp::exp(m, a);
    let small = m.mul(m.c(0.5), m.add(e, m.div(m.c(1.0), e)));
    m.select(m.gt(a, m.c(limit(m))), half_exp_large(m, a), small)
}
