//! Sine, cosine, tangent. f32: within 2 ulp (tangent 4) for |x| < 2^40, in -1..=1 beyond. f64: within 2 ulp (tangent 4)
//! for |x| < 2^30. Infinite arguments give NaN.

use inkwell::IntPredicate;
use inkwell::values::InstructionOpcode;
use std::f64::consts::{FRAC_2_PI, FRAC_PI_2};

use super::super::ir::V;
use super::Math;

/// π/2 as a sum of three f64 (the next terms of its expansion).
const HALF_PI: [f64; 3] = [FRAC_PI_2, 6.123233995736766e-17, -1.4973849048591833e-33];

struct Reduced<'c> {
    /// sine of the reduced argument
    sin: V<'c>,
    /// cosine of the reduced argument
    cos: V<'c>,
    /// how many quarter turns were taken off, as integers as wide as the elements
    quarters: V<'c>,
}

/// Takes quarter turns off (in f64, with products that are not rounded) and evaluates both functions on -π/4..π/4.
fn reduce<'c>(m: &Math<'_, 'c>, x: V<'c>) -> Reduced<'c> {
    let w = m.widened();
    let wide = if m.wide() { x } else { m.to_f64(x) };
    let (n, count) = w.nearest(wide, FRAC_2_PI);
    let minus = w.ir.fneg(n);
    let r = HALF_PI.iter().fold(wide, |r, part| w.fused(minus, w.c(*part), r));
    let r = m.of_f64(w.clamp(r, -0.8, 0.8));
    let quarters = m.ir.cast(InstructionOpcode::Trunc, count, m.ir.bits_of(m.ty).into());
    let z = m.mul(r, r);
    let sin = m.fma(m.mul(r, z), m.poly(z, m.pick(SIN_F32, SIN_F64)), r);
    let cos = m.fma(m.mul(z, z), m.poly(z, m.pick(COS_F32, COS_F64)), m.fma(z, m.c(-0.5), m.c(1.0)));
    Reduced { sin, cos, quarters }
}

impl<'c> Reduced<'c> {
    /// whether bit `bit` of quarters + `ahead` is set
    fn bit(&self, m: &Math<'_, 'c>, ahead: i64, bit: i64) -> V<'c> {
        let masked = m.ir.and(m.ir.add(self.quarters, m.bits(ahead)), m.bits(1 << bit));
        m.ir.icmp(IntPredicate::NE, masked, m.bits(0))
    }

    /// sine of the argument `ahead` quarter turns further
    fn sine(&self, m: &Math<'_, 'c>, ahead: i64) -> V<'c> {
        let v = m.select(self.bit(m, ahead, 0), self.cos, self.sin);
        m.select(self.bit(m, ahead, 1), m.ir.fneg(v), v)
    }
}

/// sin x
pub fn sin<'c>(m: &Math<'_, 'c>, x: V<'c>) -> V<'c> {
    reduce(m, x).sine(m, 0)
}

/// cos x
pub fn cos<'c>(m: &Math<'_, 'c>, x: V<'c>) -> V<'c> {
    reduce(m, x).sine(m, 1)
}

/// tan x
pub fn tan<'c>(m: &Math<'_, 'c>, x: V<'c>) -> V<'c> {
    let r = reduce(m, x);
    let odd = r.bit(m, 0, 0);
    m.div(m.select(odd, m.ir.fneg(r.cos), r.sin), m.select(odd, r.sin, r.cos))
}

/// (sin r - r) / r³ in r², r up to π/4; fit within 2^-27.99 relative.
const SIN_F32: &[f64] = &[-0.00019515344155284278, 0.008332161716360463, -0.16666654635009906];

/// (sin r - r) / r³ in r², r up to π/4; fit within 2^-68.75 relative.
const SIN_F64: &[f64] = &[
    -7.578511571302265e-13,
    1.6058362672239341e-10,
    -2.5052104878765807e-8,
    2.755731921405646e-6,
    -0.0001984126984125479,
    0.008333333333333323,
    -0.16666666666666666,
];

/// (cos r - 1 + r²/2) / r⁴ in r², r up to π/4; fit within 2^-33.03 relative.
const COS_F32: &[f64] = &[2.4433174278588483e-5, -0.0013887316470201682, 0.04166664568427628];

/// (cos r - 1 + r²/2) / r⁴ in r², r up to π/4; fit within 2^-63.96 relative.
const COS_F64: &[f64] = &[
    -1.1358447166855004e-11,
    2.087569919567858e-9,
    -2.7557314167855135e-7,
    2.4801587288814814e-5,
    -0.0013888888888873004,
    0.041666666666666595,
];
