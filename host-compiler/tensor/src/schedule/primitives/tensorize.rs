//! `tensorize LOOP INTRINSIC`: a small nest becomes one instruction.
//!
//! Contract: LOOP is the outermost of exactly the loops of the intrinsic's pattern, in any order, serial and perfectly
//! nested around one reduction that computes what the pattern does: the same extents, element types, expression and
//! strides of every operand (repack constants first), no edge inside. What is tensorised is not transformed further: a
//! later step that breaks the match is refused.
//!
//! ```text
//! for n in 0..4                                       tensorize n by neon_sdot
//!   for k in 0..4                               ->      …
//!     acc[n] += i32(w[n * 4 + k]) * i32(a[k])
//! ```

use super::{Outcome, Schedule, find_loop, refuse};
use crate::expr::VarId;
use crate::intrinsic::matching::matching;
use crate::loops::LoopKind;
use crate::schedule::tree::Tree;

pub(super) fn tensorize(s: &mut Schedule, name: &str, intrinsic: &str) -> Outcome {
    let var = find_loop(s, name)?;
    let Some(intrinsic) = s.intrinsics.iter().find(|i| i.name == intrinsic).cloned() else {
        let known: Vec<&str> = s.intrinsics.iter().map(|i| i.name.as_str()).collect();
        return refuse(name, format!("there is no intrinsic `{intrinsic}`; known are {}", known.join(", ")));
    };
    let Some(tree) = s.loop_ref(var).cloned().map(Tree::Loop) else { return Ok(()) };
    let found = matching(s, &tree, &intrinsic).or_else(|reason| refuse(name, reason))?;
    for v in found.vars {
        let at = s.var(v).name.clone();
        match s.loop_mut(v) {
            Some(l) if l.kind == LoopKind::Serial => l.kind = LoopKind::Tensorized,
            _ => return refuse(&at, "the loop is not serial"),
        }
    }
    s.tensorized.push((var, intrinsic));
    Ok(())
}

/// Whether everything tensorised before still is what its intrinsic computes.
pub(super) fn recheck(s: &Schedule) -> Outcome {
    for (var, intrinsic) in &s.tensorized {
        let name = &s.var(*var).name;
        let Some(l) = s.loop_ref(*var) else {
            return refuse(name, format!("a loop that became `{}` would be gone: tensorize last", intrinsic.name));
        };
        let tree = Tree::Loop(l.clone());
        let found = matching(s, &tree, intrinsic)
            .or_else(|r| refuse(name, format!("the loop became `{}`: {r}", intrinsic.name)))?;
        let whole = |v: &VarId| s.loop_ref(*v).is_some_and(|l| l.kind == LoopKind::Tensorized);
        if !found.vars.iter().all(whole) {
            return refuse(name, format!("the loop became `{}`: tensorize last", intrinsic.name));
        }
    }
    Ok(())
}
