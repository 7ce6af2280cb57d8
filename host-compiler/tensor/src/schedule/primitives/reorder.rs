//! `reorder LOOP…`: the named loops in the given order, outermost first.
//!
//! Contract: the loops lie on one path, and between the outermost and the innermost of them every loop holds nothing
//! but the next. Loops that are not named keep their places. A scan's loop stays where it is.
//!
//! ```text
//! for y in 0..8               for x in 0..8
//!   for x in 0..8       ->      for y in 0..8
//!     f(y, x)                     f(y, x)
//! ```

use super::{Outcome, Schedule, find_loop, refuse};
use crate::expr::VarId;
use crate::loops::LoopKind;
use crate::schedule::tree::Tree;

pub(super) fn reorder(s: &mut Schedule, names: &[String]) -> Outcome {
    let vars: Vec<VarId> = names.iter().map(|n| find_loop(s, n)).collect::<Result<_, _>>()?;
    for (i, v) in vars.iter().enumerate() {
        if vars[..i].contains(v) {
            return refuse(&names[i], "the loop is named twice");
        }
        if s.is_scan_loop(*v) {
            return refuse(&names[i], "a scan's loop carries values from one iteration to the next and stays outside");
        }
    }
    // the chain from the outermost named loop to the innermost
    let Some(root) = s.roots.iter_mut().find(|t| vars.iter().any(|v| t.find_loop(*v).is_some())) else {
        return Ok(());
    };
    let mut top = root;
    while let Tree::Loop(l) = top {
        if vars.contains(&l.var) {
            break;
        }
        let Some(next) = l.body.iter().position(|t| vars.iter().any(|v| t.find_loop(*v).is_some())) else { break };
        let Tree::Loop(l) = top else { break };
        top = &mut l.body[next];
    }
    let mut chain: Vec<(VarId, LoopKind)> = vec![];
    let mut left = vars.clone();
    let mut at: &Tree = top;
    let innermost_body = loop {
        let Tree::Loop(l) = at else { break None };
        chain.push((l.var, l.kind));
        left.retain(|v| *v != l.var);
        if left.is_empty() {
            break Some(l.body.clone());
        }
        match l.body.as_slice() {
            [only] => at = only,
            _ => break None,
        }
    };
    let Some(body) = innermost_body else {
        let at = s.var(left[0]).name.clone();
        return refuse(&at, "the loops are not perfectly nested in each other");
    };
    let kinds = chain.clone();
    let kind_of = |v: VarId| kinds.iter().find(|c| c.0 == v).map_or(LoopKind::Serial, |c| c.1);
    let mut wanted = vars.iter();
    let order: Vec<VarId> =
        chain.iter().filter_map(|(v, _)| if vars.contains(v) { wanted.next().copied() } else { Some(*v) }).collect();
    let mut tree = Tree::nest(&order, body).remove(0);
    for v in &order {
        if let Some(l) = tree.find_loop_mut(*v) {
            l.kind = kind_of(*v);
        }
    }
    *top = tree;
    Ok(())
}
