//! Element-wise functions of one operand.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use lathe_graph::DType;
use lathe_graph::op::Unary;

use super::error::Refusal;
use crate::expr::{BinaryFn, CompareFn, Expr, UnaryFn};
use crate::program::build::{Builder, Operand, compute_type, numbered_axes, vars};

/// `f(x)` as one stage.
pub(super) fn unary(b: &mut Builder, f: Unary, x: &Operand) -> Result<Operand, Refusal> {
    let point = b.read(x, vars(x.rank()));
    let ty = compute_type(x.dtype);
    let value = if ty.is_float() { float(b, f, ty, point) } else { integer(b, f, ty, point)? };
    let dtype = if matches!(f, Unary::IsNan | Unary::IsInf { .. }) { DType::Bool } else { x.dtype };
    Ok(b.map(stage_name(f), dtype, numbered_axes("i", &x.shape), value))
}

fn stage_name(f: Unary) -> &'static str {
    match f {
        Unary::Relu => "relu",
        Unary::Sigmoid => "sigmoid",
        Unary::Tanh => "tanh",
        Unary::Gelu { .. } => "gelu",
        Unary::HardSwish => "hardswish",
        Unary::LeakyRelu { .. } => "leakyrelu",
        _ => "map",
    }
}

fn integer(b: &mut Builder, f: Unary, ty: DType, x: Expr) -> Result<Expr, Refusal> {
    let zero = || Expr::constant(ty, 0.0);
    Ok(match f {
        Unary::Abs if ty.is_signed_int() => Expr::unary(UnaryFn::Abs, x),
        Unary::Abs if ty.is_int() => x,
        Unary::Neg if ty.is_int() => Expr::unary(UnaryFn::Neg, x),
        Unary::Not if ty == DType::Bool => Expr::unary(UnaryFn::Not, x),
        Unary::BitNot if ty.is_int() => Expr::unary(UnaryFn::Not, x),
        Unary::Ceil | Unary::Floor | Unary::Round if ty.is_int() => x,
        Unary::Relu if ty.is_int() => Expr::binary(BinaryFn::Max, x, zero()),
        Unary::Sign if ty.is_signed_int() => b.share(x, |_, x| {
            let negative = Expr::compare(CompareFn::Lt, x.clone(), zero());
            let positive = Expr::compare(CompareFn::Lt, zero(), x);
            let one = || Expr::constant(ty, 1.0);
            Expr::select(negative, Expr::constant(ty, -1.0), Expr::select(positive, one(), zero()))
        }),
        Unary::Sign if ty.is_int() => Expr::binary(BinaryFn::Min, x, Expr::constant(ty, 1.0)),
        _ => return Err(Refusal::Unsupported(format!("{f:?} of {ty}"))),
    })
}

fn simple(f: Unary) -> Option<UnaryFn> {
    Some(match f {
        Unary::Abs => UnaryFn::Abs,
        Unary::Neg => UnaryFn::Neg,
        Unary::Ceil => UnaryFn::Ceil,
        Unary::Floor => UnaryFn::Floor,
        Unary::Round => UnaryFn::Round,
        Unary::Sqrt => UnaryFn::Sqrt,
        Unary::Exp => UnaryFn::Exp,
        Unary::Log => UnaryFn::Log,
        Unary::Erf => UnaryFn::Erf,
        Unary::Sin => UnaryFn::Sin,
        Unary::Cos => UnaryFn::Cos,
        Unary::Tan => UnaryFn::Tan,
        Unary::Asin => UnaryFn::Asin,
        Unary::Acos => UnaryFn::Acos,
        Unary::Atan => UnaryFn::Atan,
        Unary::Sinh => UnaryFn::Sinh,
        Unary::Cosh => UnaryFn::Cosh,
        Unary::Tanh => UnaryFn::Tanh,
        Unary::Asinh => UnaryFn::Asinh,
        Unary::Acosh => UnaryFn::Acosh,
        Unary::Atanh => UnaryFn::Atanh,
        Unary::Sigmoid => UnaryFn::Sigmoid,
        Unary::IsNan => UnaryFn::IsNan,
        _ => return None,
    })
}

/// `f(x)` on floats of type `ty`.
fn float(b: &mut Builder, f: Unary, ty: DType, x: Expr) -> Expr {
    if let Some(f) = simple(f) {
        return Expr::unary(f, x);
    }
    let c = |v: f64| Expr::constant(ty, v);
    let max = |a, b| Expr::binary(BinaryFn::Max, a, b);
    let min = |a, b| Expr::binary(BinaryFn::Min, a, b);
    let unit = |x| max(min(x, c(1.0)), c(0.0));
    let less = |a, b| Expr::compare(CompareFn::Lt, a, b);
    let exp = |x| Expr::unary(UnaryFn::Exp, x);
    // e^x - 1 where it is taken; the operand is kept from overflowing where it is not
    let grow = |x: Expr| exp(min(x, c(0.0))) - c(1.0);
    match f {
        Unary::Relu => max(x, c(0.0)),
        Unary::Reciprocal => c(1.0) / x,
        Unary::Softplus => softplus(b, ty, x),
        Unary::Mish => mish(b, ty, x),
        Unary::Gelu { tanh } => gelu(b, ty, x, tanh),
        Unary::HardSigmoid { alpha, beta } => unit(x * c(f64::from(alpha)) + c(f64::from(beta))),
        _ => b.share(x, |_, x| {
            let negative = less(x.clone(), c(0.0));
            match f {
                Unary::Sign => {
                    let one = Expr::select(less(c(0.0), x.clone()), c(1.0), x);
                    Expr::select(negative, c(-1.0), one)
                }
                Unary::HardSwish => x.clone() * unit(x * c(1.0 / 6.0) + c(0.5)),
                Unary::Softsign => x.clone() / (c(1.0) + Expr::unary(UnaryFn::Abs, x)),
                Unary::LeakyRelu { alpha } => Expr::select(negative, x.clone() * c(f64::from(alpha)), x),
                Unary::Elu { alpha } => Expr::select(negative, c(f64::from(alpha)) * grow(x.clone()), x),
                Unary::Selu { alpha, gamma } => {
                    let below = c(f64::from(gamma) * f64::from(alpha)) * grow(x.clone());
                    Expr::select(negative, below, x * c(f64::from(gamma)))
                }
                Unary::Celu { alpha } => {
                    let alpha = f64::from(alpha);
                    let below = min(c(alpha) * (exp(min(x.clone() / c(alpha), c(0.0))) - c(1.0)), c(0.0));
                    max(x, c(0.0)) + below
                }
                Unary::ThresholdedRelu { alpha } => Expr::select(less(c(f64::from(alpha)), x.clone()), x, c(0.0)),
                Unary::IsInf { negative, positive } => is_inf(ty, x, negative, positive),
                // The arms above and `simple` name every function of floats; bit operations are refused before.
                _ => x,
            }
        }),
    }
}

fn is_inf(ty: DType, x: Expr, negative: bool, positive: bool) -> Expr {
    let c = |v: f64| Expr::constant(ty, v);
    match (negative, positive) {
        (true, true) => Expr::compare(CompareFn::Eq, Expr::unary(UnaryFn::Abs, x), c(f64::INFINITY)),
        (true, false) => Expr::compare(CompareFn::Eq, x, c(f64::NEG_INFINITY)),
        (false, true) => Expr::compare(CompareFn::Eq, x, c(f64::INFINITY)),
        (false, false) => Expr::constant(DType::Bool, 0.0),
    }
}

/// `max(x, 0) + ln(1 + u)` with `u = e^-|x|`. Where `1 + u` rounds, `ln(1 + u)` is `u * ln(w) / (w - 1)` for the
/// rounded `w` (Goldberg, "What every computer scientist should know about floating-point arithmetic", theorem 4).
fn softplus(b: &mut Builder, ty: DType, x: Expr) -> Expr {
    let c = |v: f64| Expr::constant(ty, v);
    b.share(x, |b, x| {
        let u = Expr::unary(UnaryFn::Exp, Expr::unary(UnaryFn::Neg, Expr::unary(UnaryFn::Abs, x.clone())));
        let log = b.share(u, |b, u| {
            b.share(u.clone() + c(1.0), |_, w| {
                let exact = u.clone() * Expr::unary(UnaryFn::Log, w.clone()) / (w.clone() - c(1.0));
                Expr::select(Expr::compare(CompareFn::Eq, w, c(1.0)), u, exact)
            })
        });
        Expr::binary(BinaryFn::Max, x, c(0.0)) + log
    })
}

/// `x * tanh(ln(1 + e^x))`, which is `x * n / (n + 2)` with `n = e^x (e^x + 2)`; above 20 the factor is 1.
fn mish(b: &mut Builder, ty: DType, x: Expr) -> Expr {
    let c = |v: f64| Expr::constant(ty, v);
    b.share(x, |b, x| {
        let e = Expr::unary(UnaryFn::Exp, Expr::binary(BinaryFn::Min, x.clone(), c(20.0)));
        let n = b.share(e, |_, e| e.clone() * (e + c(2.0)));
        b.share(n, |_, n| x * (n.clone() / (n + c(2.0))))
    })
}

fn gelu(b: &mut Builder, ty: DType, x: Expr, tanh: bool) -> Expr {
    let c = |v: f64| Expr::constant(ty, v);
    b.share(x, |_, x| {
        let phi = if tanh {
            let cube = x.clone() * x.clone() * x.clone() * c(0.044715);
            Expr::unary(UnaryFn::Tanh, (x.clone() + cube) * c((2.0 / PI).sqrt()))
        } else {
            Expr::unary(UnaryFn::Erf, x.clone() * c(FRAC_1_SQRT_2))
        };
        x * c(0.5) * (phi + c(1.0))
    })
}
