//! `parallel LOOP`: iterations shared out among workers by the caller of the kernel.
//!
//! Contract: the loop is serial and outermost, no reduce or scan loop, and holds no update.
//!
//! ```text
//! for y in 0..8               parallel y in 0..8
//!   f(y)                ->      f(y)
//! ```

use super::{Outcome, Schedule, find_loop, refuse};
use crate::loops::LoopKind;
use crate::program::Body;
use crate::schedule::tree::Tree;

pub(super) fn parallel(s: &mut Schedule, name: &str) -> Outcome {
    let var = find_loop(s, name)?;
    if s.var(var).reduce {
        return refuse(name, "iterations of a reduce or scan loop depend on each other");
    }
    let Some(root) = s.roots.iter().find(|t| matches!(t, Tree::Loop(l) if l.var == var)) else {
        return refuse(name, "only an outermost loop can be parallel");
    };
    let mut has_update = false;
    root.visit_blocks(&mut |b| has_update |= matches!(s.program.stage(b.stage).body, Body::Update { .. }));
    if has_update {
        return refuse(name, "an update's iterations depend on each other");
    }
    match s.loop_mut(var) {
        Some(l) if l.kind == LoopKind::Serial => l.kind = LoopKind::Parallel,
        _ => return refuse(name, "the loop is not serial"),
    }
    Ok(())
}
