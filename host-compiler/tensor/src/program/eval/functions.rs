//! Scalar functions of the evaluator, each rounded to its type.

use half::f16;
use lathe_graph::DType;

use crate::expr::{BinaryFn, CompareFn, Type, UnaryFn};

/// An element: a float of any width, or an integer, bool or index (`u64` as two's complement bits).
#[derive(Clone, Copy, Debug)]
pub enum Value {
    /// a float
    Float(f64),
    /// an integer
    Int(i64),
}

impl PartialEq for Value {
    /// Equal bits of one kind; all NaN are equal.
    fn eq(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Float(a), Value::Float(b)) => a == b || (a.is_nan() && b.is_nan()),
            (Value::Int(a), Value::Int(b)) => a == b,
            _ => false,
        }
    }
}

/// `value` as an element of `dtype`: floats are rounded, integers wrap, float to integer truncates and saturates,
/// anything to bool is `!= 0`.
pub fn convert(dtype: DType, value: Value) -> Value {
    match (value, dtype) {
        (Value::Float(x), DType::F16) => Value::Float(f16::from_f64(x).to_f64()),
        (Value::Float(x), DType::F32) => Value::Float(f64::from(x as f32)),
        (Value::Float(x), DType::F64) => Value::Float(x),
        (Value::Float(x), DType::Bool) => Value::Int(i64::from(x != 0.0)),
        (Value::Float(x), DType::I8) => Value::Int(i64::from(x as i8)),
        (Value::Float(x), DType::U8) => Value::Int(i64::from(x as u8)),
        (Value::Float(x), DType::I16) => Value::Int(i64::from(x as i16)),
        (Value::Float(x), DType::U16) => Value::Int(i64::from(x as u16)),
        (Value::Float(x), DType::I32) => Value::Int(i64::from(x as i32)),
        (Value::Float(x), DType::U32) => Value::Int(i64::from(x as u32)),
        (Value::Float(x), DType::I64) => Value::Int(x as i64),
        (Value::Float(x), DType::U64) => Value::Int((x as u64) as i64),
        (Value::Int(x), DType::F16) => Value::Float(f16::from_f64(x as f64).to_f64()),
        (Value::Int(x), DType::F32) => Value::Float(f64::from(x as f32)),
        (Value::Int(x), DType::F64) => Value::Float(x as f64),
        (Value::Int(x), DType::Bool) => Value::Int(i64::from(x != 0)),
        (Value::Int(x), DType::I8) => Value::Int(i64::from(x as i8)),
        (Value::Int(x), DType::U8) => Value::Int(i64::from(x as u8)),
        (Value::Int(x), DType::I16) => Value::Int(i64::from(x as i16)),
        (Value::Int(x), DType::U16) => Value::Int(i64::from(x as u16)),
        (Value::Int(x), DType::I32) => Value::Int(i64::from(x as i32)),
        (Value::Int(x), DType::U32) => Value::Int(i64::from(x as u32)),
        (Value::Int(x), DType::I64 | DType::U64) => Value::Int(x),
    }
}

/// An element from its little-endian bytes.
pub(crate) fn decode(dtype: DType, bytes: &[u8]) -> Value {
    let bits = bytes.iter().rev().fold(0u64, |bits, &byte| bits << 8 | u64::from(byte));
    match dtype {
        DType::F16 => Value::Float(f16::from_bits(bits as u16).to_f64()),
        DType::F32 => Value::Float(f64::from(f32::from_bits(bits as u32))),
        DType::F64 => Value::Float(f64::from_bits(bits)),
        _ => convert(dtype, Value::Int(bits as i64)),
    }
}

/// An element's little-endian bytes.
pub(crate) fn encode(dtype: DType, value: Value) -> Vec<u8> {
    let bits = match (value, dtype) {
        (Value::Float(x), DType::F16) => u64::from(f16::from_f64(x).to_bits()),
        (Value::Float(x), DType::F32) => u64::from((x as f32).to_bits()),
        (Value::Float(x), _) => x.to_bits(),
        (Value::Int(x), _) => x as u64,
    };
    bits.to_le_bytes()[..dtype.size()].to_vec()
}

/// Conversion from one type to another.
pub(crate) fn cast(from: Type, to: Type, x: Value) -> Value {
    match (from, to, x) {
        (Type::Data(DType::U64), Type::Data(d), Value::Int(i)) if d.is_float() => {
            let wide = i as u64;
            let rounded = if d == DType::F64 { wide as f64 } else { f64::from(wide as f32) };
            convert(d, Value::Float(rounded))
        }
        (_, Type::Data(d), x) => convert(d, x),
        (_, Type::Index, x) => convert(DType::I64, x),
    }
}

/// f(x) and its type.
pub(crate) fn unary(f: UnaryFn, ty: Type, x: Value) -> Option<(Type, Value)> {
    let dtype = data(ty);
    let value = match (f, x) {
        (UnaryFn::IsNan, Value::Float(x)) => return Some((Type::Data(DType::Bool), Value::Int(i64::from(x.is_nan())))),
        (UnaryFn::Not, Value::Int(x)) if dtype == DType::Bool => Value::Int(1 - x),
        (UnaryFn::Not, Value::Int(x)) => Value::Int(!x),
        (UnaryFn::Neg, Value::Int(x)) => Value::Int(x.wrapping_neg()),
        (UnaryFn::Abs, Value::Int(x)) if dtype.is_signed_int() => Value::Int(x.wrapping_abs()),
        (UnaryFn::Abs, Value::Int(x)) => Value::Int(x),
        (_, Value::Int(_)) => return None,
        (f, Value::Float(x)) => Value::Float(float_unary(f, x)?),
    };
    Some((ty, convert(dtype, value)))
}

fn float_unary(f: UnaryFn, x: f64) -> Option<f64> {
    Some(match f {
        UnaryFn::Neg => -x,
        UnaryFn::Abs => x.abs(),
        UnaryFn::Not | UnaryFn::IsNan => return None,
        UnaryFn::Sqrt => x.sqrt(),
        UnaryFn::Floor => x.floor(),
        UnaryFn::Ceil => x.ceil(),
        UnaryFn::Round => x.round_ties_even(),
        UnaryFn::Exp => x.exp(),
        UnaryFn::Log => x.ln(),
        UnaryFn::Erf => erf(x),
        UnaryFn::Tanh => x.tanh(),
        UnaryFn::Sigmoid => 1.0 / (1.0 + (-x).exp()),
        UnaryFn::Sin => x.sin(),
        UnaryFn::Cos => x.cos(),
        UnaryFn::Tan => x.tan(),
        UnaryFn::Asin => x.asin(),
        UnaryFn::Acos => x.acos(),
        UnaryFn::Atan => x.atan(),
        UnaryFn::Sinh => x.sinh(),
        UnaryFn::Cosh => x.cosh(),
        UnaryFn::Asinh => x.asinh(),
        UnaryFn::Acosh => x.acosh(),
        UnaryFn::Atanh => x.atanh(),
    })
}

/// Error function: Maclaurin series for small arguments, continued fraction of the complement for large ones; both to
/// about 1e-15.
fn erf(x: f64) -> f64 {
    let a = x.abs();
    if x.is_nan() {
        return x;
    }
    let value = if a < 3.0 {
        let (mut term, mut sum, mut n) = (a, a, 0.0);
        while term.abs() > 1e-17 * sum.abs() {
            n += 1.0;
            term *= -a * a / n;
            sum += term / (2.0 * n + 1.0);
        }
        sum * std::f64::consts::FRAC_2_SQRT_PI
    } else if a > 6.0 {
        1.0
    } else {
        let tail = (1..=60).rev().fold(a, |t, k| a + f64::from(k) / 2.0 / t);
        1.0 - (-a * a).exp() / (tail * std::f64::consts::PI.sqrt())
    };
    value.copysign(x)
}

/// f(a, b) of operands of type `ty`.
pub(crate) fn binary(f: BinaryFn, ty: Type, a: Value, b: Value) -> Option<Value> {
    let value = match (a, b) {
        (Value::Float(a), Value::Float(b)) => Value::Float(float_binary(f, a, b)?),
        (Value::Int(a), Value::Int(b)) if ty == Type::Index => Value::Int(index_binary(f, a, b)?),
        (Value::Int(a), Value::Int(b)) => Value::Int(int_binary(f, data(ty), a, b)?),
        _ => return None,
    };
    Some(convert(data(ty), value))
}

fn float_binary(f: BinaryFn, a: f64, b: f64) -> Option<f64> {
    Some(match f {
        BinaryFn::Add => a + b,
        BinaryFn::Sub => a - b,
        BinaryFn::Mul => a * b,
        BinaryFn::Div => a / b,
        BinaryFn::Rem => a % b,
        BinaryFn::Min | BinaryFn::Max if a.is_nan() || b.is_nan() => f64::NAN,
        BinaryFn::Min => a.min(b),
        BinaryFn::Max => a.max(b),
        BinaryFn::Pow => a.powf(b),
        BinaryFn::And | BinaryFn::Or | BinaryFn::Xor | BinaryFn::Shl | BinaryFn::Shr => return None,
    })
}

fn index_binary(f: BinaryFn, a: i64, b: i64) -> Option<i64> {
    match f {
        BinaryFn::Add => a.checked_add(b),
        BinaryFn::Sub => a.checked_sub(b),
        BinaryFn::Mul => a.checked_mul(b),
        BinaryFn::Div if b > 0 => Some(a.div_euclid(b)),
        BinaryFn::Rem if b > 0 => Some(a.rem_euclid(b)),
        BinaryFn::Min => Some(a.min(b)),
        BinaryFn::Max => Some(a.max(b)),
        _ => None,
    }
}

fn int_binary(f: BinaryFn, dtype: DType, a: i64, b: i64) -> Option<i64> {
    let unsigned = dtype == DType::U64;
    let shift = |b: i64| u32::try_from(b).ok().filter(|&s| (s as usize) < dtype.size() * 8);
    Some(match f {
        BinaryFn::Add => a.wrapping_add(b),
        BinaryFn::Sub => a.wrapping_sub(b),
        BinaryFn::Mul => a.wrapping_mul(b),
        BinaryFn::Div | BinaryFn::Rem if b == 0 => 0,
        BinaryFn::Div if unsigned => (a as u64 / b as u64) as i64,
        BinaryFn::Rem if unsigned => (a as u64 % b as u64) as i64,
        BinaryFn::Div => a.wrapping_div(b),
        BinaryFn::Rem => a.wrapping_rem(b),
        BinaryFn::Min if unsigned => (a as u64).min(b as u64) as i64,
        BinaryFn::Max if unsigned => (a as u64).max(b as u64) as i64,
        BinaryFn::Min => a.min(b),
        BinaryFn::Max => a.max(b),
        BinaryFn::And => a & b,
        BinaryFn::Or => a | b,
        BinaryFn::Xor => a ^ b,
        BinaryFn::Shl => shift(b).map_or(0, |s| a << s),
        BinaryFn::Shr if unsigned => shift(b).map_or(0, |s| ((a as u64) >> s) as i64),
        BinaryFn::Shr => shift(b).map_or(0, |s| a >> s),
        BinaryFn::Pow => int_power(a, b, b < 0 && !unsigned),
    })
}

/// a to the power b, wrapping; to a negative power the real result truncated, 0 for base 0.
fn int_power(a: i64, b: i64, negative: bool) -> i64 {
    if negative && a != 1 && a != -1 {
        return 0;
    }
    // the exponent's two's complement bits have the right parity for a base of 1 or -1
    (0..64)
        .fold((1i64, a), |(power, square), bit| {
            let next = if b >> bit & 1 == 1 { power.wrapping_mul(square) } else { power };
            (next, square.wrapping_mul(square))
        })
        .0
}

/// a ? b of operands of type `ty`.
pub(crate) fn compare(f: CompareFn, ty: Type, a: Value, b: Value) -> Option<bool> {
    let order = match (a, b) {
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(&b),
        (Value::Int(a), Value::Int(b)) if ty == Type::Data(DType::U64) => Some((a as u64).cmp(&(b as u64))),
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(&b)),
        _ => return None,
    };
    Some(match f {
        CompareFn::Eq => order.is_some_and(|o| o.is_eq()),
        CompareFn::Ne => order.is_none_or(|o| o.is_ne()),
        CompareFn::Lt => order.is_some_and(|o| o.is_lt()),
        CompareFn::Le => order.is_some_and(|o| o.is_le()),
    })
}

/// The element type a value of `ty` is kept in.
fn data(ty: Type) -> DType {
    match ty {
        Type::Index => DType::I64,
        Type::Data(d) => d,
    }
}
