//! The k extreme elements, sorted.

use lathe_graph::DType;

use super::error::Refusal;
use super::kind::AnchorKind;
use super::lowered::Lowered;
use crate::expr::{BinaryFn, CompareFn, Expr, Type, UnaryFn};
use crate::program::build::{Builder, Operand, clamp_index, compute_type, numbered_axes, var, vars};
use crate::program::{Axis, Combiner};

/// Values and `i64` indices of the `k` largest (or smallest) elements of `x` along `axis`, equals by ascending index.
///
/// The rank of an element is the number of elements before it in that order; each index is then written at its rank,
/// and the values are gathered.
pub(super) fn topk(b: &mut Builder, x: &Operand, axis: usize, k: i64, largest: bool) -> Result<Lowered, Refusal> {
    let ty = compute_type(x.dtype);
    if axis >= x.rank() || k > x.shape[axis] || ty == DType::Bool {
        return Err(Refusal::Malformed("axis, count or type of a selection"));
    }
    let extent = x.shape[axis];
    let other = var(x.rank());
    let mut at_other = vars(x.rank());
    at_other[axis] = other.clone();
    let (mine, theirs) = (b.read(x, vars(x.rank())), b.read(x, at_other));
    let ahead = b.share(mine, |b, mine| {
        b.share(theirs, |_, theirs| {
            let same = Expr::compare(CompareFn::Eq, theirs.clone(), mine.clone());
            let earlier = Expr::compare(CompareFn::Lt, other.clone(), var(axis));
            let tie = Expr::and(same, earlier.clone());
            Expr::binary(BinaryFn::Or, precedes(ty, theirs, mine, earlier, largest), tie)
        })
    });
    let one = Expr::cast(Type::Data(DType::I32), ahead);
    let reduce = vec![Axis { name: "r".to_string(), extent }];
    let rank = b.reduce("rank", DType::I32, numbered_axes("i", &x.shape), reduce, Combiner::Sum, one);
    let anchor = b.last_stage();

    let mut shape = x.shape.clone();
    shape[axis] = k;
    let order = b.copy("order", DType::I64, numbered_axes("i", &shape), Expr::constant(DType::I64, 0.0));
    let mut target = vars(x.rank());
    target[axis] = Expr::cast(Type::Index, b.read(&rank, vars(x.rank())));
    let position = Expr::cast(Type::Data(DType::I64), var(axis));
    b.update("order", &order, numbered_axes("i", &x.shape), target, None, position);

    let mut index = vars(x.rank());
    let picked = Expr::cast(Type::Index, b.read(&order, vars(x.rank())));
    index[axis] = clamp_index(picked, 0, extent - 1);
    let value = b.load(x, index);
    let values = b.copy("values", x.dtype, numbered_axes("i", &shape), value);
    let read = b.read(&order, vars(x.rank()));
    let indices = b.copy("indices", DType::I64, numbered_axes("i", &shape), read);
    Ok(Lowered { outputs: vec![values, indices], anchor, kind: AnchorKind::Opaque })
}

/// Whether `a` comes strictly before `b`; NaN is larger than every number, and NaNs are ordered by `earlier`.
fn precedes(ty: DType, a: Expr, b: Expr, earlier: Expr, largest: bool) -> Expr {
    let (low, high) = if largest { (b.clone(), a.clone()) } else { (a.clone(), b.clone()) };
    let less = Expr::compare(CompareFn::Lt, low, high);
    if !ty.is_float() {
        return less;
    }
    let nan = |e| Expr::unary(UnaryFn::IsNan, e);
    let not = |e| Expr::unary(UnaryFn::Not, e);
    let (first, second) = if largest { (a, b) } else { (b, a) };
    // `first` is the side that wins by being NaN
    let only_first = Expr::and(nan(first.clone()), not(nan(second.clone())));
    let both = Expr::and(Expr::and(nan(first), nan(second)), earlier);
    Expr::binary(BinaryFn::Or, Expr::binary(BinaryFn::Or, less, only_first), both)
}
