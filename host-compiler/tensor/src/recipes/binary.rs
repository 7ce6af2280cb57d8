//! Element-wise functions of two operands, broadcast.

use lathe_graph::DType;
use lathe_graph::op::Binary;

use super::error::Refusal;
use crate::expr::{BinaryFn, CompareFn, Expr, Scalar, UnaryFn};
use crate::program::build::{Builder, Operand, broadcast_index, compute_type, numbered_axes, vars};

/// NumPy's result shape of operands of these shapes.
pub(super) fn broadcast_shape(shapes: &[&[i64]]) -> Result<Vec<i64>, Refusal> {
    let rank = shapes.iter().map(|s| s.len()).max().unwrap_or(0);
    let mut result = vec![1; rank];
    for shape in shapes {
        let skip = rank - shape.len();
        for (slot, &extent) in result[skip..].iter_mut().zip(*shape) {
            if *slot == 1 {
                *slot = extent;
            } else if extent != 1 && extent != *slot {
                return Err(Refusal::Malformed("operands do not broadcast"));
            }
        }
    }
    Ok(result)
}

/// `f(x, y)` as one stage.
pub(super) fn binary(b: &mut Builder, f: Binary, x: &Operand, y: &Operand) -> Result<Operand, Refusal> {
    let shape = broadcast_shape(&[&x.shape, &y.shape])?;
    let point = vars(shape.len());
    let left = b.read(x, broadcast_index(&x.shape, &point));
    let right = b.read(y, broadcast_index(&y.shape, &point));
    let ty = compute_type(x.dtype);
    let value = expr(b, f, ty, left, right)?;
    let dtype = if f.is_comparison() { DType::Bool } else { x.dtype };
    Ok(b.map(stage_name(f), dtype, numbered_axes("i", &shape), value))
}

fn stage_name(f: Binary) -> &'static str {
    match f {
        Binary::Add => "add",
        Binary::Sub => "sub",
        Binary::Mul => "mul",
        Binary::Div => "div",
        _ => "map",
    }
}

/// `f(x, y)` on operands of type `ty`.
fn expr(b: &mut Builder, f: Binary, ty: DType, x: Expr, y: Expr) -> Result<Expr, Refusal> {
    let refused = || Refusal::Unsupported(format!("{f:?} of {ty}"));
    let f = match f {
        Binary::Equal => return Ok(Expr::compare(CompareFn::Eq, x, y)),
        Binary::Less => return Ok(Expr::compare(CompareFn::Lt, x, y)),
        Binary::LessOrEqual => return Ok(Expr::compare(CompareFn::Le, x, y)),
        Binary::Greater => return Ok(Expr::compare(CompareFn::Lt, y, x)),
        Binary::GreaterOrEqual => return Ok(Expr::compare(CompareFn::Le, y, x)),
        Binary::And | Binary::Or | Binary::Xor if ty.is_float() => return Err(refused()),
        Binary::And => BinaryFn::And,
        Binary::Or => BinaryFn::Or,
        Binary::Xor => BinaryFn::Xor,
        _ if ty == DType::Bool => return Err(refused()),
        Binary::ShiftLeft | Binary::ShiftRight if ty.is_float() => return Err(refused()),
        Binary::Add => BinaryFn::Add,
        Binary::Sub => BinaryFn::Sub,
        Binary::Mul => BinaryFn::Mul,
        Binary::Div => BinaryFn::Div,
        Binary::Fmod => BinaryFn::Rem,
        Binary::Min => BinaryFn::Min,
        Binary::Max => BinaryFn::Max,
        Binary::ShiftLeft => BinaryFn::Shl,
        Binary::ShiftRight => BinaryFn::Shr,
        Binary::Mod => return Ok(modulo(b, ty, x, y)),
        Binary::Prelu => return Ok(prelu(b, ty, x, y)),
        Binary::Pow if ty.is_float() => return Ok(power(b, ty, x, y)),
        Binary::Pow => BinaryFn::Pow,
    };
    Ok(Expr::binary(f, x, y))
}

/// Remainder with the divisor's sign.
fn modulo(b: &mut Builder, ty: DType, x: Expr, y: Expr) -> Expr {
    if ty.is_int() && !ty.is_signed_int() {
        return Expr::binary(BinaryFn::Rem, x, y);
    }
    let zero = || Expr::constant(ty, 0.0);
    let negative = |x: Expr| Expr::compare(CompareFn::Lt, x, zero());
    b.share(y, |b, y| {
        b.share(Expr::binary(BinaryFn::Rem, x, y.clone()), |_, r| {
            let uneven = Expr::compare(CompareFn::Ne, r.clone(), zero());
            let opposed = Expr::binary(BinaryFn::Xor, negative(r.clone()), negative(y.clone()));
            Expr::select(Expr::and(uneven, opposed), r.clone() + y, r)
        })
    })
}

fn prelu(b: &mut Builder, ty: DType, x: Expr, slope: Expr) -> Expr {
    b.share(x, |_, x| {
        let negative = Expr::compare(CompareFn::Lt, x.clone(), Expr::constant(ty, 0.0));
        Expr::select(negative, x.clone() * slope, x)
    })
}

/// x to the power y, without `pow` for the usual constant exponents. As a square root, the powers 0.5 and -0.5 of minus
/// infinity are NaN, and those of -0 have its sign.
fn power(b: &mut Builder, ty: DType, x: Expr, y: Expr) -> Expr {
    let Expr::Const(Scalar::Float(_, exponent)) = y else { return Expr::binary(BinaryFn::Pow, x, y) };
    let one = || Expr::constant(ty, 1.0);
    if exponent == 0.5 {
        Expr::unary(UnaryFn::Sqrt, x)
    } else if exponent == -0.5 {
        one() / Expr::unary(UnaryFn::Sqrt, x)
    } else if exponent == 1.0 {
        x
    } else if exponent == -1.0 {
        one() / x
    } else if exponent == 2.0 {
        b.share(x, |_, x| x.clone() * x)
    } else if exponent == 3.0 {
        b.share(x, |_, x| x.clone() * x.clone() * x)
    } else {
        Expr::binary(BinaryFn::Pow, x, y)
    }
}
