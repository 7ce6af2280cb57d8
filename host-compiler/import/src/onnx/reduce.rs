//! ReduceSum, ReduceMean, ReduceMax, …, ArgMax, ArgMin, CumSum.

use lathe_graph::op::Reduction;
use lathe_graph::{DType, Op, ValueId};

use crate::translate::{Fault, NodeContext};

/// The reduction an operator stands for.
fn reduction(operator: &str) -> Option<Reduction> {
    Some(match operator {
        "ReduceSum" => Reduction::Sum,
        "ReduceMean" => Reduction::Mean,
        "ReduceMax" => Reduction::Max,
        "ReduceMin" => Reduction::Min,
        "ReduceProd" => Reduction::Prod,
        "ReduceL1" => Reduction::L1,
        "ReduceL2" => Reduction::L2,
        "ReduceLogSum" => Reduction::LogSum,
        "ReduceLogSumExp" => Reduction::LogSumExp,
        "ReduceSumSquare" => Reduction::SumSquare,
        _ => return None,
    })
}

/// Over `axes`: an attribute first, an input since opset 13 (ReduceSum) or 18. No axes are all axes, or none with
/// `noop_with_empty_axes`.
pub(super) fn translate(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let reduction = reduction(n.operator()).ok_or_else(|| Fault::Unsupported("no such reduction".into()))?;
    let x = n.input(0)?;
    let (shape, dtype) = (n.shape(x), n.dtype(x));
    let input_since = if reduction == Reduction::Sum { 13 } else { 18 };
    let given = if n.opset() < input_since {
        n.attributes.ints("axes")?.map(<[i64]>::to_vec)
    } else {
        n.constant_ints(1, "which dimensions are reduced")?
    };
    let given = given.unwrap_or_default();
    let keep = n.attributes.flag("keepdims", true)?;
    let axes = match given.is_empty() {
        true if n.attributes.flag("noop_with_empty_axes", false)? => Vec::new(),
        true => (0..shape.len()).collect(),
        false => n.axes(&given, shape.len())?,
    };
    let operand = if dtype == DType::Bool { n.cast(x, DType::U8)? } else { x };
    let result = n.reduce(reduction, operand, &axes)?;
    let result = n.cast(result, dtype)?;
    Ok(vec![if keep { result } else { drop_axes(n, result, &axes)? }])
}

fn drop_axes(n: &mut NodeContext, x: ValueId, axes: &[usize]) -> Result<ValueId, Fault> {
    let shape = n.shape(x);
    let kept: Vec<usize> = (0..shape.len()).filter(|d| !axes.contains(d)).map(|d| shape[d]).collect();
    n.reshape(x, &kept)
}

/// Where the extreme element along `axis` is.
pub(super) fn arg(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let x = n.input(0)?;
    let axis = n.axis(n.attributes.int("axis", 0)?, n.rank(x))?;
    let select_last = n.attributes.flag("select_last_index", false)?;
    let max = n.operator() == "ArgMax";
    let result = n.push(Op::ArgReduce { max, axis, select_last }, &[x])?;
    let keep = n.attributes.flag("keepdims", true)?;
    Ok(vec![if keep { result } else { drop_axes(n, result, &[axis])? }])
}

/// Running sums along an axis.
pub(super) fn cum_sum(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let x = n.input(0)?;
    n.input(1)?;
    let axis = n.constant_int(1, "the dimension of the sums")?.unwrap_or_default();
    let axis = n.axis(axis, n.rank(x))?;
    let exclusive = n.attributes.flag("exclusive", false)?;
    let reverse = n.attributes.flag("reverse", false)?;
    Ok(vec![n.push(Op::CumSum { axis, exclusive, reverse }, &[x])?])
}
