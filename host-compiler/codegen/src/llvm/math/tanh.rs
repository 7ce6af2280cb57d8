//! Hyperbolic tangent: f32 and f64 within 4 ulp.

use super::super::ir::V;
use super::{Math, exp};

/// tanh |x| = d / (d + 2) with d = e^(2|x|) - 1, which is accurate near 0 too.
pub fn tanh<'c>(m: &Math<'_, 'c>, x: V<'c>) -> V<'c> {
    // Beyond this the result rounds to 1.
    let limit = m.pick(9.1, 19.1);
    let magnitude = m.clamp(m.abs(x), 0.0, limit);
    let d = exp::expm1(m, m.add(magnitude, magnitude));
    m.copysign(m.div(d, m.add(d, m.c(2.0))), x)
}
