//! What recurrent layers share: directions, the input projection, the state before a step.
//!
//! A layer is a scan over steps `t`. Direction `d` processes time `t` (forward) or `T - 1 - t` (backward) at step `t`;
//! states are kept in step order and brought into time order at the end.

use lathe_graph::DType;
use lathe_graph::op::Direction;

use super::error::Refusal;
use crate::expr::{CompareFn, Expr};
use crate::program::build::{Builder, Operand, axes, compute_type, offset, var, vars};
use crate::program::{Axis, Combiner};

/// Extents of a recurrent layer.
pub(super) struct Layer {
    direction: Direction,
    pub(super) dtype: DType,
    steps: i64,
    dirs: i64,
    batch: i64,
    pub(super) hidden: i64,
    input: i64,
}

impl Layer {
    /// The layer over `x` `[time, batch, in]` with `weights` `[dirs, gates*hidden, in]`.
    pub(super) fn of(x: &Operand, weights: &Operand, hidden: i64, direction: Direction) -> Result<Layer, Refusal> {
        let dirs = if direction == Direction::Bidirectional { 2 } else { 1 };
        match (x.shape.as_slice(), weights.shape.as_slice()) {
            (&[0, ..], _) => Err(Refusal::Unsupported("a recurrent layer over a sequence of no steps".into())),
            (&[steps, batch, input], &[d, _, i]) if d == dirs && i == input => {
                Ok(Layer { direction, dtype: x.dtype, steps, dirs, batch, hidden, input })
            }
            _ => Err(Refusal::Malformed("the operands of a recurrent layer do not fit")),
        }
    }

    /// The type states and gates are computed in.
    pub(super) fn ty(&self) -> DType {
        compute_type(self.dtype)
    }

    /// Axes `t`, `d`, `b` and `last` of extent `rows`.
    pub(super) fn axes(&self, last: &str, rows: i64) -> Vec<Axis> {
        axes(&["t", "d", "b", last], &[self.steps, self.dirs, self.batch, rows])
    }

    /// A state or gate buffer `[steps, dirs, batch, rows]`.
    pub(super) fn declare(&self, b: &mut Builder, name: &str, dtype: DType, rows: i64) -> Operand {
        b.declare(name, dtype, vec![self.steps, self.dirs, self.batch, rows])
    }

    /// The axes as an index, the last one at row `row`.
    pub(super) fn at(&self, row: Expr) -> Vec<Expr> {
        vec![var(0), var(1), var(2), row]
    }

    /// The state before the step: that of the step before, or the initial one.
    pub(super) fn before(&self, b: &Builder, states: &Operand, initial: &Operand) -> Expr {
        let mut earlier = vars(4);
        earlier[0] = offset(var(0), -1);
        let not_first = Expr::compare(CompareFn::Lt, Expr::Index(0), var(0));
        let initial = b.read(initial, vec![var(1), var(2), var(3)]);
        Expr::select(not_first, b.read(states, earlier), initial)
    }

    /// The input's part of `rows` gate rows for all steps, in step order: one matrix product outside of the scan.
    pub(super) fn projection(&self, b: &mut Builder, x: &Operand, weights: &Operand, rows: i64) -> Operand {
        let time = self.time(var(0), var(1));
        let value = b.read(x, vec![time, var(2), var(4)]) * b.read(weights, vec![var(1), var(3), var(4)]);
        let reduce = axes(&["i"], &[self.input]);
        b.reduce("projection", self.dtype, self.axes("g", rows), reduce, Combiner::Sum, value)
    }

    /// The time processed at step `t` of direction `d`; also the step at which a time is processed.
    fn time(&self, t: Expr, d: Expr) -> Expr {
        let reversed = Expr::Index(self.steps - 1) - t.clone();
        match self.direction {
            Direction::Forward => t,
            Direction::Reverse => reversed,
            Direction::Bidirectional => Expr::select(Expr::compare(CompareFn::Eq, d, Expr::Index(0)), t, reversed),
        }
    }

    /// `states` in time order, `[time, dirs, batch, hidden]`.
    pub(super) fn sequence(&self, b: &mut Builder, states: &Operand) -> Operand {
        let value = b.read(states, vec![self.time(var(0), var(1)), var(1), var(2), var(3)]);
        b.map("sequence", self.dtype, self.axes("h", self.hidden), value)
    }

    /// The states after the last step, `[dirs, batch, hidden]`.
    pub(super) fn last(&self, b: &mut Builder, name: &str, states: &Operand) -> Operand {
        let value = b.read(states, vec![Expr::Index(self.steps - 1), var(0), var(1), var(2)]);
        let axes = axes(&["d", "b", "h"], &[self.dirs, self.batch, self.hidden]);
        b.map(name, self.dtype, axes, value)
    }
}
