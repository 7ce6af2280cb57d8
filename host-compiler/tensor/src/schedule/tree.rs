//! The loop tree.

use crate::expr::{Expr, VarId};
use crate::loops::LoopKind;
use crate::program::StageId;

/// A condition `0 <= index < bound` that must hold for a block to run.
#[derive(Clone, Debug, PartialEq)]
pub struct Guard {
    /// the index
    pub index: Expr,
    /// its bound
    pub bound: i64,
}

/// One stage's computation for one iteration of the loops around it.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// the stage
    pub stage: StageId,
    /// each axis of the stage (spatial, then reduce) as a function of the loop variables
    pub axes: Vec<Expr>,
    /// conditions left by splits that do not divide and regions that overhang
    pub guards: Vec<Guard>,
}

/// A loop with what is in it, in order. Its extent and name belong to the variable.
#[derive(Clone, Debug, PartialEq)]
pub struct Loop {
    /// the variable
    pub var: VarId,
    /// how it is executed
    pub kind: LoopKind,
    /// the body
    pub body: Vec<Tree>,
}

/// A loop or a block.
#[derive(Clone, Debug, PartialEq)]
pub enum Tree {
    /// a loop
    Loop(Loop),
    /// a leaf
    Block(Block),
}

impl Tree {
    /// A chain of serial loops around `inner`, `vars` outermost first.
    pub fn nest(vars: &[VarId], inner: Vec<Tree>) -> Vec<Tree> {
        vars.iter().rev().fold(inner, |body, &var| vec![Tree::Loop(Loop { var, kind: LoopKind::Serial, body })])
    }

    /// Calls `f` on every block, in order.
    pub fn visit_blocks(&self, f: &mut impl FnMut(&Block)) {
        match self {
            Tree::Block(b) => f(b),
            Tree::Loop(l) => l.body.iter().for_each(|t| t.visit_blocks(f)),
        }
    }

    /// Calls `f` on every block, in order.
    pub fn visit_blocks_mut(&mut self, f: &mut impl FnMut(&mut Block)) {
        match self {
            Tree::Block(b) => f(b),
            Tree::Loop(l) => l.body.iter_mut().for_each(|t| t.visit_blocks_mut(f)),
        }
    }

    /// Whether the block of `stage` is in this tree.
    pub fn contains(&self, stage: StageId) -> bool {
        let mut found = false;
        self.visit_blocks(&mut |b| found |= b.stage == stage);
        found
    }

    /// The loop `var` in this tree.
    pub fn find_loop(&self, var: VarId) -> Option<&Loop> {
        match self {
            Tree::Block(_) => None,
            Tree::Loop(l) if l.var == var => Some(l),
            Tree::Loop(l) => l.body.iter().find_map(|t| t.find_loop(var)),
        }
    }

    /// The loop `var` in this tree.
    pub fn find_loop_mut(&mut self, var: VarId) -> Option<&mut Loop> {
        match self {
            Tree::Block(_) => None,
            Tree::Loop(l) => {
                if l.var == var {
                    return Some(l);
                }
                l.body.iter_mut().find_map(|t| t.find_loop_mut(var))
            }
        }
    }

    /// The loops around `stage`'s block, outermost first; `None` when it is not here.
    pub fn path(&self, stage: StageId) -> Option<Vec<VarId>> {
        match self {
            Tree::Block(b) => (b.stage == stage).then(Vec::new),
            Tree::Loop(l) => l.body.iter().find_map(|t| t.path(stage)).map(|mut path| {
                path.insert(0, l.var);
                path
            }),
        }
    }

    /// This tree without the nest of `stage`; loops that end up empty go too.
    pub fn without(self, stage: StageId) -> Option<Tree> {
        match self {
            Tree::Block(b) => (b.stage != stage).then_some(Tree::Block(b)),
            Tree::Loop(mut l) => {
                l.body = l.body.into_iter().filter_map(|t| t.without(stage)).collect();
                (!l.body.is_empty()).then_some(Tree::Loop(l))
            }
        }
    }
}
