//! Element-wise operators.

use lathe_artifact::DType;

use super::erf::erf;
use super::movement::copy_elements;
use super::number::Number;
use super::strided::{broadcast_strides, for_each_row, offsets, row_length, row_stride};
use super::{EvalError, Operands};
use crate::op::{Binary, Unary};
use crate::tensor::Tensor;

pub(super) fn unary(f: Unary, x: &Operands) -> Result<Vec<Tensor>, EvalError> {
    let dtype = x.inputs[0].dtype();
    if !dtype.is_float() {
        let unsigned = !dtype.is_signed_int();
        let values: Vec<i64> = i64::load(x.inputs[0]).into_iter().map(|v| integer(f, v, unsigned)).collect();
        return x.numbers(&values);
    }
    let values = f64::load(x.inputs[0]);
    let test = |t: &dyn Fn(f64) -> bool| values.iter().map(|&v| i64::from(t(v))).collect::<Vec<i64>>();
    match f {
        Unary::IsNan => x.numbers(&test(&|v| v.is_nan())),
        Unary::IsInf { negative, positive } => {
            x.numbers(&test(&|v| v.is_infinite() && if v > 0.0 { positive } else { negative }))
        }
        _ => x.numbers(&values.iter().map(|&v| float(f, v)).collect::<Vec<f64>>()),
    }
}

fn integer(f: Unary, v: i64, unsigned: bool) -> i64 {
    match f {
        Unary::Not => i64::from(v == 0),
        Unary::BitNot => !v,
        Unary::Neg => v.wrapping_neg(),
        Unary::Sign if unsigned => i64::from(v != 0),
        Unary::Sign => v.signum(),
        Unary::Abs if !unsigned => v.wrapping_abs(),
        Unary::Relu if !unsigned => v.max(0),
        _ => v,
    }
}

fn softplus(v: f64) -> f64 {
    v.max(0.0) + (-v.abs()).exp().ln_1p()
}

fn sign(v: f64) -> f64 {
    if v > 0.0 {
        1.0
    } else if v < 0.0 {
        -1.0
    } else {
        v
    }
}

/// `f(v)`; NaN stays NaN.
fn float(f: Unary, v: f64) -> f64 {
    match f {
        Unary::Abs => v.abs(),
        Unary::Neg => -v,
        Unary::Ceil => v.ceil(),
        Unary::Floor => v.floor(),
        Unary::Round => v.round_ties_even(),
        Unary::Sign => sign(v),
        Unary::Sqrt => v.sqrt(),
        Unary::Reciprocal => 1.0 / v,
        Unary::Exp => v.exp(),
        Unary::Log => v.ln(),
        Unary::Erf => erf(v),
        Unary::Sin => v.sin(),
        Unary::Cos => v.cos(),
        Unary::Tan => v.tan(),
        Unary::Asin => v.asin(),
        Unary::Acos => v.acos(),
        Unary::Atan => v.atan(),
        Unary::Sinh => v.sinh(),
        Unary::Cosh => v.cosh(),
        Unary::Tanh => v.tanh(),
        Unary::Asinh => v.asinh(),
        Unary::Acosh => v.acosh(),
        Unary::Atanh => v.atanh(),
        Unary::Sigmoid => 1.0 / (1.0 + (-v).exp()),
        Unary::Softplus if v.is_nan() => v,
        Unary::Softplus => softplus(v),
        Unary::Softsign => v / (1.0 + v.abs()),
        Unary::Mish if v.is_nan() => v,
        Unary::Mish => v * softplus(v).tanh(),
        Unary::Gelu { tanh: false } => 0.5 * v * (1.0 + erf(v * std::f64::consts::FRAC_1_SQRT_2)),
        Unary::Gelu { tanh: true } => {
            let inner = (2.0 / std::f64::consts::PI).sqrt() * (v + 0.044715 * v * v * v);
            0.5 * v * (1.0 + inner.tanh())
        }
        _ => rectifier(f, v),
    }
}

/// The piecewise activations.
fn rectifier(f: Unary, v: f64) -> f64 {
    match f {
        _ if v.is_nan() => v,
        Unary::Relu => v.max(0.0),
        Unary::HardSwish => v * (v / 6.0 + 0.5).clamp(0.0, 1.0),
        Unary::LeakyRelu { alpha } if v < 0.0 => f64::from(alpha) * v,
        Unary::HardSigmoid { alpha, beta } => (f64::from(alpha) * v + f64::from(beta)).clamp(0.0, 1.0),
        Unary::Elu { alpha } if v < 0.0 => f64::from(alpha) * v.exp_m1(),
        Unary::Selu { alpha, gamma } => f64::from(gamma) * if v > 0.0 { v } else { f64::from(alpha) * v.exp_m1() },
        Unary::Celu { alpha } => {
            let a = f64::from(alpha);
            v.max(0.0) + (a * (v / a).exp_m1()).min(0.0)
        }
        Unary::ThresholdedRelu { alpha } if v <= f64::from(alpha) => 0.0,
        _ => v,
    }
}

pub(super) fn binary(f: Binary, x: &Operands) -> Result<Vec<Tensor>, EvalError> {
    let dtype = x.inputs[0].dtype();
    match (dtype.is_float(), f.is_comparison()) {
        (true, true) => x.numbers(&zip(x, |a: f64, b| i64::from(compare(f, a, b)))),
        (true, false) => x.numbers(&float_binary(f, x)),
        (false, true) => x.numbers(&zip(x, |a: i64, b| i64::from(compare(f, a.ordered(dtype), b.ordered(dtype))))),
        (false, false) => x.numbers(&zip(x, |a: i64, b| integer_binary(f, dtype, a, b))),
    }
}

/// `f` of the two broadcast operands, element by element.
fn zip<T: Number, R>(x: &Operands, f: impl Fn(T, T) -> R) -> Vec<R> {
    let (a, b) = (T::load(x.inputs[0]), T::load(x.inputs[1]));
    let shape = x.result();
    let (sa, sb) = (broadcast_strides(x.shape(0), shape), broadcast_strides(x.shape(1), shape));
    let (length, da, db) = (row_length(shape), row_stride(&sa), row_stride(&sb));
    let mut out = Vec::with_capacity(x.results[0].elements());
    for_each_row(shape, [&sa, &sb], |[oa, ob]| {
        out.extend((0..length).map(|i| f(a[oa + i * da], b[ob + i * db])));
    });
    out
}

fn compare<T: PartialOrd>(f: Binary, a: T, b: T) -> bool {
    match f {
        Binary::Equal => a == b,
        Binary::Less => a < b,
        Binary::LessOrEqual => a <= b,
        Binary::Greater => a > b,
        _ => a >= b,
    }
}

fn float_binary(f: Binary, x: &Operands) -> Vec<f64> {
    match f {
        Binary::Add => zip(x, |a: f64, b| a + b),
        Binary::Sub => zip(x, |a: f64, b| a - b),
        Binary::Mul => zip(x, |a: f64, b| a * b),
        Binary::Div => zip(x, |a: f64, b| a / b),
        Binary::Mod => zip(x, floor_mod),
        Binary::Fmod => zip(x, |a: f64, b| a % b),
        Binary::Pow => zip(x, f64::powf),
        Binary::Min => zip(x, f64::smaller),
        Binary::Max => zip(x, f64::larger),
        Binary::Prelu => zip(x, |a: f64, b| if a < 0.0 { a * b } else { a }),
        _ => unreachable!("inference refuses bit operations on floats"),
    }
}

fn floor_mod(a: f64, b: f64) -> f64 {
    let r = a % b;
    if r != 0.0 && (r < 0.0) != (b < 0.0) { r + b } else { r }
}

fn integer_binary(f: Binary, dtype: DType, a: i64, b: i64) -> i64 {
    match f {
        Binary::Add => a.wrapping_add(b),
        Binary::Sub => a.wrapping_sub(b),
        Binary::Mul => a.wrapping_mul(b),
        Binary::Div | Binary::Mod | Binary::Fmod if b == 0 => 0,
        Binary::Div if dtype == DType::U64 => (a as u64 / b as u64) as i64,
        Binary::Div => a.wrapping_div(b),
        Binary::Mod | Binary::Fmod if dtype == DType::U64 => (a as u64 % b as u64) as i64,
        Binary::Fmod => a.wrapping_rem(b),
        Binary::Mod => {
            let r = a.wrapping_rem(b);
            if r != 0 && (r < 0) != (b < 0) { r + b } else { r }
        }
        Binary::Pow => power(a, b, dtype),
        Binary::Min => a.ordered(dtype).min(b.ordered(dtype)).ordered(dtype),
        Binary::Max => a.ordered(dtype).max(b.ordered(dtype)).ordered(dtype),
        Binary::Prelu if dtype.is_signed_int() && a < 0 => a.wrapping_mul(b),
        Binary::And => a & b,
        Binary::Or => a | b,
        Binary::Xor => a ^ b,
        Binary::ShiftLeft | Binary::ShiftRight => shift(f, dtype, a, b),
        _ => a,
    }
}

/// Shifts by the width or more give what repeated shifts by one would.
fn shift(f: Binary, dtype: DType, a: i64, b: i64) -> i64 {
    let by = u32::try_from(b).unwrap_or(u32::MAX);
    match (f, dtype.is_signed_int()) {
        (Binary::ShiftLeft, _) => a.checked_shl(by).unwrap_or(0),
        (_, true) => a >> by.min(63),
        (_, false) => (a as u64).checked_shr(by).unwrap_or(0) as i64,
    }
}

/// `a` to the power `b`, wrapping; a negative power truncates 1 / a^-b.
fn power(a: i64, b: i64, dtype: DType) -> i64 {
    if b < 0 && dtype != DType::U64 {
        return match a {
            1 => 1,
            -1 => 1 - 2 * (b & 1),
            _ => 0,
        };
    }
    let (mut base, mut exponent, mut result) = (a, b as u64, 1i64);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = result.wrapping_mul(base);
        }
        base = base.wrapping_mul(base);
        exponent >>= 1;
    }
    result
}

pub(super) fn select(x: &Operands) -> Result<Vec<Tensor>, EvalError> {
    let shape = x.result();
    let index = |i: usize| offsets(shape, &broadcast_strides(x.shape(i), shape));
    let condition = x.inputs[0].bytes();
    let split = x.inputs[1].ty().elements();
    let both = [x.inputs[1].bytes(), x.inputs[2].bytes()].concat();
    let chosen: Vec<usize> = index(0)
        .into_iter()
        .zip(index(1).into_iter().zip(index(2)))
        .map(|(c, (a, b))| if condition[c] != 0 { a } else { split + b })
        .collect();
    let size = x.results[0].dtype.size();
    x.one(Tensor::new(x.results[0].clone(), copy_elements(&both, size, &chosen, &[])))
}

pub(super) fn cast(x: &Operands) -> Result<Vec<Tensor>, EvalError> {
    let (from, to) = (x.inputs[0].dtype(), x.results[0].dtype);
    if from == to {
        return x.one(Some(x.inputs[0].clone()));
    }
    if from.is_float() || (from == DType::U64 && to.is_float()) {
        return x.numbers(&f64::load(x.inputs[0]));
    }
    x.numbers(&i64::load(x.inputs[0]))
}
