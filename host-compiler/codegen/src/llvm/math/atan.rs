//! Inverse tangent: f32 and f64 within 3 ulp.

use std::f64::consts::{FRAC_PI_2, FRAC_PI_4};

use super::super::ir::V;
use super::Math;

/// Above tan 3π/8 by -1/x, above tan π/8 by (x - 1) / (x + 1), then a polynomial.
pub fn atan<'c>(m: &Math<'_, 'c>, x: V<'c>) -> V<'c> {
    let (a, one) = (m.abs(x), m.c(1.0));
    let steep = m.gt(a, m.c(2.414213562373095));
    let middle = m.gt(a, m.c(0.41421356237309503));
    let numerator = m.select(steep, m.c(-1.0), m.select(middle, m.sub(a, one), a));
    let denominator = m.select(steep, a, m.select(middle, m.add(a, one), one));
    let (zero, tail) = (m.c(0.0), m.pick(0.0, 6.123233995736766e-17));
    let base = m.select(steep, m.c(FRAC_PI_2), m.select(middle, m.c(FRAC_PI_4), zero));
    let low = m.select(steep, m.c(tail), m.select(middle, m.c(tail / 2.0), zero));
    let t = m.div(numerator, denominator);
    let z = m.mul(t, t);
    let angle = m.fma(m.mul(t, z), m.poly(z, m.pick(ATAN_F32, ATAN_F64)), m.add(t, low));
    m.copysign(m.add(base, angle), x)
}

/// (atan t - t) / t³ in t², t up to tan π/8; fit within 2^-25.55 relative.
const ATAN_F32: &[f64] = &[0.08054641833119726, -0.138779199840269, 0.19977724325907437, -0.3333294904265808];

/// (atan t - t) / t³ in t², t up to tan π/8; fit within 2^-59.46 relative.
const ATAN_F64: &[f64] = &[
    -0.017909523320259354,
    0.03806631589197848,
    -0.050393578733591446,
    0.058478970563443984,
    -0.06663104464775979,
    0.07692060183519184,
    -0.09090897751352717,
    0.11111110783040448,
    -0.14285714280183076,
    0.19999999999953383,
    -0.333333333333332,
];
