//! Interpolation along one dimension.

use lathe_graph::DType;
use lathe_graph::op::Interpolation;

use super::coordinate::Coordinate;
use super::{Sampling, read_as};
use crate::expr::{BinaryFn, CompareFn, Expr, Type, UnaryFn};
use crate::program::Combiner;
use crate::program::build::{Builder, Operand, axes, clamp_index, guarded, in_range, numbered_axes, offset, var, vars};

/// One dimension to resize.
pub(super) struct Stage {
    pub(super) dim: usize,
    pub(super) coordinate: Coordinate,
    /// type of the arithmetic
    pub(super) ty: DType,
    /// type of the result
    pub(super) dtype: DType,
    pub(super) scale: f64,
}

impl Stage {
    fn shape(&self, x: &Operand) -> Vec<i64> {
        let mut shape = x.shape.clone();
        shape[self.dim] = self.coordinate.size();
        shape
    }

    /// `x` at the stage's point, `at` in the resized dimension.
    fn element(&self, b: &Builder, x: &Operand, at: Expr) -> Expr {
        let mut index = vars(x.rank());
        index[self.dim] = at;
        read_as(b, x, index, self.ty)
    }

    /// The fraction of position `o`, 0 to 1.
    fn fraction(&self, o: Expr) -> Expr {
        let (numerator, denominator) = self.coordinate.fraction(o);
        let numerator = Expr::cast(Type::Data(self.ty), numerator);
        if denominator == 1 { numerator } else { numerator * Expr::constant(self.ty, 1.0 / denominator as f64) }
    }

    /// Adds the stage that holds `value`, of the arithmetic's type.
    fn finish(&self, b: &mut Builder, x: &Operand, value: Expr) -> Operand {
        let axes = numbered_axes("i", &self.shape(x));
        if self.dtype.is_float() {
            return b.map("resize", self.dtype, axes, value);
        }
        b.copy("resize", self.dtype, axes, Expr::cast(Type::Data(self.dtype), value))
    }

    /// Linear or cubic interpolation of two or four neighbours, all of which count.
    pub(super) fn direct(&self, b: &mut Builder, x: &Operand, sampling: Sampling) -> Operand {
        let o = || var(self.dim);
        let fraction = self.fraction(o());
        let neighbour = |b: &Builder, shift| self.element(b, x, self.coordinate.sample(o(), shift));
        let value = match sampling.interpolation {
            Interpolation::Cubic { a, .. } => b.share(fraction, |b, f| {
                let c = |v: f64| Expr::constant(self.ty, v);
                let mut sum: Option<Expr> = None;
                for shift in -1..=2 {
                    // the distance is on a known side of 1: no choice at run time
                    let distance = if shift <= 0 { f.clone() + c(-shift as f64) } else { c(shift as f64) - f.clone() };
                    let (near, far) = cubic(b, self.ty, distance, f64::from(a));
                    let term = if (0..=1).contains(&shift) { near } else { far } * neighbour(b, shift);
                    sum = Some(sum.map_or(term.clone(), |s| s + term));
                }
                sum.unwrap_or_else(|| c(0.0))
            }),
            _ => {
                let (low, high) = (neighbour(b, 0), neighbour(b, 1));
                b.share(low, |_, low| low.clone() + fraction * (high - low))
            }
        };
        self.finish(b, x, value)
    }

    /// A filter of any width: a table of normalised weights, then weighted sums.
    pub(super) fn weighted(&self, b: &mut Builder, x: &Operand, sampling: Sampling) -> Operand {
        let stretch = if sampling.antialias { self.scale.min(1.0) } else { 1.0 };
        let support = if matches!(sampling.interpolation, Interpolation::Cubic { .. }) { 2.0 } else { 1.0 };
        let reach = (support / stretch).ceil() as i64;
        let taps = 2 * reach + 2;
        let size = self.coordinate.size();
        let constant = |v: f64| Expr::constant(self.ty, v);
        let cast = |e| Expr::cast(Type::Data(self.ty), e);

        // distance of tap t from the coordinate, in the filter's units
        let distance = cast(offset(var(1), -reach)) - self.fraction(var(0));
        let distance = Expr::unary(UnaryFn::Abs, distance * constant(stretch));
        let weight = match sampling.interpolation {
            Interpolation::Cubic { a, .. } => b.share(distance, |b, d| {
                let (near, far) = cubic(b, self.ty, d.clone(), f64::from(a));
                let below = |limit| Expr::compare(CompareFn::Lt, d.clone(), constant(limit));
                Expr::select(below(1.0), near, Expr::select(below(2.0), far, constant(0.0)))
            }),
            _ => Expr::binary(BinaryFn::Max, constant(1.0) - distance, constant(0.0)),
        };
        let position = |o: Expr, t: Expr| self.coordinate.unclamped(o, -reach) + t;
        let mut conditions = vec![];
        if matches!(sampling.interpolation, Interpolation::Cubic { exclude_outside: true, .. }) {
            conditions.push(in_range(position(var(0), var(1)), self.coordinate.extent()));
        }
        let weight = guarded(conditions, weight, constant(0.0));
        let table = b.map("weights", self.ty, axes(&["o", "t"], &[size, taps]), weight);
        let read = b.read(&table, vec![var(0), var(1)]);
        let sums = b.reduce("weightsum", self.ty, axes(&["o"], &[size]), axes(&["t"], &[taps]), Combiner::Sum, read);
        let normal = b.read(&table, vec![var(0), var(1)]) / b.read(&sums, vec![var(0)]);
        let table = b.map("weights", self.ty, axes(&["o", "t"], &[size, taps]), normal);

        let t = || var(x.rank());
        let at = clamp_index(position(var(self.dim), t()), 0, self.coordinate.extent() - 1);
        let value = self.element(b, x, at) * b.read(&table, vec![var(self.dim), t()]);
        let shape = self.shape(x);
        let axes = (numbered_axes("i", &shape), axes(&["t"], &[taps]));
        let sum = b.reduce("resample", self.ty, axes.0, axes.1, Combiner::Sum, value);
        if self.dtype == self.ty {
            return sum;
        }
        let value = b.read(&sum, vars(x.rank()));
        self.finish(b, x, value)
    }
}

/// Keys' cubic convolution kernel at distance `d` >= 0: for `d` up to 1, and from 1 to 2.
fn cubic(b: &mut Builder, ty: DType, d: Expr, a: f64) -> (Expr, Expr) {
    let c = |v: f64| Expr::constant(ty, v);
    let near = b.share(d.clone(), |_, d| ((d.clone() * c(a + 2.0) - c(a + 3.0)) * d.clone()) * d + c(1.0));
    let far = b.share(d, |_, d| ((d.clone() * c(a) - c(5.0 * a)) * d.clone() + c(8.0 * a)) * d - c(4.0 * a));
    (near, far)
}
