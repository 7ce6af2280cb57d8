//! Recurrences: what does not depend on earlier steps is a contraction of its own; inside a step, products accumulate a
//! few vectors at a time over packed weights, and element-wise parts are vectorised.

use super::compute_tile::pack_weights;
use super::contraction;
use super::elementwise::remaining;
use super::take;
use crate::program::{Body, StageId};
use crate::schedule::{Schedule, ScheduleError};
use crate::target::Target;

/// Vectors that accumulate together.
const VECTORS: i64 = 4;

pub(super) fn schedule(s: &mut Schedule, target: &Target) -> Result<(), ScheduleError> {
    let names: Vec<String> = s.program().stages.iter().map(|st| st.name.clone()).collect();
    for name in &names {
        let Some(id) = s.stage_named(name) else { continue };
        let reduces = matches!(s.program().stage(id).body, Body::Reduce(..));
        if in_scan(s, id) {
            step(s, name, target)?;
        } else if reduces && s.is_pristine_root(id) {
            contraction::schedule(s, name, target)?;
        }
    }
    remaining(s, &[], target)
}

fn in_scan(s: &Schedule, id: StageId) -> bool {
    s.program().scans.iter().any(|scan| (scan.first..=scan.last).contains(&id))
}

/// One stage of a step: vectors along its last axis, a reduction's loops outside them.
fn step(s: &mut Schedule, name: &str, target: &Target) -> Result<(), ScheduleError> {
    let Some(id) = s.stage_named(name) else { return Ok(()) };
    let stage = s.program().stage(id).clone();
    let loops = s.loops_of(name);
    if stage.axes.len() < 2 || loops.len() != stage.axes.len() + stage.reduce.len() {
        return Ok(());
    }
    let (last, reduce) = (&loops[stage.axes.len() - 1], &loops[stage.axes.len()..]);
    let lanes = target.lanes(s.program().buffer(stage.output).dtype.size()).min(16);
    let extent = s.extent(last).unwrap_or(1);
    let vectors = (extent / lanes).min(VECTORS);
    if lanes < 2 || vectors < 1 {
        return Ok(());
    }
    take(s, format!("split {last} {vectors} {lanes}"))?;
    if !reduce.is_empty() {
        take(s, format!("reorder {last}.0 {} {last}.1 {last}.2", reduce.join(" ")))?;
    }
    take(s, format!("unroll {last}.1"))?;
    take(s, format!("vectorize {last}.2"))?;
    if !reduce.is_empty() {
        pack_weights(s, id, stage.axes.len() - 1, vectors * lanes)?;
    }
    Ok(())
}
