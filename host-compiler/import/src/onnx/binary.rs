//! Functions of two operands, and the variadic ones: Add, Mul, Less, And, Max, Sum, …

use lathe_graph::op::{Binary, Unary};
use lathe_graph::{DType, Op, ValueId};

use crate::translate::{Fault, NodeContext};

/// The function an operator stands for.
fn function(operator: &str) -> Option<Binary> {
    Some(match operator {
        "Add" | "Sum" | "Mean" => Binary::Add,
        "Sub" => Binary::Sub,
        "Mul" => Binary::Mul,
        "Div" => Binary::Div,
        "Min" => Binary::Min,
        "Max" => Binary::Max,
        "And" | "BitwiseAnd" => Binary::And,
        "Or" | "BitwiseOr" => Binary::Or,
        "Xor" | "BitwiseXor" => Binary::Xor,
        "Equal" => Binary::Equal,
        "Less" => Binary::Less,
        "LessOrEqual" => Binary::LessOrEqual,
        "Greater" => Binary::Greater,
        "GreaterOrEqual" => Binary::GreaterOrEqual,
        _ => return None,
    })
}

fn named(n: &NodeContext) -> Result<Binary, Fault> {
    function(n.operator()).ok_or_else(|| Fault::Unsupported("no such function".into()))
}

pub(super) fn translate(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let function = named(n)?;
    let (a, b) = (n.input(0)?, n.input(1)?);
    Ok(vec![n.binary(function, a, b)?])
}

/// Max, Min, Sum, Mean: any number of operands, broadcast together.
pub(super) fn variadic(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let function = named(n)?;
    let inputs = n.all_inputs()?;
    let mut result = inputs[0];
    for &input in &inputs[1..] {
        result = n.binary(function, result, input)?;
    }
    if n.operator() == "Mean" && inputs.len() > 1 {
        result = n.with_scalar(Binary::Div, result, inputs.len() as f64)?;
    }
    Ok(vec![result])
}

/// The exponent may be of another type. An integer raised to a fraction is computed in the exponent's type.
pub(super) fn pow(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let (x, exponent) = (n.input(0)?, n.input(1)?);
    let (of_x, of_exponent) = (n.dtype(x), n.dtype(exponent));
    if !of_x.is_float() && of_exponent.is_float() {
        let wide = n.cast(x, of_exponent)?;
        let power = n.binary(Binary::Pow, wide, exponent)?;
        return Ok(vec![n.cast(power, of_x)?]);
    }
    let exponent = n.cast(exponent, of_x)?;
    Ok(vec![n.binary(Binary::Pow, x, exponent)?])
}

/// The sign of the remainder follows the divisor (even that of a float's zero), or with `fmod` the dividend.
pub(super) fn modulo(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let (a, b) = (n.input(0)?, n.input(1)?);
    if n.attributes.flag("fmod", false)? {
        return Ok(vec![n.binary(Binary::Fmod, a, b)?]);
    }
    let remainder = n.binary(Binary::Mod, a, b)?;
    let dtype = n.dtype(a);
    if !dtype.is_float() {
        return Ok(vec![remainder]);
    }
    let (plus, minus) = (n.scalar(dtype, 0.0), n.scalar(dtype, -0.0));
    let is_zero = n.binary(Binary::Equal, remainder, plus)?;
    let is_negative = n.binary(Binary::Less, b, plus)?;
    let zero = n.push(Op::Select, &[is_negative, minus, plus])?;
    Ok(vec![n.push(Op::Select, &[is_zero, zero, remainder])?])
}

/// Shifts to the side that `direction` says.
pub(super) fn bit_shift(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let function = match n.attributes.string("direction", "")? {
        "LEFT" => Binary::ShiftLeft,
        "RIGHT" => Binary::ShiftRight,
        other => return Err(Fault::Invalid(format!("direction '{other}' is neither LEFT nor RIGHT"))),
    };
    let (a, b) = (n.input(0)?, n.input(1)?);
    Ok(vec![n.binary(function, a, b)?])
}

/// condition ? a : b.
pub(super) fn select(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let (condition, a, b) = (n.input(0)?, n.input(1)?, n.input(2)?);
    Ok(vec![n.push(Op::Select, &[condition, a, b])?])
}

/// min(max(x, low), high); the bounds are attributes before opset 11 and may be computed later on.
pub(super) fn clip(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let x = n.input(0)?;
    let (low, high) = if n.opset() < 11 {
        let bound = |number: Option<f32>| number.map(f64::from);
        let (low, high) = (bound(n.attributes.maybe_float("min")?), bound(n.attributes.maybe_float("max")?));
        let dtype = n.dtype(x);
        (low.map(|v| n.scalar(dtype, v)), high.map(|v| n.scalar(dtype, v)))
    } else {
        (n.optional(1), n.optional(2))
    };
    let is_relu = high.is_none() && n.dtype(x).is_float() && is_zero(n, low)?;
    if is_relu {
        return Ok(vec![n.unary(Unary::Relu, x)?]);
    }
    let mut result = x;
    if let Some(low) = low {
        result = n.binary(Binary::Max, result, low)?;
    }
    if let Some(high) = high {
        result = n.binary(Binary::Min, result, high)?;
    }
    Ok(vec![result])
}

fn is_zero(n: &mut NodeContext, value: Option<ValueId>) -> Result<bool, Fault> {
    let Some(value) = value else { return Ok(false) };
    Ok(n.known(value)?.and_then(|t| t.uniform()) == Some(0.0))
}

/// Another element type, given by number.
pub(super) fn cast(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let to = crate::proto::dtype::from_code(n.attributes.required_int("to")?)?;
    let x = n.input(0)?;
    Ok(vec![n.cast(x, to)?])
}

/// The element type of another value.
pub(super) fn cast_like(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let (x, like) = (n.input(0)?, n.input(1)?);
    let to: DType = n.dtype(like);
    Ok(vec![n.cast(x, to)?])
}
