//! Loop partitioning: guards that only the last iteration of a loop can violate are resolved by treating that
//! iteration apart, with inner loops cut to what is left. Full tiles then run without any check.
//!
//! ```text
//! for o in 0..4                         for o in 0..3
//!   for i in 0..6                 ->      for i in 0..6: out[o*6 + i] = …
//!     out[o*6 + i] = … if < 19          for i in 0..1: out[18 + i] = …
//! ```

use super::LoopKind;
use super::node::{Names, Node, Replacement, copy, fix, visit_guards};
use super::pieces::cuts;
use crate::expr::{BinaryFn, BufferId, CompareFn, Expr, VarId};
use crate::index::{Range, Ranges, simplify};
use crate::schedule::Guard;

/// Resolves the guards in `nodes`; those that no partition resolves become conditions.
pub(super) fn partition(nodes: Vec<Node>, ranges: &Ranges, names: &mut Names) -> Vec<Node> {
    nodes.into_iter().flat_map(|n| partition_one(n, ranges, names)).collect()
}

fn partition_one(node: Node, ranges: &Ranges, names: &mut Names) -> Vec<Node> {
    match node {
        Node::Store { buffer, index, value, guards } => {
            let value = simplify(&value, ranges);
            vec![under(Node::Store { buffer, index, value, guards: vec![] }, guards, ranges)]
        }
        Node::Intrinsic { intrinsic, operands, guards } => {
            vec![under(Node::Intrinsic { intrinsic, operands, guards: vec![] }, guards, ranges)]
        }
        node @ Node::Prefetch { .. } => vec![node],
        Node::If { cond, then, otherwise } => {
            let then = partition(then, ranges, names);
            vec![Node::If { cond, then, otherwise: partition(otherwise, ranges, names) }]
        }
        Node::For { var, extent, kind, body, locals } => {
            let extent = reachable(&body, var, extent, ranges);
            if extent <= 0 {
                return vec![];
            }
            let mut inside = ranges.clone();
            inside.insert(var, Range::extent(extent));
            if matches!(kind, LoopKind::Serial | LoopKind::Parallel) {
                let cuts = cuts(&body, var, extent, &inside);
                if !cuts.is_empty() {
                    return cut(Loop { var, extent, kind, body, locals }, &cuts, ranges, names);
                }
            }
            let last_violates = violated(&body, var, &inside);
            let mut before_last = ranges.clone();
            before_last.insert(var, Range::extent(extent - 1));
            let peel = extent > 1
                && kind != LoopKind::Vectorized
                && last_violates > 0
                && violated(&body, var, &before_last) < last_violates;
            if kind == LoopKind::Vectorized && last_violates > 0 {
                return lanes_or_one_by_one(Loop { var, extent, kind, body, locals }, ranges, names);
            }
            if !peel {
                let body = partition(body, &inside, names);
                return vec![Node::For { var, extent, kind, body, locals }];
            }
            // the last iteration, as a loop of one: its own local buffers and variables
            let once = Node::For { var, extent: 1, kind: LoopKind::Serial, body: body.clone(), locals: locals.clone() };
            let mut tail = copy(&[once], &Replacement::default(), names);
            fix_first(&mut tail, &Expr::Index(extent - 1));
            let tail = partition(tail, ranges, names);
            let full = partition(body, &before_last, names);
            if kind == LoopKind::Parallel {
                let cond = Expr::compare(CompareFn::Lt, Expr::Var(var), Expr::Index(extent - 1));
                let body = vec![Node::If { cond, then: full, otherwise: tail }];
                return vec![Node::For { var, extent, kind, body, locals }];
            }
            let mut out = vec![Node::For { var, extent: extent - 1, kind, body: full, locals }];
            out.extend(tail);
            out
        }
    }
}

/// `node` where those of `guards` hold that are not known to.
fn under(node: Node, guards: Vec<Guard>, ranges: &Ranges) -> Node {
    let left = guards.into_iter().filter(|g| !holds(g, ranges));
    match left.map(|g| condition(&g, ranges)).reduce(Expr::and) {
        None => node,
        Some(cond) => Node::If { cond, then: vec![node], otherwise: vec![] },
    }
}

/// A vectorised loop whose guards are not decided: all lanes at once where the guards hold for the first and the last
/// (they are linear), else one after the other.
fn lanes_or_one_by_one(l: Loop, ranges: &Ranges, names: &mut Names) -> Vec<Node> {
    let mut ends = vec![];
    visit_guards(&l.body, &mut |guards| {
        for g in guards {
            for lane in [0, l.extent - 1] {
                let index = crate::index::substitute(&g.index, &|v| (v == l.var).then_some(Expr::Index(lane)));
                let end = Guard { index, bound: g.bound };
                if !holds(&end, ranges) && !ends.contains(&end) {
                    ends.push(end);
                }
            }
        }
    });
    let mut inside = ranges.clone();
    inside.insert(l.var, Range::extent(l.extent));
    let mut unguarded = l.body.clone();
    unguarded.iter_mut().for_each(drop_guards);
    let vector = l.with(LoopKind::Vectorized, partition(unguarded, &inside, names));
    let Some(cond) = ends.iter().map(|g| condition(g, ranges)).reduce(Expr::and) else { return vec![vector] };
    let serial = l.with(LoopKind::Serial, partition(l.body.clone(), &inside, names));
    vec![Node::If { cond, then: vec![vector], otherwise: vec![serial] }]
}

fn drop_guards(node: &mut Node) {
    match node {
        Node::For { body, .. } => body.iter_mut().for_each(drop_guards),
        Node::Store { guards, .. } | Node::Intrinsic { guards, .. } => guards.clear(),
        Node::Prefetch { .. } => {}
        Node::If { then, otherwise, .. } => then.iter_mut().chain(otherwise).for_each(drop_guards),
    }
}

struct Loop {
    var: VarId,
    extent: i64,
    kind: LoopKind,
    body: Vec<Node>,
    locals: Vec<BufferId>,
}

impl Loop {
    fn with(&self, kind: LoopKind, body: Vec<Node>) -> Node {
        Node::For { var: self.var, extent: self.extent, kind, body, locals: self.locals.clone() }
    }
}

/// The loop in pieces that begin at 0 and at each of `cuts`, each partitioned knowing its own range.
fn cut(l: Loop, cuts: &[i64], ranges: &Ranges, names: &mut Names) -> Vec<Node> {
    let starts: Vec<i64> = [0].iter().chain(cuts).copied().collect();
    let ends: Vec<i64> = cuts.iter().copied().chain([l.extent]).collect();
    if l.kind == LoopKind::Parallel {
        let mut chain: Vec<Node> = vec![];
        for (&start, &end) in starts.iter().zip(&ends).rev() {
            let once = Node::For {
                var: l.var,
                extent: 1,
                kind: LoopKind::Serial,
                body: l.body.clone(),
                locals: l.locals.clone(),
            };
            let mut piece = copy(&[once], &Replacement::default(), names);
            fix_first(&mut piece, &Expr::Var(l.var));
            let mut inside = ranges.clone();
            inside.insert(l.var, Range { min: start, max: end - 1 });
            let piece = partition(piece, &inside, names);
            if chain.is_empty() {
                chain = piece;
                continue;
            }
            let cond = Expr::compare(CompareFn::Lt, Expr::Var(l.var), Expr::Index(end));
            chain = vec![Node::If { cond, then: piece, otherwise: chain }];
        }
        return vec![Node::For { var: l.var, extent: l.extent, kind: l.kind, body: chain, locals: vec![] }];
    }
    let mut out = vec![];
    for (&start, &end) in starts.iter().zip(&ends) {
        let shifted =
            Replacement { vars: [(l.var, Expr::Var(l.var) + Expr::Index(start))].into(), buffers: Default::default() };
        let body = copy(&l.body, &shifted, names);
        let whole = Node::For { var: l.var, extent: end - start, kind: l.kind, body, locals: l.locals.clone() };
        let fresh = copy(&[whole], &Replacement::default(), names);
        out.extend(partition(fresh, ranges, names));
    }
    out
}

/// Replaces the variable of the one loop of `nodes` (of extent 1) inside its body by `value`.
fn fix_first(nodes: &mut [Node], value: &Expr) {
    if let Some(Node::For { var, body, .. }) = nodes.first_mut() {
        let var = *var;
        for n in body {
            fix(n, var, value);
        }
    }
}

fn holds(g: &Guard, ranges: &Ranges) -> bool {
    ranges.of(&simplify(&g.index, ranges)).is_some_and(|r| r.within(g.bound))
}

fn condition(g: &Guard, ranges: &Ranges) -> Expr {
    let index = simplify(&g.index, ranges);
    let below = Expr::compare(CompareFn::Lt, index.clone(), Expr::Index(g.bound));
    match ranges.of(&index) {
        Some(r) if r.min >= 0 => below,
        _ => Expr::binary(BinaryFn::And, Expr::compare(CompareFn::Le, Expr::Index(0), index), below),
    }
}

/// How many guards that mention `var` may fail, inner loops taken at their full extents.
fn violated(body: &[Node], var: VarId, ranges: &Ranges) -> usize {
    fn walk(nodes: &[Node], var: VarId, ranges: &Ranges, count: &mut usize) {
        for n in nodes {
            match n {
                Node::For { var: v, extent, body, .. } => {
                    let mut inside = ranges.clone();
                    inside.insert(*v, Range::extent(*extent));
                    walk(body, var, &inside, count);
                }
                Node::Store { guards, .. } | Node::Intrinsic { guards, .. } => {
                    *count += guards.iter().filter(|g| g.index.mentions(var) && !holds(g, ranges)).count();
                }
                Node::Prefetch { .. } => {}
                Node::If { then, otherwise, .. } => {
                    walk(then, var, ranges, count);
                    walk(otherwise, var, ranges, count);
                }
            }
        }
    }
    let mut count = 0;
    walk(body, var, ranges, &mut count);
    count
}

/// The iterations of `var` after which every store's guards must fail: the loop may stop there.
fn reachable(body: &[Node], var: VarId, extent: i64, ranges: &Ranges) -> i64 {
    let mut needed = 0;
    let mut inner = ranges.clone();
    insert_inner(body, &mut inner);
    visit_guards(body, &mut |guards| {
        let limit = guards.iter().filter_map(|g| limit(g, var, &inner)).min().unwrap_or(extent);
        needed = needed.max(limit.min(extent));
    });
    needed
}

fn insert_inner(nodes: &[Node], ranges: &mut Ranges) {
    for n in nodes {
        match n {
            Node::For { var, extent, body, .. } => {
                ranges.insert(*var, Range::extent(*extent));
                insert_inner(body, ranges);
            }
            Node::Store { .. } | Node::Intrinsic { .. } | Node::Prefetch { .. } => {}
            Node::If { then, otherwise, .. } => {
                insert_inner(then, ranges);
                insert_inner(otherwise, ranges);
            }
        }
    }
}

/// From which value of `var` on the guard must fail: `c * var + rest < bound` with `rest` at its least.
fn limit(g: &Guard, var: VarId, inner: &Ranges) -> Option<i64> {
    let sum = crate::index::Sum::of(&g.index, inner);
    let c = sum.terms.iter().find(|t| t.0 == Expr::Var(var))?.1;
    if c <= 0 {
        return None;
    }
    let rest = crate::index::Sum {
        terms: sum.terms.iter().filter(|t| t.0 != Expr::Var(var)).cloned().collect(),
        constant: sum.constant,
    };
    if rest.clone().expr().mentions(var) {
        return None;
    }
    let least = inner.of(&rest.expr())?.min;
    Some((g.bound - least + c - 1).div_euclid(c).max(0))
}
