//! `collapse STAGE A B`: two neighbouring spatial axes of a stage, and the dimensions of its buffer, become one.
//!
//! Contract: the stage's loops are still as they were made, the stage alone fills its buffer and is no update; B comes
//! right after A. The new axis is named `A_B`. Where every buffer walks A and B in step, the divisions cancel; a
//! window over a padded image keeps them, outside the loops over the window. Tiles may then run across the end of a
//! row.
//!
//! ```text
//! for y in 0..4                 for y_x in 0..32
//!   for x in 0..8         ->      out[y_x] = a[y_x] + b[y_x % 8]
//!     out[y, x] = a[y, x] + b[x]
//! ```

use super::{Outcome, Schedule, find_stage, refuse};
use crate::expr::{BufferId, Expr, VarId};
use crate::index::{Range, Ranges, simplify, substitute};
use crate::program::{Axis, Body};

pub(super) fn collapse(s: &mut Schedule, name: &str, a: &str, b: &str) -> Outcome {
    let id = find_stage(s, name)?;
    let stage = s.program.stage(id).clone();
    let Some(k) = stage.axes.windows(2).position(|w| w[0].name == a && w[1].name == b) else {
        return refuse(name, format!("`{a}` and `{b}` are not neighbouring spatial axes"));
    };
    if matches!(stage.body, Body::Update { .. }) || s.writers(stage.output).len() > 1 || !s.is_pristine_root(id) {
        return refuse(
            name,
            "collapse takes a stage that alone fills its buffer and whose loops are as they were made",
        );
    }
    let inner = stage.axes[k + 1].extent;
    let merged = Axis { name: format!("{a}_{b}"), extent: stage.axes[k].extent * inner };
    let joined = Expr::Var(VarId(k as u32));
    let mut ranges = Ranges::default();
    let mut axes = stage.axes.clone();
    axes.splice(k..k + 2, [merged]);
    for (i, axis) in axes.iter().chain(&stage.reduce).enumerate() {
        ranges.insert(VarId(i as u32), Range::extent(axis.extent));
    }
    let rename = |v: VarId| match v.0 as usize {
        i if i < k => None,
        i if i == k => Some(joined.clone() / Expr::Index(inner)),
        i if i == k + 1 => Some(joined.clone() % Expr::Index(inner)),
        i => Some(Expr::Var(VarId(i as u32 - 1))),
    };
    let body = stage.body.map(&mut |e| simplify(&substitute(e, &rename), &ranges));
    let target = &mut s.program.stages[id.0 as usize];
    target.axes = axes;
    target.body = body;
    let shape = &mut s.program.buffers[stage.output.0 as usize].shape;
    let extent = shape[k] * shape[k + 1];
    shape.splice(k..k + 2, [extent]);
    for reader in s.readers(stage.output) {
        let r = s.program.stage(reader);
        let mut ranges = Ranges::default();
        for (i, axis) in r.axes.iter().chain(&r.reduce).enumerate() {
            ranges.insert(VarId(i as u32), Range::extent(axis.extent));
        }
        let body = r.body.map(&mut |e| join(e, stage.output, k, inner, &ranges));
        s.program.stages[reader.0 as usize].body = body;
    }
    s.path(id).into_iter().for_each(|v| s.retire_var(v));
    let at = s.remove_nest(id);
    let nest = s.nest_around(id, None);
    s.roots.splice(at..at, nest);
    Ok(())
}

/// `e` with dimensions `k` and `k + 1` of every load of `buffer` joined.
fn join(e: &Expr, buffer: BufferId, k: usize, inner: i64, ranges: &Ranges) -> Expr {
    match e.clone().map_operands(&mut |x| join(&x, buffer, k, inner, ranges)) {
        Expr::Load { buffer: b, mut index } if b == buffer => {
            let joined = index[k].clone() * Expr::Index(inner) + index[k + 1].clone();
            index.splice(k..k + 2, [simplify(&joined, ranges)]);
            Expr::Load { buffer, index }
        }
        e => e,
    }
}
