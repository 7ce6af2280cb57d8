//! Windows: depthwise convolution, pooling, transposed convolution. A tile of outputs by channels in registers, the
//! window's loops around it. Padding is a condition where the window reads: lowering cuts the image's borders off, so
//! that the middle runs without it and nothing is copied.

use super::compute_tile::pack_weights;
use super::contraction::output_stage;
use super::elementwise::{parallel_outermost, remaining};
use super::inlining::inline_maps;
use super::take;
use crate::program::{Body, Combiner};
use crate::schedule::{Schedule, ScheduleError};
use crate::target::Target;

/// Accumulator vectors of a tile.
const ACCUMULATORS: i64 = 8;
/// A window's innermost loop is copied out up to this extent, so that neighbouring outputs share what they read.
const UNROLL: i64 = 5;

/// Sums over windows at least this large are taken in two levels, which rounds far less.
const LARGE: i64 = 512;

pub(super) fn schedule(s: &mut Schedule, anchor: &str, target: &Target) -> Result<(), ScheduleError> {
    inline_maps(s, &[anchor], &[])?;
    let partial = two_levels(s, anchor)?;
    let Some((tile, compute)) = output_stage(s, anchor)? else {
        return remaining(s, &[], target);
    };
    let loops = s.loops_of(&tile);
    let (Some(channel), true) = (loops.last().cloned(), loops.len() >= 2) else {
        return remaining(s, &[], target);
    };
    let row = loops[loops.len() - 2].clone();
    let lanes = target.lanes(4);
    let rows = s.extent(&row).unwrap_or(1).clamp(1, ACCUMULATORS);
    let vectors = (s.extent(&channel).unwrap_or(1) / lanes).clamp(1, ACCUMULATORS / rows);
    take(s, format!("split {channel} {vectors} {lanes}"))?;
    take(s, format!("split {row} {rows}"))?;
    take(s, format!("reorder {row}.0 {channel}.0 {row}.1 {channel}.1 {channel}.2"))?;
    let at = format!("{channel}.0");
    let reduce = accumulate(s, &compute, &at, lanes)?;
    match (&partial, reduce.first()) {
        (Some(partial), Some(level)) => {
            accumulate(s, partial, level, lanes)?;
        }
        (_, Some(_)) => {
            if let Some(innermost) = reduce.last().filter(|l| s.extent(l).unwrap_or(1) <= UNROLL) {
                take(s, format!("unroll {innermost}"))?;
            }
        }
        _ => {}
    }
    take(s, format!("unroll {row}.1"))?;
    take(s, format!("unroll {channel}.1"))?;
    take(s, format!("vectorize {channel}.2"))?;
    if let Some(id) = s.stage_named(&compute) {
        let column = s.program().stage(id).axes.len() - 1;
        pack_weights(s, id, column, vectors * lanes)?;
    }
    let mut outer = loops[..loops.len() - 2].to_vec();
    if outer.iter().all(|l| s.extent(l) == Some(1)) {
        outer.extend([format!("{row}.0"), at]);
    }
    parallel_outermost(s, outer)?;
    remaining(s, &[&tile], target)
}

/// Splits a large sum into partial sums along its first reduce axis; the stage that computes them.
fn two_levels(s: &mut Schedule, anchor: &str) -> Result<Option<String>, ScheduleError> {
    let Some(id) = s.stage_named(anchor) else { return Ok(None) };
    let stage = s.program().stage(id).clone();
    let sums = matches!(stage.body, Body::Reduce(Combiner::Sum, _));
    let size: i64 = stage.reduce.iter().map(|a| a.extent).product();
    let [first, _, ..] = stage.reduce.as_slice() else { return Ok(None) };
    if !sums || size < LARGE {
        return Ok(None);
    }
    take(s, format!("rfactor {anchor}.{} {}", first.name, first.extent))?;
    Ok(Some(format!("{anchor}.rf")))
}

/// Places a reduction under `at` with its reduce loops outside, its tile unrolled and vectorised; the reduce loops.
fn accumulate(s: &mut Schedule, stage: &str, at: &str, lanes: i64) -> Result<Vec<String>, ScheduleError> {
    take(s, format!("compute_at {stage} {at}"))?;
    let Some(id) = s.stage_named(stage) else { return Ok(vec![]) };
    let st = s.program().stage(id).clone();
    let loops = s.loops_of(stage);
    let own = &loops[loops.len() - st.axes.len() - st.reduce.len()..];
    let (spatial, reduce) = own.split_at(st.axes.len());
    // partial sums carry one more axis, of extent 1 here: the channel comes before it
    let ones = spatial.iter().rev().take_while(|l| s.extent(l) == Some(1)).count().min(spatial.len() - 1);
    let (front, behind) = spatial.split_at(spatial.len() - ones);
    let order: Vec<String> = reduce.iter().chain(behind).chain(front).cloned().collect();
    if order.len() > 1 {
        take(s, format!("reorder {}", order.join(" ")))?;
    }
    let Some(c) = front.last() else { return Ok(vec![]) };
    take(s, format!("split {c} {lanes}"))?;
    for l in front[..front.len() - 1].iter().filter(|l| s.extent(l).unwrap_or(1) <= ACCUMULATORS).collect::<Vec<_>>() {
        take(s, format!("unroll {l}"))?;
    }
    take(s, format!("unroll {c}.0"))?;
    take(s, format!("vectorize {c}.1"))?;
    Ok(reduce.to_vec())
}
