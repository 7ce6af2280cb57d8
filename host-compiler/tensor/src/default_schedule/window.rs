//! Windows: depthwise convolution, pooling, transposed convolution. A tile of outputs by channels in registers, the
//! window's loops around it.

use super::contraction::{output_stage, pad_stage};
use super::elementwise::{parallel_outermost, remaining, schedule_map};
use super::inlining::inline_maps;
use super::take;
use crate::schedule::{Schedule, ScheduleError};
use crate::target::Target;

/// Accumulator vectors of a tile.
const ACCUMULATORS: i64 = 8;

pub(super) fn schedule(s: &mut Schedule, anchor: &str, target: &Target) -> Result<(), ScheduleError> {
    let pad = pad_stage(s, anchor);
    let keep: Vec<&str> = pad.iter().map(String::as_str).chain([anchor]).collect();
    inline_maps(s, &keep, &[])?;
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
    let vectors = (channels / lanes).clamp(1, 2);
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
    parallel_outermost(s, loops[..loops.len() - 2].to_vec())?;
    if let Some(pad) = pad {
        schedule_map(s, &pad, target)?;
    }
    remaining(s, &[&tile], target)
}
