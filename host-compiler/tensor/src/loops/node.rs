//! The form between a schedule's tree and a kernel: statements with guards not yet resolved.

use std::collections::HashMap;
use std::sync::Arc;

use super::LoopKind;
use crate::expr::{BufferId, Expr, VarId};
use crate::index::substitute;
use crate::intrinsic::Intrinsic;
use crate::schedule::Guard;

/// A statement.
#[derive(Clone, Debug)]
pub(super) enum Node {
    For { var: VarId, extent: i64, kind: LoopKind, body: Vec<Node>, locals: Vec<BufferId> },
    Store { buffer: BufferId, index: Expr, value: Expr, guards: Vec<Guard> },
    Intrinsic { intrinsic: Arc<Intrinsic>, operands: Vec<(BufferId, Expr)>, guards: Vec<Guard> },
    Prefetch { buffer: BufferId, index: Expr, elements: i64 },
    If { cond: Expr, then: Vec<Node>, otherwise: Vec<Node> },
}

/// Loop variables and local buffers of the kernel under construction; hands out fresh ones for copies.
pub(super) struct Names {
    pub vars: Vec<String>,
    /// for each buffer: the program's buffer it is a copy of
    pub buffers: Vec<BufferId>,
}

impl Names {
    pub fn fresh_var(&mut self, of: VarId) -> VarId {
        let name = self.vars[of.0 as usize].clone();
        self.vars.push(name);
        VarId(self.vars.len() as u32 - 1)
    }

    /// A variable for two loops taken as one.
    pub fn joined_var(&mut self, outer: VarId, inner: VarId) -> VarId {
        let name = |v: VarId| &self.vars[v.0 as usize];
        self.vars.push(format!("{}+{}", name(outer), name(inner)));
        VarId(self.vars.len() as u32 - 1)
    }

    fn fresh_buffer(&mut self, of: BufferId) -> BufferId {
        self.buffers.push(self.buffers[of.0 as usize]);
        BufferId(self.buffers.len() as u32 - 1)
    }
}

/// What a copy of some statements replaces.
#[derive(Clone, Default)]
pub(super) struct Replacement {
    pub vars: HashMap<VarId, Expr>,
    pub buffers: HashMap<BufferId, BufferId>,
}

impl Replacement {
    pub fn expr(&self, e: &Expr) -> Expr {
        let e = substitute(e, &|v| self.vars.get(&v).cloned());
        if self.buffers.is_empty() { e } else { self.rename(e) }
    }

    fn buffer(&self, b: BufferId) -> BufferId {
        self.buffers.get(&b).copied().unwrap_or(b)
    }

    fn guards(&self, guards: &[Guard]) -> Vec<Guard> {
        guards.iter().map(|g| Guard { index: self.expr(&g.index), bound: g.bound }).collect()
    }

    fn rename(&self, e: Expr) -> Expr {
        match e.map_operands(&mut |x| self.rename(x)) {
            Expr::Load { buffer, index } => Expr::Load { buffer: self.buffer(buffer), index },
            e => e,
        }
    }
}

/// A copy of `nodes` with fresh loop variables and fresh local buffers, and with `replacement` made.
pub(super) fn copy(nodes: &[Node], replacement: &Replacement, names: &mut Names) -> Vec<Node> {
    nodes.iter().map(|n| copy_one(n, replacement, names)).collect()
}

fn copy_one(node: &Node, r: &Replacement, names: &mut Names) -> Node {
    match node {
        Node::For { var, extent, kind, body, locals } => {
            let mut r = r.clone();
            let fresh = names.fresh_var(*var);
            r.vars.insert(*var, Expr::Var(fresh));
            for l in locals {
                r.buffers.insert(*l, names.fresh_buffer(*l));
            }
            let locals = locals.iter().map(|l| r.buffers[l]).collect();
            Node::For { var: fresh, extent: *extent, kind: *kind, body: copy(body, &r, names), locals }
        }
        Node::Intrinsic { intrinsic, operands, guards } => Node::Intrinsic {
            intrinsic: intrinsic.clone(),
            operands: operands.iter().map(|(b, e)| (r.buffer(*b), r.expr(e))).collect(),
            guards: r.guards(guards),
        },
        Node::Store { buffer, index, value, guards } => Node::Store {
            buffer: r.buffer(*buffer),
            index: r.expr(index),
            value: r.expr(value),
            guards: r.guards(guards),
        },
        Node::Prefetch { buffer, index, elements } => {
            Node::Prefetch { buffer: r.buffer(*buffer), index: r.expr(index), elements: *elements }
        }
        Node::If { cond, then, otherwise } => {
            Node::If { cond: r.expr(cond), then: copy(then, r, names), otherwise: copy(otherwise, r, names) }
        }
    }
}

/// Replaces the variable `var` in `node` by `value`.
pub(super) fn fix(node: &mut Node, var: VarId, value: &Expr) {
    let set = |e: &mut Expr| *e = crate::index::substitute(e, &|v| (v == var).then(|| value.clone()));
    match node {
        Node::For { body, .. } => body.iter_mut().for_each(|n| fix(n, var, value)),
        Node::Store { index, value: v, guards, .. } => {
            set(index);
            set(v);
            guards.iter_mut().for_each(|g| set(&mut g.index));
        }
        Node::Intrinsic { operands, guards, .. } => {
            operands.iter_mut().for_each(|(_, e)| set(e));
            guards.iter_mut().for_each(|g| set(&mut g.index));
        }
        Node::Prefetch { index, .. } => set(index),
        Node::If { cond, then, otherwise } => {
            set(cond);
            then.iter_mut().chain(otherwise).for_each(|n| fix(n, var, value));
        }
    }
}

/// Calls `f` on the guards of every store.
pub(super) fn visit_guards(nodes: &[Node], f: &mut impl FnMut(&[Guard])) {
    for n in nodes {
        match n {
            Node::For { body, .. } => visit_guards(body, f),
            Node::Store { guards, .. } | Node::Intrinsic { guards, .. } => f(guards),
            Node::Prefetch { .. } => {}
            Node::If { then, otherwise, .. } => {
                visit_guards(then, f);
                visit_guards(otherwise, f);
            }
        }
    }
}
