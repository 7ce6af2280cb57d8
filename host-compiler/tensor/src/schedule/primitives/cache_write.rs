//! `cache_write STAGE`: the stage computes into a temporary, and a new stage copies that to where it went before.
//!
//! Contract: the stage reduces or maps and its loops are still as they were made. Afterwards `STAGE` is the copy (its
//! loops are what to tile) and `STAGE.local` computes (to be placed with `compute_at`).
//!
//! ```text
//! for x: for k: out[x] += a[x, k]   ->   for x: for k: out.local[x] += a[x, k]
//!                                        for x: out[x] = out.local[x]
//! ```

use super::{Outcome, Schedule, find_stage, refuse};
use crate::expr::{Expr, VarId};
use crate::program::{Body, Role, Stage};

pub(super) fn cache_write(s: &mut Schedule, name: &str) -> Outcome {
    let id = find_stage(s, name)?;
    let stage = s.program.stage(id).clone();
    if matches!(stage.body, Body::Update { .. }) || s.writers(stage.output).len() > 1 {
        return refuse(name, "the stage does not alone fill its buffer");
    }
    if !s.is_pristine_root(id) {
        return refuse(name, "the stage's loops were transformed: cache_write comes first");
    }
    let buffer = s.program.buffer(stage.output).clone();
    let local = s.program.add_buffer(&format!("{}.local", buffer.name), buffer.dtype, buffer.shape, Role::Temp);
    let index = (0..stage.axes.len()).map(|k| Expr::Var(VarId(k as u32))).collect();
    let copy = Stage {
        name: name.to_string(),
        output: stage.output,
        axes: stage.axes.clone(),
        reduce: vec![],
        body: Body::Map(Expr::load(local, index)),
    };
    let computing = Stage { name: format!("{name}.local"), output: local, ..stage };
    s.path(id).into_iter().for_each(|v| s.retire_var(v));
    let at = s.remove_nest(id);
    s.program.stages[id.0 as usize] = computing;
    let copy_id = s.insert_stage_after(id, copy);
    let nests: Vec<_> = [id, copy_id].into_iter().flat_map(|i| s.nest_around(i, None)).collect();
    s.roots.splice(at..at, nests);
    Ok(())
}
