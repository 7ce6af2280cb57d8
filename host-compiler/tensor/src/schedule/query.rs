//! Questions default schedules and the search ask of a schedule.

use super::packing::row_major_strides;
use super::state::Schedule;
use crate::expr::{Expr, VarId};
use crate::index::{Range, Ranges, Sum, simplify};
use crate::loops::LoopKind;
use crate::program::StageId;

impl Schedule {
    /// The flat offsets of a stage's loads as functions of its axes.
    pub fn flat_loads(&self, id: StageId) -> Vec<Expr> {
        let stage = self.program.stage(id);
        let mut ranges = Ranges::default();
        for (k, axis) in stage.axes.iter().chain(&stage.reduce).enumerate() {
            ranges.insert(VarId(k as u32), Range::extent(axis.extent));
        }
        let mut found = vec![];
        stage.body.visit(&mut |e| {
            if let Expr::Load { buffer, index } = e {
                let strides = row_major_strides(&self.program.buffer(*buffer).shape);
                let terms = index.iter().zip(strides).map(|(i, s)| i.clone() * Expr::Index(s));
                let flat = terms.reduce(|a, b| a + b).unwrap_or(Expr::Index(0));
                found.push(simplify(&flat, &ranges));
            }
        });
        found
    }

    /// Whether some load of the stage moves by one element with its axis `k` (spatial, then reduce), and none by more.
    pub fn contiguous_in(&self, id: StageId, k: usize) -> bool {
        let axis = Expr::Var(VarId(k as u32));
        let strides: Vec<i64> = self
            .flat_loads(id)
            .iter()
            .map(|e| {
                let sum = Sum::of(e, &Ranges::default());
                let straight = sum.terms.iter().find(|t| t.0 == axis).map_or(0, |t| t.1);
                let nested = sum.terms.iter().any(|t| {
                    let mut inside = false;
                    t.0.visit(&mut |x| inside |= *x == axis);
                    inside && t.0 != axis
                });
                if nested { i64::MAX } else { straight }
            })
            .collect();
        strides.contains(&1) && strides.iter().all(|s| (0..=1).contains(s))
    }

    /// Whether an operand that is read along the stage's spatial axis `column` also depends on spatial axis `k`.
    pub fn reads_columns_by(&self, id: StageId, column: usize, k: usize) -> bool {
        let (column, axis) = (VarId(column as u32), VarId(k as u32));
        let mut depends = false;
        self.program.stage(id).body.visit(&mut |e| {
            depends |= matches!(e, Expr::Load { .. }) && e.mentions(column) && e.mentions(axis);
        });
        depends
    }

    /// Whether some block runs only for part of the iterations of the loop `name`.
    pub fn is_guarded(&self, name: &str) -> bool {
        let Some(var) = self.loop_named(name) else { return false };
        let mut guarded = false;
        for tree in &self.roots {
            tree.visit_blocks(&mut |b| {
                guarded |= b.guards.iter().any(|g| g.index.mentions(var));
            });
        }
        guarded
    }

    /// Whether a stage still has a block (it was not inlined).
    pub fn block_exists(&self, id: StageId) -> bool {
        self.block(id).is_some()
    }

    /// Whether the loop `name` is executed so.
    pub fn is_of_kind(&self, name: &str, kind: LoopKind) -> bool {
        self.loop_named(name).and_then(|v| self.loop_ref(v)).is_some_and(|l| l.kind == kind)
    }
}
