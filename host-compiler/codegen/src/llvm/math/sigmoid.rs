//! Logistic function 1 / (1 + e^-x): f32 within 3 ulp, f64 within 4 ulp, on all finite arguments.

use super::super::ir::V;
use super::{Math, exp};

/// With e = e^-|x| nothing overflows: 1 / (1 + e) for x ≥ 0, e / (1 + e) below.
pub fn sigmoid<'c>(m: &Math<'_, 'c>, x: V<'c>) -> V<'c> {
    let one = m.c(1.0);
    let e = exp::exp(m, m.ir.fneg(m.abs(x)));
    let numerator = m.select(m.lt(x, m.c(0.0)), e, one);
    m.div(numerator, m.add(one, e))
}
