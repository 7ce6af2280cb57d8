//! Exponential: f32 and f64 within 2 ulp; denormal results included, overflow to infinity.

use std::f64::consts::LOG2_E;

use super::super::ir::V;
use super::Math;

/// ln 2 in two parts, by precision: the first has trailing zeros, so that n·high is exact.
const LN2_F32: (f64, f64) = (0.693145751953125, 1.428606765330187e-6);
const LN2_F64: (f64, f64) = (0.6931471803691238, 1.9082149292705877e-10);

/// x = n·ln 2 + r: n as float and integer, and r in ±½·ln 2
struct Reduced<'c> {
    n: V<'c>,
    r: V<'c>,
}

fn reduce<'c>(m: &Math<'_, 'c>, x: V<'c>) -> Reduced<'c> {
    let (float, n) = m.nearest(x, LOG2_E);
    let (high, low) = m.pick(LN2_F32, LN2_F64);
    let r = m.fma(float, m.c(-high), x);
    Reduced { n, r: m.fma(float, m.c(-low), r) }
}

/// e^r - 1 on ±½·ln 2
fn expm1_core<'c>(m: &Math<'_, 'c>, r: V<'c>) -> V<'c> {
    m.fma(m.mul(r, r), m.poly(r, m.pick(EXP_F32, EXP_F64)), r)
}

/// 2^n for an n whose power is normal
fn power_of_two<'c>(m: &Math<'_, 'c>, n: V<'c>) -> V<'c> {
    m.of_bits(m.shl(m.ir.add(n, m.bits(m.bias())), m.mantissa_bits()))
}

/// e^x. The scale 2^n is applied in two halves, so that denormal results round once and large ones overflow.
pub fn exp<'c>(m: &Math<'_, 'c>, x: V<'c>) -> V<'c> {
    let (low, high) = m.pick((-104.0, 89.0), (-746.0, 710.0));
    let Reduced { n, r } = reduce(m, m.clamp(x, low, high));
    let fraction = m.add(m.c(1.0), expm1_core(m, r));
    let half = m.ashr(n, 1);
    let rest = m.ir.sub(n, half);
    m.mul(m.mul(fraction, power_of_two(m, half)), power_of_two(m, rest))
}

/// e^x - 1 for x up to the largest whose e^x is finite; accurate near 0.
pub fn expm1<'c>(m: &Math<'_, 'c>, x: V<'c>) -> V<'c> {
    let Reduced { n, r } = reduce(m, x);
    let scale = power_of_two(m, n);
    m.fma(scale, expm1_core(m, r), m.sub(scale, m.c(1.0)))
}

/// (e^r - 1 - r) / r² on ±½·ln 2; fit within 2^-28.31 relative.
const EXP_F32: &[f64] =
    &[0.001381267011363829, 0.008368705024242026, 0.04166841693841667, 0.16666520657832146, 0.49999993367362666];

/// (e^r - 1 - r) / r² on ±½·ln 2; fit within 2^-64.04 relative.
const EXP_F64: &[f64] = &[
    2.082695786010071e-9,
    2.5112006721032947e-8,
    2.755758037382635e-7,
    2.7557234945633735e-6,
    2.480158692880057e-5,
    0.00019841269896305011,
    0.001388888888911438,
    0.008333333333317063,
    0.041666666666666095,
    0.16666666666666682,
    0.5,
];
