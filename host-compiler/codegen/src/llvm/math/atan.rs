//! Inverse tangent: f32 and f64 within 3 ulp.

use std::f64::consts::{FRAC_PI_2, FRAC_PI_4};

use super::super::ir::V;
use super::Math;

/// Above tan 3π/8 by -1/x, above tan π/8 by (x - 1) / (x + 1), then a polynomial.
pub fn atan<'c>(m: &Math<'_, 'c>, x: V<'c>) -> V<'c> {
    let (a, one) = (m.abs(x), m.c(1.0));
    let steep = m.gt(a, m.c(2.414_213_562_373_095));
    let middle = m.gt(a, m.c(0.414_213_562_373_095_03));
    let numerator = m.select(steep, m.c(-1.0), m.select(middle, m.sub(a, one), a));
    let denominator = m.select(steep, a, m.select(middle, m.add(a, one), one));
    let (zero, tail) = (m.c(0.0), m.pick(0.0, 6.123_233_995_736_766e-17));
    let base = m.select(steep, m.c(FRAC_PI_2), m.select(middle, m.c(FRAC_PI_4), zero));
    let low = m.select(steep, m.c(tail), m.select(middle, m.c(tail / 2.0), zero));
    let t = m.div(numerator, denominator);
    let z = m.mul(t, t);
    let angle = m.fma(m.mul(t, z), m.poly(z, m.pick(ATAN_F32, ATAN_F64)), m.add(t, low));
    m.copysign(m.add(base, angle), x)
}

/// (atan t - t) / t³ in t², t up to tan π/8; fit within 2^-25.55 relative.
const ATAN_F32: &[f64] = &[
    0.0805464183311972635,
    -0.1387791998402690056,
    0.1997772432590743584,
    -0.3333294904265807765,
];

/// (atan t - t) / t³ in t², t up to tan π/8; fit within 2^-59.46 relative.
const ATAN_F64: &[f64] = &[
    -0.01790952332025935286,
    0.03806631589197848005,
    -0.05039357873359144406,
    0.05847897056344398422,
    -0.06663104464775979587,
    0.07692060183519183747,
    -0.09090897751352717031,
    0.1111111078304044864,
    -0.1428571428018307569,
    0.1999999999995338289,
    -0.3333333333333319638,
];
