//! Indices of extreme elements.

use lathe_graph::DType;

use super::error::Refusal;
use super::kind::AnchorKind;
use super::lowered::Lowered;
use super::reduce::Over;
use crate::expr::{BinaryFn, CompareFn, Expr, Type, UnaryFn};
use crate::program::Combiner;
use crate::program::build::{Builder, Operand, compute_type, highest};

/// The first (or last) index along `axis` of the largest (or smallest) element: the extreme, then the extreme index of
/// those that equal it. A NaN counts as extreme.
pub(super) fn arg_reduce(
    b: &mut Builder,
    x: &Operand,
    max: bool,
    axis: usize,
    select_last: bool,
) -> Result<Lowered, Refusal> {
    let over = Over::new(&x.shape, &[axis])?;
    let ty = compute_type(x.dtype);
    if ty == DType::Bool {
        return Err(Refusal::Unsupported("ArgReduce of bool".to_string()));
    }
    let (name, combiner) = if max { ("max", Combiner::Max) } else { ("min", Combiner::Min) };
    let value = b.read(x, over.source());
    let extreme = over.stage(b, name, x.dtype, combiner, value);
    let extreme_here = b.read(&extreme, over.result());
    let value = b.read(x, over.source());
    let is_extreme = b.share(value, |_, v| {
        let equal = Expr::compare(CompareFn::Eq, v.clone(), extreme_here);
        if ty.is_float() { Expr::binary(BinaryFn::Or, equal, Expr::unary(UnaryFn::IsNan, v)) } else { equal }
    });
    let position = Expr::cast(Type::Data(DType::I32), over.reduce_var(0));
    let (combiner, none) = if select_last {
        (Combiner::Max, Expr::constant(DType::I32, -1.0))
    } else {
        (Combiner::Min, Expr::Const(highest(DType::I32)))
    };
    let value = Expr::select(is_extreme, position, none);
    let index = over.stage(b, "arg", DType::I32, combiner, value);
    let main = b.last_stage();
    let wide = Expr::cast(Type::Data(DType::I64), b.read(&index, over.result()));
    let result = over.map(b, "index", DType::I64, wide);
    Ok(Lowered { outputs: vec![result], anchor: main, kind: AnchorKind::Reduction { axes: vec![axis] } })
}
