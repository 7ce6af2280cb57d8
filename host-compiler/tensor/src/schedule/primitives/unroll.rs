//! `unroll LOOP`: the body copied out once for each iteration.
//!
//! Contract: the loop is serial, with at most 64 iterations. Buffers whose indices are constants then live in registers.
//!
//! ```text
//! for x in 0..2               out[0] = a[0]
//!   out[x] = a[x]       ->    out[1] = a[1]
//! ```

use super::{Outcome, Schedule, find_loop, refuse};
use crate::loops::LoopKind;

pub(super) fn unroll(s: &mut Schedule, name: &str) -> Outcome {
    let var = find_loop(s, name)?;
    let extent = s.var(var).extent;
    if extent > 64 {
        return refuse(name, format!("{extent} copies are too many (at most 64): split first"));
    }
    match s.loop_mut(var) {
        Some(l) if l.kind == LoopKind::Serial => l.kind = LoopKind::Unrolled,
        _ => return refuse(name, "the loop is not serial"),
    }
    Ok(())
}
