//! Linear quantisation.

use lathe_graph::DType;

use super::error::Refusal;
use crate::expr::{BinaryFn, Expr, Scalar, Type, UnaryFn};
use crate::program::build::{Builder, Operand, compute_type, highest, lowest, numbered_axes, var, vars};

/// Rounded quotients beyond this clamp to an end of any 8- or 16-bit type, whatever the zero point.
const BEYOND: f64 = 131_072.0;

/// The index of a parameter that is a scalar or per channel.
fn parameter_index(p: &Operand, axis: usize) -> Vec<Expr> {
    p.shape.iter().map(|&e| if e == 1 { Expr::Index(0) } else { var(axis) }).collect()
}

/// `clamp(round(x / scale) + zero point)`, of the zero point's type.
pub(super) fn quantize(
    b: &mut Builder,
    x: &Operand,
    scale: &Operand,
    zero_point: &Operand,
    axis: usize,
) -> Result<Operand, Refusal> {
    let dtype = zero_point.dtype;
    if !matches!(dtype, DType::I8 | DType::U8 | DType::I16 | DType::U16) {
        return Err(Refusal::Unsupported(format!("quantisation to {dtype}")));
    }
    let ty = compute_type(scale.dtype);
    let mut value = b.read(x, vars(x.rank()));
    if compute_type(x.dtype) != ty {
        value = Expr::cast(Type::Data(ty), value);
    }
    let quotient = Expr::unary(UnaryFn::Round, value / b.read(scale, parameter_index(scale, axis)));
    let raised = Expr::binary(BinaryFn::Max, quotient, Expr::constant(ty, -BEYOND));
    let bounded = Expr::binary(BinaryFn::Min, raised, Expr::constant(ty, BEYOND));
    let wide = |e| Expr::cast(Type::Data(DType::I32), e);
    let sum = wide(bounded) + wide(b.read(zero_point, parameter_index(zero_point, axis)));
    let bound = |s: Scalar| match s {
        Scalar::Int(_, v) => Expr::Const(Scalar::Int(DType::I32, v)),
        Scalar::Float(_, v) => Expr::constant(DType::I32, v),
    };
    let raised = Expr::binary(BinaryFn::Max, sum, bound(lowest(dtype)));
    let clamped = Expr::binary(BinaryFn::Min, raised, bound(highest(dtype)));
    Ok(b.copy("quantize", dtype, numbered_axes("i", &x.shape), Expr::cast(Type::Data(dtype), clamped)))
}

/// `(x - zero point) * scale`, of the scale's type.
pub(super) fn dequantize(
    b: &mut Builder,
    x: &Operand,
    scale: &Operand,
    zero_point: &Operand,
    axis: usize,
) -> Result<Operand, Refusal> {
    if x.dtype.is_float() {
        return Err(Refusal::Unsupported(format!("dequantisation of {}", x.dtype)));
    }
    let ty = compute_type(scale.dtype);
    let wide = |e| Expr::cast(Type::Data(DType::I32), e);
    let point = wide(b.read(x, vars(x.rank())));
    let difference = point - wide(b.read(zero_point, parameter_index(zero_point, axis)));
    let value = Expr::cast(Type::Data(ty), difference) * b.read(scale, parameter_index(scale, axis));
    Ok(b.map("dequantize", scale.dtype, numbered_axes("i", &x.shape), value))
}
