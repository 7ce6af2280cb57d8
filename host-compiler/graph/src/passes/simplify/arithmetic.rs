//! Element-wise operators: neutral operands, powers, clamps, activations of activations, reductions of nothing.

use lathe_artifact::DType;

use super::Step;
use crate::graph::ValueId;
use crate::interpreter::eval_op;
use crate::op::{Binary, Op, Reduction, Unary};
use crate::passes::rewriter::Rewriter;
use crate::tensor::Tensor;

pub(super) fn rule(r: &Rewriter, op: &Op, inputs: &[ValueId]) -> Option<Step> {
    match (op, inputs) {
        (Op::Binary(f), &[a, b]) => {
            neutral(r, *f, a, b).or_else(|| cheaper(r, *f, a, b)).or_else(|| clamp(r, *f, a, b))
        }
        (Op::Unary(f), &[x]) => unary(r, *f, x),
        (Op::Select, &[condition, a, b]) => {
            let chosen = if r.constant(condition)?.uniform()? != 0.0 { a } else { b };
            let shape = r.new.infer(op, inputs).ok()?.first()?.shape.clone();
            Some(Step::Node(Op::Expand { shape }, vec![chosen]))
        }
        (Op::Reduce { reduction, axes }, &[x]) => {
            use Reduction::{Max, Mean, Min, Prod, Sum};
            let nothing = axes.iter().all(|&a| r.shape(x)[a] == 1);
            (nothing && matches!(reduction, Sum | Mean | Max | Min | Prod)).then_some(Step::Value(x))
        }
        _ => None,
    }
}

/// The number all elements of the constant `v` share.
fn number(r: &Rewriter, v: ValueId) -> Option<f64> {
    r.constant(v)?.uniform()
}

/// `x + 0`, `x * 1`, `x / 1`, `x ^ 1` and their mirror images, where the other operand does not widen the result.
fn neutral(r: &Rewriter, f: Binary, a: ValueId, b: ValueId) -> Option<Step> {
    let is = |v: ValueId, n: f64| number(r, v) == Some(n);
    let keeps = |x: ValueId, other: ValueId| {
        crate::infer::broadcast_shapes(r.shape(x), r.shape(other)).as_deref() == Some(r.shape(x))
    };
    let right = match f {
        Binary::Add | Binary::Sub => is(b, 0.0),
        Binary::Mul | Binary::Div | Binary::Pow => is(b, 1.0),
        _ => false,
    };
    let left = match f {
        Binary::Add => is(a, 0.0),
        Binary::Mul => is(a, 1.0),
        _ => false,
    };
    if right && keeps(a, b) {
        return Some(Step::Value(a));
    }
    (left && keeps(b, a)).then_some(Step::Value(b))
}

/// Powers as products and roots; a division by float constants as a product.
fn cheaper(r: &Rewriter, f: Binary, a: ValueId, b: ValueId) -> Option<Step> {
    let float = r.new.ty(a).dtype.is_float();
    match f {
        Binary::Pow if r.new.ty(b).elements() == 1 && r.shape(b).len() <= r.shape(a).len() => match number(r, b)? {
            2.0 => Some(Step::Node(Op::Binary(Binary::Mul), vec![a, a])),
            0.5 if float => Some(Step::Node(Op::Unary(Unary::Sqrt), vec![a])),
            -1.0 if float => Some(Step::Node(Op::Unary(Unary::Reciprocal), vec![a])),
            _ => None,
        },
        Binary::Div if float && r.constant(a).is_none() => {
            let constant = eval_op(&Op::Unary(Unary::Reciprocal), &[r.constant(b)?]).ok()?.pop()?;
            let smallest = smallest_normal(constant.dtype());
            let normal = constant.to_f64s().iter().all(|v| v.is_finite() && v.abs() >= smallest);
            normal.then_some(Step::Constant { op: Op::Binary(Binary::Mul), x: a, constant })
        }
        Binary::Div if float && number(r, a) == Some(1.0) => {
            let same = r.shape(a).is_empty() || r.shape(a) == r.shape(b);
            same.then(|| Step::Node(Op::Unary(Unary::Reciprocal), vec![b]))
        }
        _ => None,
    }
}

/// The smallest number a float type holds with all its digits.
fn smallest_normal(dtype: DType) -> f64 {
    match dtype {
        DType::F16 => 2f64.powi(-14),
        DType::F64 => f64::MIN_POSITIVE,
        _ => f64::from(f32::MIN_POSITIVE),
    }
}

/// Maxima with 0 as `Relu`, constants behind the other operand, and bounds of bounds as one.
fn clamp(r: &Rewriter, f: Binary, a: ValueId, b: ValueId) -> Option<Step> {
    if !matches!(f, Binary::Min | Binary::Max) || r.new.ty(a).dtype == DType::Bool {
        return None;
    }
    if r.constant(a).is_some() && r.constant(b).is_none() {
        return Some(Step::Node(Op::Binary(f), vec![b, a]));
    }
    let bound = number(r, b)?;
    let scalar = r.new.ty(b).elements() == 1 && r.shape(b).len() <= r.shape(a).len();
    if !scalar {
        return None;
    }
    if f == Binary::Max && bound == 0.0 {
        return Some(Step::Node(Op::Unary(Unary::Relu), vec![a]));
    }
    let inner = r.source(a)?;
    if f == Binary::Max && inner.op == Op::Unary(Unary::Relu) && bound < 0.0 {
        return Some(Step::Value(a));
    }
    let &[x, c] = inner.inputs.as_slice() else { return None };
    let same_kind = inner.op == Op::Binary(f) && r.new.ty(c).elements() == 1 && r.shape(c).len() <= r.shape(x).len();
    let other = number(r, c).filter(|_| same_kind)?;
    let tighter = if f == Binary::Max { other.max(bound) } else { other.min(bound) };
    let constant = Tensor::scalar(r.new.ty(x).dtype, tighter);
    Some(Step::Constant { op: Op::Binary(f), x, constant })
}

fn unary(r: &Rewriter, f: Unary, x: ValueId) -> Option<Step> {
    let inner = r.source(x)?;
    let operand = *inner.inputs.first()?;
    match (f, &inner.op) {
        (Unary::Neg, Op::Unary(Unary::Neg)) | (Unary::Not, Op::Unary(Unary::Not)) => Some(Step::Value(operand)),
        (Unary::Relu, Op::Softmax { log: false, .. }) => Some(Step::Value(x)),
        (Unary::Relu, Op::Unary(g)) => never_negative(*g).then_some(Step::Value(x)),
        (Unary::Abs, Op::Unary(g)) => never_negative(*g).then_some(Step::Value(x)),
        (Unary::Floor | Unary::Ceil | Unary::Round, Op::Unary(Unary::Floor | Unary::Ceil | Unary::Round)) => {
            Some(Step::Value(x))
        }
        _ => None,
    }
}

fn never_negative(f: Unary) -> bool {
    use Unary::{Exp, HardSigmoid, Relu, Sigmoid, Softplus, Sqrt};
    matches!(f, Relu | Sigmoid | Exp | Sqrt | Softplus | HardSigmoid { .. })
}
