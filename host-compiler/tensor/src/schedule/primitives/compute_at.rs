//! `compute_at STAGE LOOP`: the stage is computed inside the loop, just the part that one iteration needs.
//!
//! Contract: the stage alone fills a temporary, all of whose readers are inside the loop; its own loops are still as
//! they were made (schedule them afterwards: they are made anew, over the needed part). The loop is not vectorised.
//! The buffer shrinks to that part and lives in registers or in the worker's workspace. Work is repeated where parts
//! of different iterations overlap.
//!
//! ```text
//! for x in 0..9: t[x] = a[x]              for y in 0..8
//! for y in 0..8                     ->      for x in 0..2: t[y + x] = a[y + x]
//!   out[y] = t[y] + t[y + 1]                out[y] = t[y] + t[y + 1]
//! ```

use super::{Outcome, Schedule, find_loop, find_stage, refuse};
use crate::expr::{Expr, VarId};
use crate::index::Range;
use crate::loops::LoopKind;
use crate::program::{Role, StageId};
use crate::schedule::region::Region;
use crate::schedule::tree::{Block, Guard, Tree};

pub(super) fn compute_at(s: &mut Schedule, stage: &str, at: &str) -> Outcome {
    let (id, at_var) = (find_stage(s, stage)?, find_loop(s, at)?);
    let (output, axes) = (s.program.stage(id).output, s.program.stage(id).axes.len());
    if s.program.buffer(output).role != Role::Temp || s.writers(output).len() > 1 {
        return refuse(stage, "the stage does not alone fill a temporary");
    }
    let Some(block) = s.block(id) else { return refuse(stage, "the stage was inlined") };
    let pristine = block.axes.iter().zip(s.path(id)).all(|(e, v)| *e == Expr::Var(v)) && block.guards.is_empty();
    if !pristine || s.regions.contains_key(&output) {
        return refuse(stage, "the stage's loops were transformed: compute_at comes before its splits and reorders");
    }
    if s.loop_ref(at_var).is_none_or(|l| l.kind == LoopKind::Vectorized) {
        return refuse(at, "nothing can be computed inside a vectorised loop");
    }
    let readers = s.readers(output);
    for r in &readers {
        if !s.path(*r).contains(&at_var) {
            let reader = s.program.stage(*r).name.clone();
            return refuse(&reader, format!("`{reader}` reads `{stage}` outside `{at}`"));
        }
    }
    if s.path(id).contains(&at_var) {
        return refuse(at, format!("`{stage}` is inside this loop already"));
    }
    let region = s.required_region(output, at_var, &readers);
    s.path(id).into_iter().for_each(|v| s.retire_var(v));
    s.remove_nest(id);
    let nest = region_nest(s, id, &region, axes);
    if let Some(l) = s.loop_mut(at_var) {
        let first = l.body.iter().position(|t| readers.iter().any(|r| t.contains(*r))).unwrap_or(0);
        l.body.splice(first..first, nest);
    }
    s.regions.insert(output, region);
    Ok(())
}

/// Loops over a region around the stage's block, guarded where the region overhangs the buffer.
fn region_nest(s: &mut Schedule, id: StageId, region: &Region, spatial: usize) -> Vec<Tree> {
    let stage = s.program.stage(id).clone();
    let mut vars: Vec<VarId> = vec![];
    for (k, axis) in stage.axes.iter().chain(&stage.reduce).enumerate() {
        let extent = region.extent.get(k).copied().filter(|_| k < spatial).unwrap_or(axis.extent);
        vars.push(s.new_var(&format!("{}.{}", stage.name, axis.name), extent, k >= spatial));
    }
    let mut block = Block { stage: id, axes: vec![], guards: vec![] };
    let ranges = s.ranges();
    for (k, v) in vars.iter().enumerate() {
        if k >= spatial {
            block.axes.push(Expr::Var(*v));
            continue;
        }
        let index = crate::index::simplify(&(region.min[k].clone() + Expr::Var(*v)), &ranges);
        let bound = stage.axes[k].extent;
        if !ranges.of(&index).is_some_and(|r: Range| r.within(bound)) {
            block.guards.push(Guard { index: index.clone(), bound });
        }
        block.axes.push(index);
    }
    Tree::nest(&vars, vec![Tree::Block(block)])
}
