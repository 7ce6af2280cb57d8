//! What every default schedule does first: simple stages are computed where they are read.

use super::take;
use crate::expr::Expr;
use crate::program::{Body, Role, StageId};
use crate::schedule::{Schedule, ScheduleError};

/// Inlines every map over a temporary except the stages in `keep`; a map read by a stage in `not_into` stays too, unless
/// it only widens constants.
pub(super) fn inline_maps(s: &mut Schedule, keep: &[&str], not_into: &[&str]) -> Result<(), ScheduleError> {
    let names: Vec<String> = s.program().stages.iter().map(|st| st.name.clone()).collect();
    for name in names {
        let Some(id) = s.stage_named(&name) else { continue };
        let stage = s.program().stage(id);
        let simple = matches!(stage.body, Body::Map(_))
            && s.program().buffer(stage.output).role == Role::Temp
            && s.writers(stage.output).len() == 1
            && !s.program().scans.iter().any(|scan| (scan.first..=scan.last).contains(&id));
        let readers = s.readers(stage.output);
        let reads_constants = reads_only_constants(s, id);
        let blocked =
            !reads_constants && readers.iter().any(|r| not_into.contains(&s.program().stage(*r).name.as_str()));
        if simple && !blocked && !keep.contains(&name.as_str()) && !recomputes_too_much(s, id, &readers) {
            take(s, format!("inline {name}"))?;
        }
    }
    Ok(())
}

fn reads_only_constants(s: &Schedule, id: StageId) -> bool {
    let (mut some, mut only) = (false, true);
    s.program().stage(id).body.visit(&mut |e| {
        if let Expr::Load { buffer, .. } = e {
            some = true;
            only &= s.program().buffer(*buffer).role == Role::Constant;
        }
    });
    some && only
}

/// Whether inlining would compute a costly expression many times over: reductions that sweep it again and again.
fn recomputes_too_much(s: &Schedule, id: StageId, readers: &[StageId]) -> bool {
    let stage = s.program().stage(id);
    let mut costly = false;
    stage.body.visit(&mut |e| costly |= matches!(e, Expr::Unary(..) | Expr::Binary(crate::BinaryFn::Pow, ..)));
    let points: i64 = stage.axes.iter().map(|a| a.extent).product();
    let reads: i64 = readers
        .iter()
        .map(|r| {
            let r = s.program().stage(*r);
            r.axes.iter().chain(&r.reduce).map(|a| a.extent).product::<i64>()
        })
        .sum();
    costly && reads > 2 * points
}
