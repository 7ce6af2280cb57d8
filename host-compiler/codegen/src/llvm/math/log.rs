//! Natural logarithm: f32 and f64 within 2 ulp, denormals included; 0 gives -infinity, below NaN.

use super::super::ir::V;
use super::Math;
use inkwell::values::InstructionOpcode;
use std::f64::consts::FRAC_1_SQRT_2;

/// ln 2 in two parts, by precision.
const LN2_F32: (f64, f64) = (0.693145751953125, 1.428606765330187e-6);
const LN2_F64: (f64, f64) = (0.6931471803691238, 1.9082149292705877e-10);

/// x = 2^e·(1 + f) with 1 + f in √½..√2; then ln x = e·ln 2 + ln(1 + f)
pub fn log<'c>(m: &Math<'_, 'c>, x: V<'c>) -> V<'c> {
    let mantissa = m.mantissa_bits();
    let (smallest, lift) = m.pick((2f64.powi(-126), 23), (2f64.powi(-1022), 54));
    let tiny = m.lt(x, m.c(smallest));
    let lifted = m.select(tiny, m.mul(x, m.c(2f64.powi(lift))), x);
    let bits = m.to_bits(lifted);
    let root_half = m.pick(i64::from((FRAC_1_SQRT_2 as f32).to_bits()), FRAC_1_SQRT_2.to_bits() as i64);
    let exponent = m.ashr(m.ir.sub(bits, m.bits(root_half)), mantissa);
    let f = m.sub(m.of_bits(m.ir.sub(bits, m.shl(exponent, mantissa))), m.c(1.0));
    let e = m.ir.cast(InstructionOpcode::SIToFP, exponent, m.ty.into());
    let e = m.select(tiny, m.sub(e, m.c(f64::from(lift))), e);
    let (high, low) = m.pick(LN2_F32, LN2_F64);
    let result = m.fma(e, m.c(high), if m.wide() { ln1p_f64(m, f, e, low) } else { ln1p_f32(m, f, e, low) });
    let zero = m.eq(x, m.c(0.0));
    let result = m.select(m.gt(x, m.c(0.0)), result, m.select(zero, m.c(f64::NEG_INFINITY), m.c(f64::NAN)));
    m.select(m.eq(x, m.c(f64::INFINITY)), x, result)
}

/// ln(1 + f) + e·low = f - f²/2 + f³·P(f) + e·low
fn ln1p_f32<'c>(m: &Math<'_, 'c>, f: V<'c>, e: V<'c>, low: f64) -> V<'c> {
    let square = m.mul(f, f);
    let tail = m.fma(m.mul(square, f), m.poly(f, LOG_F32), m.mul(e, m.c(low)));
    m.add(f, m.fma(square, m.c(-0.5), tail))
}

/// ln(1 + f) + e·low = f - (h - s·(h + s²·R(s²))) + e·low with s = f / (2 + f), h = f²/2
fn ln1p_f64<'c>(m: &Math<'_, 'c>, f: V<'c>, e: V<'c>, low: f64) -> V<'c> {
    let s = m.div(f, m.add(f, m.c(2.0)));
    let z = m.mul(s, s);
    let h = m.mul(m.mul(f, f), m.c(0.5));
    let inner = m.fma(s, m.fma(z, m.poly(z, LOG_F64), h), m.mul(e, m.c(low)));
    m.sub(f, m.sub(h, inner))
}

/// ln(1 + x), accurate near 0, for x > -1
pub fn log1p<'c>(m: &Math<'_, 'c>, x: V<'c>) -> V<'c> {
    let one = m.c(1.0);
    let u = m.add(one, x);
    let lost = m.div(m.sub(x, m.sub(u, one)), u);
    let finite = m.lt(u, m.c(f64::INFINITY));
    m.add(log(m, u), m.select(finite, lost, m.c(0.0)))
}

/// (ln(1 + f) - f + f²/2) / f³ on √½ - 1..√2 - 1; fit within 2^-30.32 relative.
const LOG_F32: &[f64] = &[
    0.06743949012176233,
    -0.11672624107580422,
    0.11887762548552472,
    -0.12406120623852933,
    0.14219686793009118,
    -0.16667966681428428,
    0.2000211017577358,
    -0.25000010059542604,
    0.3333331272755085,
];

/// (ln((1 + s) / (1 - s)) - 2s) / s³ in s²; fit within 2^-59.5 relative.
const LOG_F64: &[f64] = &[
    0.14796687416944815,
    0.15313987233265994,
    0.1818356638637804,
    0.22222198541448743,
    0.28571428742626037,
    0.39999999999413827,
    0.6666666666666734,
];
