//! Reductions, and reductions broadcast back (softmax, normalisations): one pass per row, everything that belongs to a
//! row computed inside its iteration, sums along contiguous rows kept in several vectors.

use super::elementwise::{parallel_outermost, remaining, schedule_map};
use super::inlining::inline_maps;
use super::take;
use crate::loops::LoopKind;
use crate::program::{Body, Role, StageId};
use crate::schedule::{Schedule, ScheduleError};
use crate::target::Target;

/// Independent accumulators of a row's sum, in vectors.
const ACCUMULATORS: i64 = 4;

pub(super) fn schedule(s: &mut Schedule, target: &Target) -> Result<(), ScheduleError> {
    inline_maps(s, &[], &[])?;
    let reductions: Vec<String> = names(s, |b| matches!(b, Body::Reduce(..)));
    let lanes = target.lanes(4);
    for name in &reductions {
        let Some(id) = s.stage_named(name) else { continue };
        let stage = s.program().stage(id).clone();
        let Some(inner) = stage.reduce.last() else { continue };
        // a sum along the last dimension of what it reads is cut into vectors of partial sums
        let contiguous = s.contiguous_in(id, stage.axes.len() + stage.reduce.len() - 1);
        if contiguous && lanes > 1 && inner.extent >= 2 * lanes {
            let width = lanes * (inner.extent / lanes).min(ACCUMULATORS);
            take(s, format!("rfactor {name}.{} {width}", inner.name))?;
        }
    }
    let row_outputs = names(s, |b| matches!(b, Body::Map(_)));
    let owner = row_outputs.into_iter().rev().find(|n| {
        s.stage_named(n).is_some_and(|id| s.program().buffer(s.program().stage(id).output).role == Role::Output)
    });
    match owner {
        Some(owner) if rows_of(s, &owner) > 0 => per_row(s, &owner, target)?,
        _ => {}
    }
    for name in names(s, |b| matches!(b, Body::Reduce(..))) {
        if s.stage_named(&name).is_some_and(|id| s.is_pristine_root(id)) {
            reduction(s, &name, target)?;
        }
    }
    remaining(s, &[], target)
}

fn names(s: &Schedule, wanted: impl Fn(&Body) -> bool) -> Vec<String> {
    s.program().stages.iter().filter(|st| wanted(&st.body)).map(|st| st.name.clone()).collect()
}

/// Leading axes along which every reduction of the group is independent: those all stages share one to one.
fn rows_of(s: &Schedule, owner: &str) -> usize {
    let Some(id) = s.stage_named(owner) else { return 0 };
    let axes = &s.program().stage(id).axes;
    let shared = |k: usize| {
        s.program().stages.iter().enumerate().all(|(i, st)| {
            !s.block_exists(StageId(i as u32)) || st.axes.get(k).is_some_and(|a| a.extent == axes[k].extent)
        })
    };
    (0..axes.len().saturating_sub(1)).take_while(|k| shared(*k)).count()
}

/// Computes the whole group row by row inside the owner's leading loops.
fn per_row(s: &mut Schedule, owner: &str, target: &Target) -> Result<(), ScheduleError> {
    let rows = rows_of(s, owner);
    let loops = s.loops_of(owner);
    let at = loops[rows - 1].clone();
    let mut inner = vec![];
    for name in names(s, |_| true).into_iter().rev() {
        let Some(id) = s.stage_named(&name) else { continue };
        if name == owner || !s.is_pristine_root(id) {
            continue;
        }
        let mut trial = s.clone();
        if take(&mut trial, format!("compute_at {name} {at}")).is_ok() {
            *s = trial;
            inner.push(name);
        }
    }
    for name in inner {
        vectorize_last(s, &name, rows, target)?;
    }
    vectorize_last(s, owner, rows, target)?;
    parallel_outermost(s, s.loops_of(owner)[..rows].to_vec())
}

/// Vectorises the last spatial loop of a stage inside a row, splitting it into vectors.
fn vectorize_last(s: &mut Schedule, name: &str, rows: usize, target: &Target) -> Result<(), ScheduleError> {
    let Some(id) = s.stage_named(name) else { return Ok(()) };
    let stage = s.program().stage(id).clone();
    let loops = s.loops_of(name);
    let spatial = stage.axes.len();
    if spatial <= rows || loops.len() < spatial + stage.reduce.len() {
        return Ok(());
    }
    let skip = loops.len() - stage.reduce.len() - 1;
    let last = loops[skip].clone();
    let extent = s.extent(&last).unwrap_or(1);
    let lanes = target.lanes(s.program().buffer(stage.output).dtype.size()).min(16);
    if extent < 2 || lanes < 2 {
        return Ok(());
    }
    let reduce: Vec<String> = loops[skip + 1..].to_vec();
    if extent <= lanes {
        if !reduce.is_empty() {
            take(s, format!("reorder {} {last}", reduce.join(" ")))?;
        }
        return take(s, format!("vectorize {last}"));
    }
    let unroll = (extent / lanes).clamp(1, ACCUMULATORS);
    take(s, format!("split {last} {unroll} {lanes}"))?;
    if !reduce.is_empty() {
        take(s, format!("reorder {} {last}.1 {last}.2", reduce.join(" ")))?;
    }
    take(s, format!("unroll {last}.1"))?;
    take(s, format!("vectorize {last}.2"))
}

/// A reduction with a nest of its own.
fn reduction(s: &mut Schedule, name: &str, target: &Target) -> Result<(), ScheduleError> {
    let Some(id) = s.stage_named(name) else { return Ok(()) };
    let stage = s.program().stage(id).clone();
    if stage.axes.is_empty() {
        return Ok(());
    }
    let accumulates_in_place = !stage.reduce.is_empty();
    if accumulates_in_place {
        take(s, format!("cache_write {name}"))?;
        schedule_map(s, name, target)?;
        let loops = s.loops_of(name);
        let tile = loops.iter().rev().find(|l| l.ends_with(".0") || s.is_of_kind(l, LoopKind::Parallel)).cloned();
        if let Some(at) = tile {
            let local = format!("{name}.local");
            take(s, format!("compute_at {local} {at}"))?;
            vectorize_last(s, &local, 0, target)?;
        }
    }
    Ok(())
}
