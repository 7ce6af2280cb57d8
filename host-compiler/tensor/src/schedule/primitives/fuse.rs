//! `fuse A B`: two nested loops become one, named `A+B`.
//!
//! Contract: B is the only thing in A; both are serial and of one kind (both reduce or both spatial).
//!
//! ```text
//! for y in 0..4               for y+x in 0..32
//!   for x in 0..8       ->      f(y+x / 8, y+x % 8)
//!     f(y, x)
//! ```

use super::{Outcome, Schedule, find_loop, refuse};
use crate::expr::Expr;
use crate::loops::LoopKind;
use crate::schedule::tree::Tree;

pub(super) fn fuse(s: &mut Schedule, outer: &str, inner: &str) -> Outcome {
    let (a, b) = (find_loop(s, outer)?, find_loop(s, inner)?);
    let nested = s.loop_ref(a).is_some_and(|l| matches!(l.body.as_slice(), [Tree::Loop(l)] if l.var == b));
    if !nested {
        return refuse(inner, format!("`{inner}` is not the only thing in `{outer}`"));
    }
    let serial = |v| s.loop_ref(v).is_some_and(|l| l.kind == LoopKind::Serial);
    if !serial(a) || !serial(b) {
        return refuse(inner, "only serial loops can be fused");
    }
    let (va, vb) = (s.var(a).clone(), s.var(b).clone());
    if va.reduce != vb.reduce || s.is_scan_loop(a) {
        return refuse(inner, "a reduce loop and a spatial loop cannot be fused, nor a scan's");
    }
    s.retire_var(a);
    s.retire_var(b);
    let f = s.new_var(&format!("{outer}+{inner}"), va.extent * vb.extent, va.reduce);
    s.replace_loop(b, |body| body);
    s.replace_loop(a, |body| Tree::nest(&[f], body));
    s.substitute_var(a, &(Expr::Var(f) / Expr::Index(vb.extent)));
    s.substitute_var(b, &(Expr::Var(f) % Expr::Index(vb.extent)));
    for region in s.regions.values_mut() {
        if region.at == b {
            region.at = f;
        }
    }
    if s.regions.values().any(|r| r.at == a) {
        return refuse(outer, "a stage is computed at this loop: fuse before compute_at");
    }
    Ok(())
}
