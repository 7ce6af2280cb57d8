//! Reductions over dimensions that stay with extent 1.

use lathe_graph::DType;
use lathe_graph::op::Reduction;

use super::error::Refusal;
use super::kind::AnchorKind;
use super::lowered::Lowered;
use crate::expr::{CompareFn, Expr, Type, UnaryFn};
use crate::program::build::{Builder, Operand, compute_type, numbered_axes, var, vars};
use crate::program::{Axis, Combiner, StageId};

/// Which dimensions of an operand are reduced, with the axes and indices that follow.
#[derive(Clone, Debug)]
pub(super) struct Over {
    /// the reduced dimensions
    axes: Vec<usize>,
    /// the result's extents: 1 where reduced
    pub(super) kept: Vec<i64>,
    extents: Vec<i64>,
}

impl Over {
    /// Reduction of `shape` over `axes`.
    pub(super) fn new(shape: &[i64], axes: &[usize]) -> Result<Over, Refusal> {
        if axes.iter().any(|&a| a >= shape.len()) {
            return Err(Refusal::Malformed("an axis beyond the operand's rank"));
        }
        let mut kept = shape.to_vec();
        axes.iter().for_each(|&a| kept[a] = 1);
        Ok(Over { axes: axes.to_vec(), kept, extents: axes.iter().map(|&a| shape[a]).collect() })
    }

    /// Number of elements reduced into one.
    pub(super) fn count(&self) -> i64 {
        self.extents.iter().product()
    }

    /// Axes of the result.
    pub(super) fn spatial(&self) -> Vec<Axis> {
        numbered_axes("i", &self.kept)
    }

    /// Reduce axes.
    pub(super) fn reduce(&self) -> Vec<Axis> {
        numbered_axes("r", &self.extents)
    }

    /// Variable of the `k`-th reduce axis.
    pub(super) fn reduce_var(&self, k: usize) -> Expr {
        var(self.kept.len() + k)
    }

    /// Index into the operand within the reduction.
    pub(super) fn source(&self) -> Vec<Expr> {
        let mut index = vars(self.kept.len());
        for (k, &a) in self.axes.iter().enumerate() {
            index[a] = self.reduce_var(k);
        }
        index
    }

    /// Index into the result, within the reduction or for one of the operand's points.
    pub(super) fn result(&self) -> Vec<Expr> {
        let mut index = vars(self.kept.len());
        self.axes.iter().for_each(|&a| index[a] = Expr::Index(0));
        index
    }

    /// A stage that reduces `value`, with the accumulator in the compute type.
    pub(super) fn stage(&self, b: &mut Builder, name: &str, dtype: DType, combiner: Combiner, value: Expr) -> Operand {
        b.reduce(name, dtype, self.spatial(), self.reduce(), combiner, value)
    }

    /// A stage over the result's points.
    pub(super) fn map(&self, b: &mut Builder, name: &str, dtype: DType, value: Expr) -> Operand {
        b.map(name, dtype, self.spatial(), value)
    }
}

/// `n` as a constant to divide by.
pub(super) fn count_constant(ty: DType, n: i64) -> Expr {
    Expr::constant(ty, n as f64)
}

/// `reduction` of `x` over `axes`.
pub(super) fn reduce(b: &mut Builder, x: &Operand, reduction: Reduction, axes: &[usize]) -> Result<Lowered, Refusal> {
    let over = Over::new(&x.shape, axes)?;
    let ty = compute_type(x.dtype);
    if ty == DType::Bool && !matches!(reduction, Reduction::Max | Reduction::Min) {
        return Err(Refusal::Unsupported(format!("{reduction:?} of bool")));
    }
    let plain_copy = !matches!(
        reduction,
        Reduction::L1 | Reduction::L2 | Reduction::LogSum | Reduction::LogSumExp | Reduction::SumSquare
    );
    if axes.is_empty() && plain_copy {
        let value = b.load(x, vars(x.rank()));
        let result = b.copy("copy", x.dtype, numbered_axes("i", &x.shape), value);
        return Ok(Lowered::last(b, vec![result], AnchorKind::Injective));
    }
    let (result, main) = match reduction {
        Reduction::LogSumExp => log_sum_exp(b, x, &over),
        _ => plain(b, x, &over, reduction),
    };
    Ok(Lowered { outputs: vec![result], anchor: main, kind: AnchorKind::Reduction { axes: axes.to_vec() } })
}

type Built = (Operand, StageId);

/// The type a reduction is accumulated in: bytes for bool, which has no combiners; `f64` for functions of integers that
/// leave the integers.
fn accumulator(dtype: DType, reduction: Reduction) -> DType {
    let leaves = matches!(reduction, Reduction::LogSumExp | Reduction::LogSum | Reduction::L2);
    match compute_type(dtype) {
        DType::Bool => DType::U8,
        ty if leaves && !ty.is_float() => DType::F64,
        ty => ty,
    }
}

fn converted(value: Expr, from: DType, to: DType) -> Expr {
    if from == to { value } else { Expr::cast(Type::Data(to), value) }
}

fn plain(b: &mut Builder, x: &Operand, over: &Over, reduction: Reduction) -> Built {
    let ty = compute_type(x.dtype);
    let acc = accumulator(x.dtype, reduction);
    let value = converted(b.read(x, over.source()), ty, acc);
    let value = match reduction {
        Reduction::L1 if acc.is_float() || acc.is_signed_int() => Expr::unary(UnaryFn::Abs, value),
        Reduction::L2 | Reduction::SumSquare => b.share(value, |_, v| v.clone() * v),
        _ => value,
    };
    let (name, combiner) = match reduction {
        Reduction::Max => ("max", Combiner::Max),
        Reduction::Min => ("min", Combiner::Min),
        Reduction::Prod => ("prod", Combiner::Prod),
        _ => ("sum", Combiner::Sum),
    };
    let total = over.stage(b, name, acc, combiner, value);
    let main = b.last_stage();
    let read = b.read(&total, over.result());
    let last = match reduction {
        Reduction::Mean => Some(("mean", read / count_constant(acc, over.count()))),
        Reduction::L2 => Some(("sqrt", Expr::unary(UnaryFn::Sqrt, read))),
        Reduction::LogSum => Some(("log", Expr::unary(UnaryFn::Log, read))),
        _ => None,
    };
    let result = match last {
        Some((name, value)) => over.map(b, name, x.dtype, converted(value, acc, ty)),
        None => b.rounded(total, x.dtype),
    };
    (result, main)
}

/// `m + ln(sum of e^(x - m))` with the maximum `m`, or 0 where that is infinite.
fn log_sum_exp(b: &mut Builder, x: &Operand, over: &Over) -> Built {
    let (ty, acc) = (compute_type(x.dtype), accumulator(x.dtype, Reduction::LogSumExp));
    let value = converted(b.read(x, over.source()), ty, acc);
    let max = over.stage(b, "max", acc, Combiner::Max, value);
    let infinite =
        |m: Expr| Expr::compare(CompareFn::Eq, Expr::unary(UnaryFn::Abs, m), Expr::constant(acc, f64::INFINITY));
    let read = b.read(&max, over.result());
    let finite = b.share(read, |_, m| Expr::select(infinite(m.clone()), Expr::constant(acc, 0.0), m));
    let max = over.map(b, "shift", acc, finite);
    let shifted = converted(b.read(x, over.source()), ty, acc) - b.read(&max, over.result());
    let sum = over.stage(b, "sum", acc, Combiner::Sum, Expr::unary(UnaryFn::Exp, shifted));
    let main = b.last_stage();
    let value = Expr::unary(UnaryFn::Log, b.read(&sum, over.result())) + b.read(&max, over.result());
    (over.map(b, "log", x.dtype, converted(value, acc, ty)), main)
}
