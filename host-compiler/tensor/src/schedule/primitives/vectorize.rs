//! `vectorize LOOP`: all iterations at once, as lanes of vectors.
//!
//! Contract: the loop is serial, innermost (it holds only blocks), has at most 64 iterations and is no reduce loop
//! (`rfactor` it first) and no update's. Loads and stores whose index moves by 1 from lane to lane become vector
//! accesses; others are done lane by lane.
//!
//! ```text
//! for x in 0..8               vectorize x in 0..8
//!   out[x] = a[x]       ->      out[x] = a[x]
//! ```

use super::{Outcome, Schedule, find_loop, refuse};
use crate::loops::LoopKind;
use crate::program::Body;
use crate::schedule::tree::Tree;

pub(super) fn vectorize(s: &mut Schedule, name: &str) -> Outcome {
    let var = find_loop(s, name)?;
    let v = s.var(var);
    if v.reduce {
        return refuse(name, "a reduce loop cannot be vectorised: rfactor it, then vectorise the new spatial loop");
    }
    if v.extent > 64 {
        return refuse(name, format!("{} lanes are too many (at most 64): split first", v.extent));
    }
    let Some(l) = s.loop_ref(var) else { return Ok(()) };
    if l.kind != LoopKind::Serial {
        return refuse(name, "the loop is not serial");
    }
    for t in &l.body {
        let Tree::Block(b) = t else { return refuse(name, "the loop is not innermost") };
        if matches!(s.program.stage(b.stage).body, Body::Update { .. }) {
            return refuse(name, "an update's iterations depend on each other");
        }
    }
    if let Some(l) = s.loop_mut(var) {
        l.kind = LoopKind::Vectorized;
    }
    Ok(())
}
