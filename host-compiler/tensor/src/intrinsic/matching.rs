//! Whether loops of a schedule compute what an intrinsic does, and with which operands.

use super::Intrinsic;
use super::parse::stride;
use crate::expr::{BinaryFn, BufferId, Expr, VarId};
use crate::index::{Sum, simplify, substitute};
use crate::loops::store_of;
use crate::program::Body;
use crate::schedule::{Block, Guard, Schedule, Tree};

/// Loops that an intrinsic stands for.
pub(crate) struct Match {
    /// the loops' variables, outermost first
    pub vars: Vec<VarId>,
    /// the block inside
    pub block: Block,
    /// buffer and first element of each operand
    pub operands: Vec<(BufferId, Expr)>,
    /// conditions, none of which mentions a loop of the match
    pub guards: Vec<Guard>,
}

/// What each operand of the pattern is in the nest, as far as known: buffer and index.
type Bound = Vec<Option<(BufferId, Expr)>>;

/// Matches the nest at `tree` with `intrinsic`, or says what differs.
pub(crate) fn matching(s: &Schedule, tree: &Tree, intrinsic: &Intrinsic) -> Result<Match, String> {
    let name = &intrinsic.name;
    let count = intrinsic.loops().count();
    let (mut vars, mut at) = (vec![], tree);
    let block = loop {
        match at {
            Tree::Block(b) => break b,
            Tree::Loop(l) => {
                vars.push(l.var);
                let [only] = l.body.as_slice() else {
                    return Err(format!(
                        "`{}` holds more than one thing: `{name}` takes perfectly nested loops",
                        s.var(l.var).name
                    ));
                };
                at = only;
            }
        }
    };
    if vars.len() != count {
        return Err(format!("`{name}` takes {count} loops, here are {}", vars.len()));
    }
    let by_axis = pair_loops(s, &vars, intrinsic)?;
    let stage = s.program().stage(block.stage);
    if !matches!(stage.body, Body::Reduce(..)) {
        return Err(format!("`{name}` takes a reduction, `{}` is none", stage.name));
    }
    let (buffer, index, value, guards) = store_of(s, block);
    for g in &guards {
        if let Some(v) = vars.iter().find(|v| g.index.mentions(**v)) {
            return Err(format!(
                "iterations of `{}` are left out at an edge: `{name}` takes whole tiles, choose factors that divide",
                s.var(*v).name
            ));
        }
    }
    let mut bound: Bound = vec![None; intrinsic.access.len()];
    bind(s, intrinsic, intrinsic.output(), buffer, &index, &mut bound)?;
    let ways = unify(s, intrinsic, &intrinsic.value, &value, &bound)?;
    let tried: Vec<Result<_, _>> = ways.into_iter().map(|way| place(s, intrinsic, &by_axis, way)).collect();
    let mut differs = tried.iter().filter_map(|t| t.as_ref().err());
    if let Some(operands) = tried.iter().find_map(|t| t.as_ref().ok()) {
        return Ok(Match { vars, block: block.clone(), operands: operands.clone(), guards });
    }
    let first = differs.next().cloned().unwrap_or_default();
    let nearest = differs.fold(first, |best, d| if d.len() < best.len() { d.clone() } else { best });
    Err(nearest.into_iter().next().unwrap_or_else(|| format!("the operands are not those of `{name}`")))
}

/// The loop that plays the part of each of the pattern's.
fn pair_loops(s: &Schedule, vars: &[VarId], intrinsic: &Intrinsic) -> Result<Vec<VarId>, String> {
    let mut left: Vec<VarId> = vars.to_vec();
    let mut paired = vec![];
    for (axis, reduce) in intrinsic.loops() {
        let kind = if reduce { "reduce" } else { "spatial" };
        let Some(at) = left.iter().position(|v| s.var(*v).reduce == reduce) else {
            return Err(format!("`{}` needs a {kind} loop for its `{}`", intrinsic.name, axis.name));
        };
        let v = left.remove(at);
        let extent = s.var(v).extent;
        if extent != axis.extent {
            return Err(format!(
                "`{}` has {extent} iterations, `{}` of `{}` has {}",
                s.var(v).name,
                axis.name,
                intrinsic.name,
                axis.extent
            ));
        }
        paired.push(v);
    }
    Ok(paired)
}

/// The first element of each operand when strides agree, else every difference.
fn place(
    s: &Schedule,
    intrinsic: &Intrinsic,
    by_axis: &[VarId],
    way: Bound,
) -> Result<Vec<(BufferId, Expr)>, Vec<String>> {
    let ranges = s.ranges();
    let (mut operands, mut differs) = (vec![], vec![]);
    for ((operand, pattern), (_, strides)) in way.into_iter().zip(&intrinsic.pattern.buffers).zip(&intrinsic.access) {
        let Some((buffer, index)) = operand else { continue };
        let sum = Sum::of(&simplify(&index, &ranges), &ranges);
        let name = &s.program().buffer(buffer).name;
        for (k, (v, want)) in by_axis.iter().zip(strides).enumerate() {
            let var = &s.var(*v).name;
            if sum.terms.iter().any(|t| t.0 != Expr::Var(*v) && t.0.mentions(*v)) {
                differs.push(format!("the index of `{name}` is not linear in `{var}`"));
                continue;
            }
            let found = stride(&sum, *v);
            if found != *want {
                let axis = intrinsic.loops().nth(k).map_or("", |(a, _)| a.name.as_str());
                differs.push(format!(
                    "`{name}` moves by {found} elements along `{var}`, operand `{}` of `{}` by {want} along `{axis}`",
                    pattern.name, intrinsic.name
                ));
            }
        }
        let first = substitute(&index, &|v| by_axis.contains(&v).then_some(Expr::Index(0)));
        operands.push((buffer, simplify(&first, &ranges)));
    }
    if differs.is_empty() { Ok(operands) } else { Err(differs) }
}

/// Every way in which `actual` is the pattern `p` with operands put in.
fn unify(s: &Schedule, intrinsic: &Intrinsic, p: &Expr, actual: &Expr, bound: &Bound) -> Result<Vec<Bound>, String> {
    if let (Expr::Load { buffer: k, .. }, Expr::Load { buffer, index }) = (p, actual) {
        let mut bound = bound.clone();
        bind(s, intrinsic, k.0 as usize, *buffer, &index[0], &mut bound)?;
        return Ok(vec![bound]);
    }
    let is_load = |e: &Expr| matches!(e, Expr::Load { .. });
    if is_load(p) || is_load(actual) || head(p) != head(actual) {
        return Err(format!("the expression is not that of `{}`", intrinsic.name));
    }
    let (wanted, found) = (p.operands(), actual.operands());
    let in_order = |found: &[&Expr]| {
        wanted.iter().zip(found).try_fold(vec![bound.clone()], |ways, (p, a)| {
            let next: Vec<_> = ways.iter().map(|way| unify(s, intrinsic, p, a, way)).collect();
            let reason = next.iter().find_map(|n| n.as_ref().err()).cloned();
            let all: Vec<Bound> = next.into_iter().flatten().flatten().collect();
            if all.is_empty() { Err(reason.unwrap_or_default()) } else { Ok(all) }
        })
    };
    let straight = in_order(&found);
    let Expr::Binary(BinaryFn::Add | BinaryFn::Mul | BinaryFn::Min | BinaryFn::Max, ..) = p else { return straight };
    let crossed = in_order(&[found[1], found[0]]);
    match (straight, crossed) {
        (Ok(mut ways), Ok(more)) => {
            ways.extend(more);
            Ok(ways)
        }
        (Err(_), Ok(ways)) => Ok(ways),
        (straight, Err(_)) => straight,
    }
}

fn bind(
    s: &Schedule,
    intrinsic: &Intrinsic,
    operand: usize,
    buffer: BufferId,
    index: &Expr,
    bound: &mut Bound,
) -> Result<(), String> {
    let (found, wanted) = (s.program().buffer(buffer), &intrinsic.pattern.buffers[operand]);
    if found.dtype != wanted.dtype {
        return Err(format!(
            "`{}` is {}, operand `{}` of `{}` is {}",
            found.name, found.dtype, wanted.name, intrinsic.name, wanted.dtype
        ));
    }
    let this = (buffer, index.clone());
    match &bound[operand] {
        Some(known) if *known != this => {
            Err(format!("operand `{}` of `{}` would be two things", wanted.name, intrinsic.name))
        }
        _ => {
            bound[operand] = Some(this);
            Ok(())
        }
    }
}

/// `e` without its operands: what it does to them.
fn head(e: &Expr) -> Expr {
    e.clone().map_operands(&mut |_| Expr::Index(0))
}
