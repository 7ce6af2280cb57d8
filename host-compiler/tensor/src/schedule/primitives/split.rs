//! `split LOOP FACTOR…`: one loop becomes a chain of loops.
//!
//! Contract: factors are at least 1; `k` factors give `k + 1` loops `LOOP.0 … LOOP.k`, the outermost of extent
//! ceil(extent / product). Where the product does not divide the extent, blocks inside are guarded, and lowering
//! separates the full iterations from the last partial one. The loop must still be serial.
//!
//! ```text
//! for x in 0..10              for x.0 in 0..3
//!   out[x] = f(x)       ->      for x.1 in 0..4
//!                                 out[x.0*4 + x.1] = f(x.0*4 + x.1) if x.0*4 + x.1 < 10
//! ```

use super::{Refusal, Schedule, find_loop, refuse};
use crate::expr::{Expr, VarId};
use crate::loops::LoopKind;
use crate::schedule::tree::{Guard, Tree};

pub(super) fn split(s: &mut Schedule, name: &str, factors: &[i64]) -> Result<Vec<VarId>, Refusal> {
    let var = find_loop(s, name)?;
    let old = s.var(var).clone();
    if factors.is_empty() || factors.iter().any(|f| *f < 1) {
        return refuse(name, "split takes one or more factors, each at least 1");
    }
    if s.loop_ref(var).is_none_or(|l| l.kind != LoopKind::Serial) {
        return refuse(name, "only a serial loop can be split: split before vectorize, unroll or parallel");
    }
    let Some(inner) = factors.iter().try_fold(1i64, |p, f| p.checked_mul(*f)) else {
        return refuse(name, "the product of the factors is too large");
    };
    let mut extents = vec![(old.extent + inner - 1) / inner];
    extents.extend(factors);
    s.retire_var(var);
    let vars: Vec<VarId> =
        extents.iter().enumerate().map(|(k, e)| s.new_var(&format!("{name}.{k}"), *e, old.reduce)).collect();
    let mut value = Expr::Index(0);
    let mut stride = 1;
    for (v, e) in vars.iter().zip(&extents).rev() {
        value = Expr::Var(*v) * Expr::Index(stride) + value;
        stride *= e;
    }
    let guard = (old.extent % inner != 0).then(|| Guard { index: value.clone(), bound: old.extent });
    s.replace_loop(var, |body| Tree::nest(&vars, body));
    s.substitute_var(var, &value);
    if let Some(guard) = guard
        && let Some(outer) = s.loop_mut(vars[0])
    {
        outer.body.iter_mut().for_each(|t| t.visit_blocks_mut(&mut |b| b.guards.push(guard.clone())));
    }
    for region in s.regions.values_mut() {
        if region.at == var {
            region.at = vars[vars.len() - 1];
        }
    }
    Ok(vars)
}
