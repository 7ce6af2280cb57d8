//! The primitive steps, one a file. Each opens with its contract and a before -> after.

mod cache_read;
mod cache_write;
mod collapse;
mod compute_at;
mod fuse;
mod inline;
mod pack;
mod parallel;
mod prefetch;
mod reorder;
mod rfactor;
mod split;
mod tensorize;
mod tile;
mod unroll;
mod vectorize;

use super::state::Schedule;
use super::trace::Step;
use crate::expr::VarId;
use crate::program::StageId;

/// Why a step is illegal, and the loop or stage it points at.
pub(super) struct Refusal {
    pub reason: String,
    pub at: Option<String>,
}

type Outcome = Result<(), Refusal>;

fn refuse<T>(at: &str, reason: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal { reason: reason.into(), at: Some(at.to_string()) })
}

/// Applies one step. On a refusal the schedule may be half transformed: the caller restores it.
pub(super) fn apply(s: &mut Schedule, step: &Step) -> Outcome {
    take(s, step)?;
    tensorize::recheck(s)?;
    prefetch::recheck(s)
}

fn take(s: &mut Schedule, step: &Step) -> Outcome {
    match step {
        Step::Collapse(stage, a, b) => collapse::collapse(s, stage, a, b),
        Step::Inline(stage) => inline::inline(s, stage),
        Step::ComputeAt(stage, l) => compute_at::compute_at(s, stage, l),
        Step::Split(l, factors) => split::split(s, l, factors).map(|_| ()),
        Step::Tile(a, b, x, y) => tile::tile(s, a, b, *x, *y),
        Step::Reorder(loops) => reorder::reorder(s, loops),
        Step::Fuse(a, b) => fuse::fuse(s, a, b),
        Step::Vectorize(l) => vectorize::vectorize(s, l),
        Step::Tensorize(l, intrinsic) => tensorize::tensorize(s, l, intrinsic),
        Step::Unroll(l) => unroll::unroll(s, l),
        Step::Parallel(l) => parallel::parallel(s, l),
        Step::CacheWrite(stage) => cache_write::cache_write(s, stage),
        Step::CacheRead(buffer, stage) => cache_read::cache_read(s, buffer, stage),
        Step::Rfactor(l, factor) => rfactor::rfactor(s, l, *factor, rfactor::Share::Strided),
        Step::Rblock(l, size) => rfactor::rfactor(s, l, *size, rfactor::Share::Blocks),
        Step::Prefetch(buffer, l, at) => prefetch::prefetch(s, buffer, l, at),
        Step::Pack(buffer, dims) => pack::pack(s, buffer, dims),
    }
}

fn find_loop(s: &Schedule, name: &str) -> Result<VarId, Refusal> {
    s.loop_named(name).map_or_else(|| refuse(name, format!("there is no loop `{name}`")), Ok)
}

fn find_stage(s: &Schedule, name: &str) -> Result<StageId, Refusal> {
    s.stage_named(name).map_or_else(|| refuse(name, format!("there is no stage `{name}`")), Ok)
}
