//! `inline STAGE`: the stage's expression replaces every read of its buffer.
//!
//! Contract: the stage maps (no reduction), fills a temporary alone, belongs to no scan, and its readers' own loops
//! need not exist yet. Work is repeated where an element is read more than once.
//!
//! ```text
//! for x: t[x] = a[x] + 1
//! for x: out[x] = t[x] * 2    ->    for x: out[x] = (a[x] + 1) * 2
//! ```

use super::{Outcome, Schedule, find_stage, refuse};
use crate::expr::{BufferId, Expr, VarId};
use crate::index::substitute;
use crate::program::{Body, Role};

pub(super) fn inline(s: &mut Schedule, name: &str) -> Outcome {
    let id = find_stage(s, name)?;
    let stage = s.program.stage(id).clone();
    let Body::Map(value) = &stage.body else {
        return refuse(name, "only a stage that maps can be inlined: a reduction would be computed again at each read");
    };
    if s.program.buffer(stage.output).role != Role::Temp {
        return refuse(name, "the stage writes a result of the program, which must be stored");
    }
    if s.writers(stage.output).len() > 1 {
        return refuse(name, "another stage updates the buffer");
    }
    if s.program.scans.iter().any(|scan| (scan.first..=scan.last).contains(&id)) {
        return refuse(name, "the stage belongs to a scan");
    }
    if s.regions.contains_key(&stage.output) || s.block(id).is_none() {
        return refuse(name, "the stage is computed inside another loop, or inlined already");
    }
    for reader in s.readers(stage.output) {
        let body = s.program.stage(reader).body.map(&mut |e| replace_loads(e, stage.output, value));
        s.program.stages[reader.0 as usize].body = body;
    }
    s.remove_nest(id);
    Ok(())
}

/// `e` with loads of `buffer` replaced by `value` at the load's index.
fn replace_loads(e: &Expr, buffer: BufferId, value: &Expr) -> Expr {
    let e = e.clone().map_operands(&mut |x| replace_loads(&x, buffer, value));
    match e {
        Expr::Load { buffer: b, index } if b == buffer => {
            substitute(value, &|v: VarId| index.get(v.0 as usize).cloned())
        }
        e => e,
    }
}
