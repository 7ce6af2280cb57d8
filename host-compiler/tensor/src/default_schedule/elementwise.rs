//! Element-wise and index-only groups: one pass over the result, vectorised along its last axis.

use super::inlining::inline_maps;
use super::take;
use crate::program::{Body, StageId};
use crate::schedule::{Schedule, ScheduleError};
use crate::target::Target;

/// Vectors worked on together, so that loads and arithmetic overlap.
const VECTORS: i64 = 4;

pub(super) fn schedule(s: &mut Schedule, target: &Target) -> Result<(), ScheduleError> {
    inline_maps(s, &[], &[])?;
    remaining(s, &[], target)
}

/// Schedules every map that still has a nest of its own, except those in `done`.
pub(super) fn remaining(s: &mut Schedule, done: &[&str], target: &Target) -> Result<(), ScheduleError> {
    let names: Vec<String> = s.program().stages.iter().map(|st| st.name.clone()).collect();
    for (i, name) in names.iter().enumerate() {
        let maps = matches!(s.program().stage(StageId(i as u32)).body, Body::Map(_));
        if maps && !done.contains(&name.as_str()) && s.is_pristine_root(StageId(i as u32)) {
            schedule_map(s, name, target)?;
        }
    }
    Ok(())
}

/// One map: neighbouring axes joined where that costs nothing, the last split into vectors, the first parallel.
pub(super) fn schedule_map(s: &mut Schedule, name: &str, target: &Target) -> Result<(), ScheduleError> {
    collapse_in_step(s, name)?;
    let Some(id) = s.stage_named(name) else { return Ok(()) };
    let stage = s.program().stage(id);
    let size = s.program().buffer(stage.output).dtype.size();
    let loops = s.loops_of(name);
    let Some(last) = loops.last() else { return Ok(()) };
    let extent = s.extent(last).unwrap_or(1);
    let lanes = target.lanes(size).min(16);
    let mut outer = loops.clone();
    if extent >= lanes && lanes > 1 {
        let unroll = (extent / lanes).clamp(1, VECTORS);
        take(s, format!("split {last} {unroll} {lanes}"))?;
        take(s, format!("vectorize {last}.2"))?;
        take(s, format!("unroll {last}.1"))?;
        outer.pop();
        outer.push(format!("{last}.0"));
    } else if extent > 1 && lanes > 1 {
        take(s, format!("vectorize {last}"))?;
        outer.pop();
    }
    parallel_outermost(s, outer)
}

/// Joins outer loops until there are enough iterations to share out, and makes the result parallel. A loop with a last
/// iteration of its own is not joined: it could not be told apart any more.
pub(super) fn parallel_outermost(s: &mut Schedule, mut outer: Vec<String>) -> Result<(), ScheduleError> {
    const ENOUGH: i64 = 16;
    let whole = |s: &Schedule, l: &str| !s.is_guarded(l);
    while outer.len() > 1 && s.extent(&outer[0]).unwrap_or(1) < ENOUGH && whole(s, &outer[0]) && whole(s, &outer[1]) {
        take(s, format!("fuse {} {}", outer[0], outer[1]))?;
        let joined = format!("{}+{}", outer[0], outer[1]);
        outer.splice(0..2, [joined]);
    }
    match outer.first() {
        Some(first) => take(s, format!("parallel {first}")),
        None => Ok(()),
    }
}

/// Collapses neighbouring axes of a map wherever no division is left behind.
pub(super) fn collapse_in_step(s: &mut Schedule, name: &str) -> Result<(), ScheduleError> {
    loop {
        let Some(id) = s.stage_named(name) else { return Ok(()) };
        let axes: Vec<String> = s.program().stage(id).axes.iter().map(|a| a.name.clone()).collect();
        let mut joined = false;
        for pair in axes.windows(2) {
            let mut trial = s.clone();
            let taken = take(&mut trial, format!("collapse {name} {} {}", pair[0], pair[1]));
            if taken.is_ok() && divisions(&trial, name) <= divisions(s, name) {
                *s = trial;
                joined = true;
                break;
            }
        }
        if !joined {
            return Ok(());
        }
    }
}

/// Divisions and remainders in a stage's body, its loads' offsets taken flat.
fn divisions(s: &Schedule, name: &str) -> usize {
    let Some(id) = s.stage_named(name) else { return 0 };
    let mut n = s.flat_loads(id).iter().map(count_divisions).sum();
    s.program().stage(id).body.visit(&mut |e| {
        if let crate::Expr::Compare(_, a, b) = e {
            n += count_divisions(a) + count_divisions(b);
        }
    });
    n
}

fn count_divisions(e: &crate::Expr) -> usize {
    let mut n = 0;
    e.visit(&mut |e| {
        n += usize::from(matches!(e, crate::Expr::Binary(crate::BinaryFn::Div | crate::BinaryFn::Rem, ..)))
    });
    n
}
