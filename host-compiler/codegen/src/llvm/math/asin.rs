//! Inverse sine and cosine: f32 and f64 within 4 ulp; NaN outside -1..=1.

use std::f64::consts::{FRAC_PI_2, PI};

use super::super::ir::V;
use super::Math;

/// asin of `t` given z = t² ≤ ¼
fn core<'c>(m: &Math<'_, 'c>, t: V<'c>, z: V<'c>) -> V<'c> {
    m.fma(m.mul(t, z), m.poly(z, m.pick(ASIN_F32, ASIN_F64)), t)
}

/// (whether |x| > ½, asin |x| when not, asin √((1 - |x|) / 2) when it is)
fn parts<'c>(m: &Math<'_, 'c>, x: V<'c>) -> (V<'c>, V<'c>) {
    let a = m.abs(x);
    let large = m.gt(a, m.c(0.5));
    let complement = m.fma(a, m.c(-0.5), m.c(0.5));
    let z = m.select(large, complement, m.mul(a, a));
    let t = m.select(large, m.sqrt(complement), a);
    (large, core(m, t, z))
}

/// asin x: beyond ½ as π/2 - 2·asin √((1 - x) / 2)
pub fn asin<'c>(m: &Math<'_, 'c>, x: V<'c>) -> V<'c> {
    let (large, part) = parts(m, x);
    let far = m.fma(part, m.c(-2.0), m.c(FRAC_PI_2));
    m.copysign(m.select(large, far, part), x)
}

/// acos x: π/2 - asin x inside ±½, 2·asin √((1 - x) / 2) above, π minus that below
pub fn acos<'c>(m: &Math<'_, 'c>, x: V<'c>) -> V<'c> {
    let (large, part) = parts(m, x);
    let inside = m.sub(m.c(FRAC_PI_2), m.copysign(part, x));
    let twice = m.add(part, part);
    let outside = m.select(m.lt(x, m.c(0.0)), m.sub(m.c(PI), twice), twice);
    m.select(large, outside, inside)
}

/// (asin t - t) / t³ in t², t up to ½; fit within 2^-27.64 relative.
const ASIN_F32: &[f64] =
    &[0.04214207042060165, 0.024194718518259876, 0.045467065077053795, 0.07495326268457338, 0.1666675171398603];

/// (asin t - t) / t³ in t², t up to ½; fit within 2^-55.93 relative.
const ASIN_F64: &[f64] = &[
    0.03189544287871155,
    -0.016198930726890267,
    0.01951156495307771,
    0.006534315960434865,
    0.012167680947962651,
    0.01388548029910332,
    0.01735967854812068,
    0.02237175990424655,
    0.03038195905376044,
    0.044642856830518066,
    0.07500000000334134,
    0.16666666666665422,
];
