//! Edits of the loop tree that primitives share.

use super::state::Schedule;
use super::tree::Tree;
use crate::expr::{Expr, VarId};
use crate::index::{simplify, substitute};
use crate::loops::LoopKind;
use crate::program::{Stage, StageId};

impl Schedule {
    /// Replaces the loop `var` by what `make` builds around (or of) its body.
    pub(super) fn replace_loop(&mut self, var: VarId, make: impl FnOnce(Vec<Tree>) -> Vec<Tree>) {
        fn walk(body: &mut Vec<Tree>, var: VarId, make: &mut Option<impl FnOnce(Vec<Tree>) -> Vec<Tree>>) {
            for i in 0..body.len() {
                let Tree::Loop(l) = &mut body[i] else { continue };
                if l.var != var {
                    walk(&mut l.body, var, make);
                } else if let Some(make) = make.take() {
                    let inner = std::mem::take(&mut l.body);
                    body.splice(i..=i, make(inner));
                }
                if make.is_none() {
                    return;
                }
            }
        }
        walk(&mut self.roots, var, &mut Some(make));
    }

    /// Replaces a variable that is gone by its value everywhere.
    pub(super) fn substitute_var(&mut self, var: VarId, value: &Expr) {
        let ranges = self.ranges();
        let replace = |e: &mut Expr| {
            *e = simplify(&substitute(e, &|v| (v == var).then(|| value.clone())), &ranges);
        };
        for tree in &mut self.roots {
            tree.visit_blocks_mut(&mut |b| {
                b.axes.iter_mut().for_each(replace);
                b.guards.iter_mut().for_each(|g| replace(&mut g.index));
            });
        }
        self.regions.values_mut().for_each(|r| r.min.iter_mut().for_each(replace));
    }

    /// Removes a stage's nest; the position among the roots where it was.
    pub(super) fn remove_nest(&mut self, stage: StageId) -> usize {
        let at = self.roots.iter().position(|t| t.contains(stage)).unwrap_or(self.roots.len());
        self.roots = std::mem::take(&mut self.roots).into_iter().filter_map(|t| t.without(stage)).collect();
        at
    }

    /// Whether a stage's nest is a root of its own with the serial loops it was made with.
    pub(crate) fn is_pristine_root(&self, stage: StageId) -> bool {
        let Some(block) = self.block(stage) else { return false };
        let path = self.path(stage);
        let straight = block.axes.len() == path.len() && block.axes.iter().zip(&path).all(|(e, v)| *e == Expr::Var(*v));
        let Some(root) = self.roots.iter().find(|t| t.contains(stage)) else { return false };
        let mut blocks = 0;
        root.visit_blocks(&mut |_| blocks += 1);
        let serial = path.iter().all(|v| self.loop_ref(*v).is_some_and(|l| l.kind == LoopKind::Serial));
        straight && serial && blocks == 1 && block.guards.is_empty() && !path.iter().any(|v| self.is_scan_loop(*v))
    }

    /// Whether `var` is the shared loop of a scan.
    pub(super) fn is_scan_loop(&self, var: VarId) -> bool {
        self.program.scans.iter().any(|scan| self.path(scan.first).first() == Some(&var))
    }

    /// Inserts a stage; stages behind it get new numbers.
    pub(super) fn insert_stage_after(&mut self, id: StageId, stage: Stage) -> StageId {
        self.insert_stage(id.0 + 1, stage)
    }

    /// Inserts a stage; `id` and stages behind it get new numbers.
    pub(super) fn insert_stage_before(&mut self, id: StageId, stage: Stage) -> StageId {
        self.insert_stage(id.0, stage)
    }

    fn insert_stage(&mut self, at: u32, stage: Stage) -> StageId {
        let moved = |id: StageId| StageId(if id.0 >= at { id.0 + 1 } else { id.0 });
        self.program.stages.insert(at as usize, stage);
        for tree in &mut self.roots {
            tree.visit_blocks_mut(&mut |b| b.stage = moved(b.stage));
        }
        for scan in &mut self.program.scans {
            scan.first = moved(scan.first);
            scan.last = moved(scan.last);
        }
        StageId(at)
    }
}
