//! Windows: depthwise convolution, pooling, transposed convolution. A tile of outputs by channels in registers, the
//! window's loops around it. Padding is a condition where the window reads: lowering cuts the image's borders off, so
//! that the middle runs without it and nothing is copied.

use super::contraction::{output_stage, pack_weights};
use super::elementwise::{parallel_outermost, remaining};
use super::inlining::inline_maps;
use super::take;
use crate::schedule::{Schedule, ScheduleError};
use crate::target::Target;

/// Accumulator vectors of a tile.
const ACCUMULATORS: i64 = 8;
/// A window's innermost loop is copied out up to this extent, so that neighbouring outputs share what they read.
const UNROLL: i64 = 5;

pub(super) fn schedule(s: &mut Schedule, anchor: &str, target: &Target) -> Result<(), ScheduleError> {
    inline_maps(s, &[anchor], &[])?;
    let Some((tile, compute)) = output_stage(s, anchor)? else {
        return remaining(s, &[], target);
    };
    let loops = s.loops_of(&tile);
    let (Some(channel), true) = (loops.last().cloned(), loops.len() >= 2) else {
        return remaining(s, &[], target);
    };
    let row = loops[loops.len() - 2].clone();
    let lanes = target.lanes(4);
    let channels = s.extent(&channel).unwrap_or(1);
    let vectors = 1;
    let rows = s.extent(&row).unwrap_or(1).min((ACCUMULATORS / vectors).max(1));
    take(s, format!("split {channel} {vectors} {lanes}"))?;
    take(s, format!("split {row} {rows}"))?;
    take(s, format!("reorder {row}.0 {channel}.0 {row}.1 {channel}.1 {channel}.2"))?;
    take(s, format!("compute_at {compute} {channel}.0"))?;
    let inner = s.loops_of(&compute);
    let Some(id) = s.stage_named(&compute) else { return Ok(()) };
    let stage = s.program().stage(id).clone();
    let reduce = inner[inner.len() - stage.reduce.len()..].to_vec();
    let spatial = inner[inner.len() - stage.reduce.len() - stage.axes.len()..inner.len() - stage.reduce.len()].to_vec();
    let (Some(c), Some(w)) = (spatial.last(), spatial.get(spatial.len().wrapping_sub(2))) else { return Ok(()) };
    let mut order = reduce.clone();
    order.extend(spatial.iter().cloned());
    if !reduce.is_empty() {
        take(s, format!("reorder {}", order.join(" ")))?;
    }
    take(s, format!("split {c} {lanes}"))?;
    take(s, format!("unroll {w}"))?;
    take(s, format!("unroll {c}.0"))?;
    take(s, format!("vectorize {c}.1"))?;
    take(s, format!("unroll {row}.1"))?;
    take(s, format!("unroll {channel}.1"))?;
    take(s, format!("vectorize {channel}.2"))?;
    if let Some(innermost) = reduce.last().filter(|l| s.extent(l).unwrap_or(1) <= UNROLL) {
        take(s, format!("unroll {innermost}"))?;
    }
    pack_weights(s, id, vectors * lanes)?;
    parallel_outermost(s, loops[..loops.len() - 2].to_vec())?;
    remaining(s, &[&tile], target)
}
