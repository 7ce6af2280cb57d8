//! Default schedules: what an untuned model runs. One file per kind of anchor; all numbers come from the target's
//! description. Each returns a schedule whose trace replays, so a default is also where a search starts.

mod contraction;
mod elementwise;
mod inlining;
mod rows;
mod window;
mod register_tile;

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
        AnchorKind::RowReduction { .. } | AnchorKind::Reduction { .. } => rows::schedule(&mut s, target)?,
        AnchorKind::Injective => elementwise::schedule(&mut s, target)?,
        AnchorKind::Scan | AnchorKind::Opaque => {}
    }
    Ok(s)
}

/// Applies steps given as text, with names already filled in.
fn take(s: &mut Schedule, step: String) -> Result<(), ScheduleError> {
    match step.parse::<Step>() {
        Ok(step) => s.apply(step),
        Err(reason) => Err(ScheduleError { step, reason, nest: s.text(None) }),
    }
}
