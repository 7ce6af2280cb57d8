//! `cache_read BUFFER STAGE`: the stage reads a copy of the buffer.
//!
//! Contract: the stage reads the buffer and is not the one that fills it. A new stage `BUFFER.cache` copies; place it
//! with `compute_at`.
//!
//! ```text
//! for x: out[x] = a[x]   ->   for x: a.cache[x] = a[x]
//!                             for x: out[x] = a.cache[x]
//! ```

use super::{Outcome, Schedule, find_stage, refuse};
use crate::expr::{BufferId, Expr, VarId};
use crate::program::{Axis, Body, Role, Stage};

pub(super) fn cache_read(s: &mut Schedule, buffer: &str, reader: &str) -> Outcome {
    let id = find_stage(s, reader)?;
    let Some(source) = s.program.buffers.iter().position(|b| b.name == buffer).map(|i| BufferId(i as u32)) else {
        return refuse(reader, format!("there is no buffer `{buffer}`"));
    };
    if !s.readers(source).contains(&id) || s.program.stage(id).output == source {
        return refuse(reader, format!("`{reader}` does not read `{buffer}`"));
    }
    let Some(at) = s.roots.iter().position(|t| t.contains(id)) else { return refuse(reader, "the stage was inlined") };
    let b = s.program.buffer(source).clone();
    let name = format!("{buffer}.cache");
    let copy = s.program.add_buffer(&name, b.dtype, b.shape.clone(), Role::Temp);
    let index: Vec<Expr> = (0..b.shape.len()).map(|k| Expr::Var(VarId(k as u32))).collect();
    let axes = b.shape.iter().enumerate().map(|(k, e)| Axis { name: format!("d{k}"), extent: *e }).collect();
    let stage = Stage { name, output: copy, axes, reduce: vec![], body: Body::Map(Expr::load(source, index)) };
    let body = s.program.stage(id).body.map(&mut |e| redirect(e, source, copy));
    s.program.stages[id.0 as usize].body = body;
    let copy_id = s.insert_stage_before(id, stage);
    let nest = s.nest_around(copy_id, None);
    s.roots.splice(at..at, nest);
    Ok(())
}

fn redirect(e: &Expr, from: BufferId, to: BufferId) -> Expr {
    match e.clone().map_operands(&mut |x| redirect(&x, from, to)) {
        Expr::Load { buffer, index } if buffer == from => Expr::Load { buffer: to, index },
        e => e,
    }
}
