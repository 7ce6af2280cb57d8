//! `prefetch BUFFER LOOP AT`: while an iteration of LOOP runs, what its next one reads of BUFFER is brought into the
//! cache, a share of it at each iteration of AT.
//!
//! Contract: AT is a serial loop in LOOP, or LOOP itself; LOOP is serial or parallel. What is in AT reads BUFFER, an
//! operand of the kernel not fetched ahead before, in one piece that LOOP and the loops around it move. AT runs at most
//! twice as often as there are cache lines to fetch, and often enough that 64 each time are all. A later step that breaks
//! this is refused. No value changes. A worker's first piece is not fetched ahead; at its last iteration, what lies behind
//! in memory is. As in TVM's `Schedule.prefetch`, but spread over the time that there is.
//!
//! ```text
//! for b in 0..4                          for b in 0..4
//!   for r in 0..8                          for r in 0..8
//!     for k in 0..1024             ->        prefetch w[(b + 1) * 1024 + r * 128], 128 elements
//!       acc[r] += w[b * 1024 + k]            for k in 0..1024
//!                 * a[r, b, k]                 acc[r] += w[b * 1024 + k] * a[r, b, k]
//! ```

use super::{Outcome, Schedule, find_loop, refuse};
use crate::expr::BufferId;
use crate::loops::LoopKind;
use crate::schedule::{Prefetch, fetched};

pub(super) fn prefetch(s: &mut Schedule, buffer: &str, ahead: &str, at: &str) -> Outcome {
    let Some(position) = s.program.buffers.iter().position(|b| b.name == buffer) else {
        return refuse(buffer, format!("there is no buffer `{buffer}`"));
    };
    let buffer = BufferId(position as u32);
    let prefetch = Prefetch { buffer, ahead: find_loop(s, ahead)?, at: find_loop(s, at)? };
    if s.prefetches.iter().any(|p| p.buffer == buffer) {
        return refuse(at, "the buffer is fetched ahead already");
    }
    s.prefetches.push(prefetch);
    Ok(())
}

/// Whether everything fetched ahead still can be.
pub(super) fn recheck(s: &Schedule) -> Outcome {
    for p in &s.prefetches {
        let at = &s.var(p.at).name;
        let buffer = &s.program.buffer(p.buffer).name;
        let kind = |v| s.loop_ref(v).map(|l| l.kind);
        let refused = match (kind(p.ahead), kind(p.at)) {
            (None, _) | (_, None) => Some("a loop of it would be gone: prefetch last".to_string()),
            (Some(LoopKind::Serial | LoopKind::Parallel), Some(LoopKind::Serial)) => fetched(s, p).err(),
            _ => Some(format!("`{at}` must be serial, and `{}` serial or parallel", s.var(p.ahead).name)),
        };
        let in_memory = !s.regions.contains_key(&p.buffer);
        if let Some(reason) = refused.or((!in_memory).then(|| "it is no operand of the kernel".to_string())) {
            return refuse(at, format!("`{buffer}` cannot be fetched ahead: {reason}"));
        }
    }
    Ok(())
}
