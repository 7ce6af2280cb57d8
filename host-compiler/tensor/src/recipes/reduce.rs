//! Reductions over dimensions that stay with extent 1.

use lathe_graph::DType;
use lathe_graph::op::Reduction;

use super::error::Refusal;
use super::kind::AnchorKind;
use super::lower::Lowered;
use crate::expr::{BinaryFn, CompareFn, Expr, Type, UnaryFn};
use crate::program::build::{Builder, Operand, compute_type, numbered_axes, var, vars};
use crate::program::{Axis, Combiner};

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
    pub(super) fn stage(
        &self,
        b: &mut Builder,
        name: &str,
        dtype: DType,
        combiner: Combiner,
        value: Expr,
    ) -> Operand {
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
pub(super) fn reduce(
    b: &mut Builder,
    x: &Operand,
    reduction: Reduction,
    axes: &[usize],
) -> Result<Lowered, Refusal> {
    let over = Over::new(&x.shape, axes)?;
    let ty = compute_type(x.dtype);
    if ty == DType::Bool && !matches!(reduction, Reduction::Max | Reduction::Min) {
        return Err(Refusal::Unsupported(format!("{reduction:?} of bool")));
    }
    let needs_float = matches!(reduction, Reduction::LogSumExp | Reduction::LogSum | Reduction::L2);
    if needs_float && !ty.is_float() {
        return Err(Refusal::Unsupported(format!("{reduction:?} of {ty}")));
    }
    if axes.is_empty() && matches!(reduction, Reduction::Sum | Reduction::Mean | Reduction::Max | Reduction::Min | Reduction::Prod) {
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

type Built = (Operand, crate::program::StageId);

fn plain(b: &mut Builder, x: &Operand, over: &Over, reduction: Reduction) -> Built {
    let ty = compute_type(x.dtype);
    // bool has no combiners: reduced as bytes
    let acc = if ty == DType::Bool { DType::U8 } else { ty };
    let mut value = b.read(x, over.source());
    if acc != ty {
        value = Expr::cast(Type::Data(acc), value);
    }
    let value = match reduction {
        Reduction::L1 if ty.is_float() || ty.is_signed_int() => Expr::unary(UnaryFn::Abs, value),
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
    let result = match reduction {
        Reduction::Mean => over.map(b, "mean", x.dtype, read / count_constant(ty, over.count())),
        Reduction::L2 => over.map(b, "sqrt", x.dtype, Expr::unary(UnaryFn::Sqrt, read)),
        Reduction::LogSum => over.map(b, "log", x.dtype, Expr::unary(UnaryFn::Log, read)),
        _ => b.rounded(total, x.dtype),
    };
    (result, main)
}

/// `m + ln(sum of e^(x - m))` with the maximum `m`, or 0 where that is infinite.
fn log_sum_exp(b: &mut Builder, x: &Operand, over: &Over) -> Built {
    let ty = compute_type(x.dtype);
    let value = b.read(x, over.source());
    let max = over.stage(b, "max", x.dtype, Combiner::Max, value);
    let infinite = |m: Expr| {
        Expr::compare(CompareFn::Eq, Expr::unary(UnaryFn::Abs, m), Expr::constant(ty, f64::INFINITY))
    };
    let read = b.read(&max, over.result());
    let finite = b.share(read, |_, m| Expr::select(infinite(m.clone()), Expr::constant(ty, 0.0), m));
    let max = over.map(b, "shift", ty, finite);
    let shifted = Expr::binary(BinaryFn::Sub, b.read(x, over.source()), b.read(&max, over.result()));
    let sum = over.stage(b, "sum", x.dtype, Combiner::Sum, Expr::unary(UnaryFn::Exp, shifted));
    let main = b.last_stage();
    let value = Expr::unary(UnaryFn::Log, b.read(&sum, over.result())) + b.read(&max, over.result());
    (over.map(b, "log", x.dtype, value), main)
}
