//! Default schedules: what an untuned model runs. One file per kind of anchor; all numbers come from the target's
//! description. Each returns a schedule whose trace replays, so a default is also where a search starts.

mod compute_tile;
mod contraction;
mod elementwise;
mod inlining;
mod register_tile;
mod rows;
mod scan;
mod sum_blocks;
mod window;

use crate::recipes::{AnchorKind, GroupProgram};
use crate::schedule::{Schedule, ScheduleError, Step};
use crate::target::Target;

pub use register_tile::RegisterTile;

/// A schedule for a group on a target, without measuring anything.
pub fn default_schedule(group: &GroupProgram, target: &Target) -> Result<Schedule, ScheduleError> {
    let mut s = Schedule::new(group.program.clone());
    let anchor = group.program.stage(group.anchor_stage).name.clone();
    match &group.kind {
        AnchorKind::Conv { .. } | AnchorKind::MatMul { .. } => contraction::schedule(&mut s, &anchor, target)?,
        AnchorKind::DepthwiseConv { .. } | AnchorKind::Pool { .. } | AnchorKind::ConvTranspose { .. } => {
            window::schedule(&mut s, &anchor, target)?;
        }
        AnchorKind::Reduction { .. } if !reduces_last(&s, &anchor) => window::schedule(&mut s, &anchor, target)?,
        AnchorKind::RowReduction { .. } | AnchorKind::Reduction { .. } => rows::schedule(&mut s, target)?,
        AnchorKind::Injective => elementwise::schedule(&mut s, target)?,
        AnchorKind::Scan => scan::schedule(&mut s, target)?,
        AnchorKind::Opaque => elementwise::remaining(&mut s, &[], target)?,
    }
    Ok(s)
}

/// Whether a reduction runs along the last dimension of what it reads, so that its rows are contiguous.
fn reduces_last(s: &Schedule, anchor: &str) -> bool {
    let Some(id) = s.stage_named(anchor) else { return true };
    let stage = s.program().stage(id);
    let last_axis_is_real = stage.axes.last().is_some_and(|a| a.extent > 1);
    stage.reduce.is_empty() || !last_axis_is_real || s.contiguous_in(id, stage.axes.len() + stage.reduce.len() - 1)
}

/// Applies steps given as text, with names already filled in.
fn take(s: &mut Schedule, step: String) -> Result<(), ScheduleError> {
    match step.parse::<Step>() {
        Ok(step) => s.apply(step),
        Err(reason) => Err(ScheduleError { step, reason, nest: s.text(None) }),
    }
}
