//! a to the power b, with C's special cases. f32 within 1 ulp (computed in f64); f64 within 2^-52·(3 + 1.25·|b·ln a|)
//! relative.

use inkwell::IntPredicate;
use inkwell::values::{BasicValue, BasicValueEnum};

use super::super::ir::V;
use super::{Math, exp, log};

/// a^b
pub fn pow<'c>(m: &Math<'_, 'c>, a: V<'c>, b: V<'c>) -> V<'c> {
    match constant(b) {
        Some(1.0) => return a,
        Some(2.0) => return m.mul(a, a),
        Some(3.0) => return m.mul(m.mul(a, a), a),
        _ => {}
    }
    let w = m.widened();
    let (base, exponent) = if m.wide() { (a, b) } else { (m.to_f64(a), m.to_f64(b)) };
    m.of_f64(pow_f64(&w, base, exponent))
}

fn pow_f64<'c>(m: &Math<'_, 'c>, a: V<'c>, b: V<'c>) -> V<'c> {
    let (zero, one) = (m.c(0.0), m.c(1.0));
    let magnitude = exp::exp(m, m.mul(b, log::log(m, m.abs(a))));
    let whole = m.ir.intrinsic("llvm.trunc", &[b]);
    let is_whole = m.eq(whole, b);
    let half = m.mul(b, m.c(0.5));
    let odd = m.ir.and(is_whole, m.ir.xor(m.eq(m.ir.intrinsic("llvm.trunc", &[half]), half), yes(m)));
    // A sign bit (also of -0) matters only under an odd power; a negative base needs a whole power.
    let negative = m.ir.icmp(IntPredicate::SLT, m.to_bits(a), m.bits(0));
    let signed = m.select(m.ir.and(negative, odd), m.ir.fneg(magnitude), magnitude);
    let below_zero = m.ir.and(m.lt(a, zero), m.gt(a, m.c(f64::NEG_INFINITY)));
    let no_result = m.ir.and(below_zero, m.ir.xor(is_whole, yes(m)));
    let result = m.select(no_result, m.c(f64::NAN), signed);
    // 1^b and a^0 are 1 even for NaN; (-1)^±inf is 1.
    let unit = m.ir.and(m.eq(a, m.c(-1.0)), m.eq(m.abs(b), m.c(f64::INFINITY)));
    let always_one = m.ir.or(m.ir.or(m.eq(a, one), m.eq(b, zero)), unit);
    m.select(always_one, one, result)
}

/// true in every lane
fn yes<'c>(m: &Math<'_, 'c>) -> V<'c> {
    m.ir.int(m.ir.context.bool_type(), 1, m.lanes)
}

/// The value of a constant that is the same in every lane.
fn constant(v: V<'_>) -> Option<f64> {
    if !v.is_const() {
        return None;
    }
    match v {
        BasicValueEnum::FloatValue(x) => x.get_constant().map(|(x, _)| x),
        BasicValueEnum::VectorValue(v) if v.is_constant_data_vector() => {
            let value = |k| match v.get_element_as_constant(k) {
                BasicValueEnum::FloatValue(x) => x.get_constant().map(|(x, _)| x),
                _ => None,
            };
            let first = value(0)?;
            (1..v.get_type().get_size()).all(|k| value(k) == Some(first)).then_some(first)
        }
        _ => None,
    }
}
