//! `parallel LOOP`: iterations shared out among workers by the caller of the kernel.
//!
//! Contract: the loop is serial, outermost or all that is in a parallel loop, no reduce or scan loop, and holds no update.
//! Lowering makes one loop of nested parallel ones, after the last iterations of each were told apart: unlike `fuse`,
//! which leaves their conditions inside. A stage computed later between the two leaves only the outer one parallel.
//!
//! ```text
//! for y in 0..8               parallel y in 0..8
//!   f(y)                ->      f(y)
//! ```

use super::{Outcome, Schedule, find_loop, refuse};
use crate::expr::VarId;
use crate::loops::LoopKind;
use crate::program::Body;
use crate::schedule::tree::Tree;

pub(super) fn parallel(s: &mut Schedule, name: &str) -> Outcome {
    let var = find_loop(s, name)?;
    if s.var(var).reduce {
        return refuse(name, "iterations of a reduce or scan loop depend on each other");
    }
    let Some(found) = s.roots.iter().find_map(|root| shareable(root, var)) else {
        return refuse(name, "only an outermost loop, or all that is in a parallel loop, can be parallel");
    };
    let mut has_update = false;
    found.visit_blocks(&mut |b| has_update |= matches!(s.program.stage(b.stage).body, Body::Update { .. }));
    if has_update {
        return refuse(name, "an update's iterations depend on each other");
    }
    match s.loop_mut(var) {
        Some(l) if l.kind == LoopKind::Serial => l.kind = LoopKind::Parallel,
        _ => return refuse(name, "the loop is not serial"),
    }
    Ok(())
}

/// The loop `var` if it is `tree`, or what is in parallel loops that hold nothing else.
fn shareable(tree: &Tree, var: VarId) -> Option<&Tree> {
    match tree {
        Tree::Loop(l) if l.var == var => Some(tree),
        Tree::Loop(l) if l.kind == LoopKind::Parallel && l.body.len() == 1 => shareable(&l.body[0], var),
        _ => None,
    }
}
