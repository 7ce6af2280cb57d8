//! From resolved statements to a kernel: indices simplified, loops of one iteration dropped, buffers placed.

use std::collections::HashMap;

use super::node::{Names, Node};
use super::{Kernel, KernelBuffer, LoopKind, Place, Stmt};
use crate::expr::{BufferId, Expr, VarId};
use crate::index::{Range, Ranges, simplify, substitute};
use crate::schedule::Schedule;

/// The most elements a buffer in registers may have.
const REGISTER_ELEMENTS: i64 = 1024;

/// Simplified statements of `nodes`.
pub(super) fn statements(nodes: &[Node], ranges: &Ranges) -> Vec<Stmt> {
    nodes.iter().flat_map(|n| statement(n, ranges)).collect()
}

fn statement(node: &Node, ranges: &Ranges) -> Vec<Stmt> {
    match node {
        Node::For { var, extent, kind, body, .. } => {
            let mut inside = ranges.clone();
            inside.insert(*var, Range::extent(*extent));
            let body = statements(body, &inside);
            match (*extent, body.is_empty()) {
                (_, true) | (..=0, _) => vec![],
                (1, _) => body.iter().flat_map(|s| fix_zero(s, *var, ranges)).collect(),
                _ => vec![Stmt::For { var: *var, extent: *extent, kind: *kind, body }],
            }
        }
        Node::Store { buffer, index, value, .. } => {
            let (index, value) = (simplify(index, ranges), simplify(value, ranges));
            vec![Stmt::Store { buffer: *buffer, index, value }]
        }
        Node::Intrinsic { intrinsic, operands, .. } => {
            let operands = operands.iter().map(|(b, e)| (*b, simplify(e, ranges))).collect();
            vec![Stmt::Intrinsic { intrinsic: intrinsic.clone(), operands }]
        }
        Node::Prefetch { buffer, index, elements } => {
            vec![Stmt::Prefetch { buffer: *buffer, index: simplify(index, ranges), elements: *elements }]
        }
        Node::If { cond, then, otherwise } => {
            let (then, otherwise) = (statements(then, ranges), statements(otherwise, ranges));
            vec![Stmt::If { cond: simplify(cond, ranges), then, otherwise }]
        }
    }
}

/// `stmt` with `var` zero, simplified again.
fn fix_zero(stmt: &Stmt, var: VarId, ranges: &Ranges) -> Vec<Stmt> {
    let zero = |e: &Expr, r: &Ranges| simplify(&substitute(e, &|v| (v == var).then_some(Expr::Index(0))), r);
    vec![match stmt {
        Stmt::For { var: v, extent, kind, body } => {
            let mut inside = ranges.clone();
            inside.insert(*v, Range::extent(*extent));
            let body = body.iter().flat_map(|s| fix_zero(s, var, &inside)).collect();
            Stmt::For { var: *v, extent: *extent, kind: *kind, body }
        }
        Stmt::Store { buffer, index, value } => {
            Stmt::Store { buffer: *buffer, index: zero(index, ranges), value: zero(value, ranges) }
        }
        Stmt::Intrinsic { intrinsic, operands } => Stmt::Intrinsic {
            intrinsic: intrinsic.clone(),
            operands: operands.iter().map(|(b, e)| (*b, zero(e, ranges))).collect(),
        },
        Stmt::Prefetch { buffer, index, elements } => {
            Stmt::Prefetch { buffer: *buffer, index: zero(index, ranges), elements: *elements }
        }
        Stmt::If { cond, then, otherwise } => Stmt::If {
            cond: zero(cond, ranges),
            then: then.iter().flat_map(|s| fix_zero(s, var, ranges)).collect(),
            otherwise: otherwise.iter().flat_map(|s| fix_zero(s, var, ranges)).collect(),
        },
    }]
}

/// What is known of a buffer's uses.
#[derive(Default)]
struct Uses {
    read: bool,
    written: bool,
    /// every index is a constant once unrolled loops are copied out
    constant_index: bool,
}

/// Places buffers, in the workspace at multiples of `alignment`, and assembles the kernel; also gives the program's
/// buffer behind each parameter.
pub(super) fn kernel(
    s: &Schedule,
    name: String,
    body: Vec<Stmt>,
    nodes: &[Node],
    names: Names,
    alignment: usize,
) -> (Kernel, Vec<BufferId>) {
    let uses = uses_of(&body);
    let mut places: HashMap<BufferId, Place> = HashMap::new();
    let mut params = vec![];
    let mut used: Vec<BufferId> = uses.keys().copied().collect();
    used.sort();
    for &b in &used {
        let source = names.buffers[b.0 as usize];
        if !s.regions.contains_key(&source) {
            places.insert(b, Place::Param { index: params.len() as u32, written: uses[&b].written });
            params.push(source);
        }
    }
    share_memory(s, &names, &mut places, &mut params);
    let mut rooms = Rooms { s, names: &names, uses: &uses, alignment, workspace: 0, places };
    rooms.place(nodes, 0);
    let Rooms { workspace, places, .. } = rooms;
    let renumber: HashMap<BufferId, BufferId> =
        used.iter().enumerate().map(|(i, b)| (*b, BufferId(i as u32))).collect();
    let buffers = used.iter().map(|b| {
        let source = s.program.buffer(names.buffers[b.0 as usize]);
        let len = length(s, names.buffers[b.0 as usize]);
        let place = places.get(b).copied().unwrap_or(Place::Register);
        KernelBuffer { name: source.name.clone(), dtype: source.dtype, len, place }
    });
    let parallel = match body.first() {
        Some(Stmt::For { extent, kind: LoopKind::Parallel, .. }) => *extent,
        _ => 1,
    };
    let buffers = buffers.collect();
    let body = body.iter().map(|s| renumber_stmt(s, &renumber)).collect();
    (Kernel { name, buffers, vars: names.vars, parallel, body, workspace }, params)
}

/// Gives a result and the operand it is written over one parameter, the result's.
fn share_memory(s: &Schedule, names: &Names, places: &mut HashMap<BufferId, Place>, params: &mut Vec<BufferId>) {
    for pair in &s.program.in_place {
        let position = |of: BufferId| params.iter().position(|p| *p == of);
        let (Some(output), Some(over)) = (position(pair.output), position(pair.over)) else { continue };
        for (buffer, place) in places.iter_mut() {
            let Place::Param { index, written } = place else { continue };
            if names.buffers[buffer.0 as usize] == pair.over {
                (*index, *written) = (output as u32, true);
            }
            *index -= u32::from(*index > over as u32);
        }
        params.remove(over);
    }
}

/// Elements a buffer holds: of its kept region, or all.
fn length(s: &Schedule, buffer: BufferId) -> i64 {
    match s.regions.get(&buffer) {
        Some(r) => r.extent.iter().product(),
        None => s.program.buffer(buffer).elements(),
    }
}

/// Where local buffers go: registers, or room in the workspace behind those of the loops around.
struct Rooms<'a> {
    s: &'a Schedule,
    names: &'a Names,
    uses: &'a HashMap<BufferId, Uses>,
    alignment: usize,
    workspace: usize,
    places: HashMap<BufferId, Place>,
}

impl Rooms<'_> {
    /// Gives the local buffers of `nodes` a place; the workspace is free from `base` on.
    fn place(&mut self, nodes: &[Node], base: usize) {
        for n in nodes {
            match n {
                Node::Store { .. } | Node::Intrinsic { .. } | Node::Prefetch { .. } => {}
                Node::If { then, otherwise, .. } => {
                    self.place(then, base);
                    self.place(otherwise, base);
                }
                Node::For { body, locals, .. } => {
                    let mut end = base;
                    for b in locals {
                        let source = self.names.buffers[b.0 as usize];
                        let Some(u) = self.uses.get(b) else { continue };
                        let len = length(self.s, source);
                        if u.constant_index && len <= REGISTER_ELEMENTS {
                            self.places.insert(*b, Place::Register);
                            continue;
                        }
                        self.places.insert(*b, Place::Workspace { offset: end });
                        let bytes = len as usize * self.s.program.buffer(source).dtype.size();
                        end += bytes.next_multiple_of(self.alignment);
                    }
                    self.workspace = self.workspace.max(end);
                    self.place(body, end);
                }
            }
        }
    }
}

fn uses_of(body: &[Stmt]) -> HashMap<BufferId, Uses> {
    let mut uses = HashMap::new();
    collect_uses(body, &mut vec![], &mut uses);
    uses
}

fn collect_uses(body: &[Stmt], copied: &mut Vec<VarId>, uses: &mut HashMap<BufferId, Uses>) {
    let fresh = || Uses { constant_index: true, ..Uses::default() };
    let constant = |index: &Expr, copied: &[VarId]| {
        let mut constant = true;
        index.visit(&mut |e| match e {
            Expr::Var(v) => constant &= copied.contains(v),
            Expr::Load { .. } | Expr::Local(_) => constant = false,
            _ => {}
        });
        constant
    };
    let reads = |e: &Expr, copied: &[VarId], uses: &mut HashMap<BufferId, Uses>| {
        e.visit(&mut |e| {
            if let Expr::Load { buffer, index } = e {
                let u = uses.entry(*buffer).or_insert_with(fresh);
                u.read = true;
                u.constant_index &= index.iter().all(|i| constant(i, copied));
            }
        });
    };
    for s in body {
        match s {
            Stmt::For { var, kind, body, .. } => {
                let known = matches!(kind, LoopKind::Unrolled | LoopKind::Vectorized);
                if known {
                    copied.push(*var);
                }
                collect_uses(body, copied, uses);
                if known {
                    copied.pop();
                }
            }
            Stmt::Store { buffer, index, value } => {
                let u = uses.entry(*buffer).or_insert_with(fresh);
                u.written = true;
                u.constant_index &= constant(index, copied);
                reads(index, copied, uses);
                reads(value, copied, uses);
            }
            Stmt::Intrinsic { intrinsic, operands } => {
                for (k, (buffer, first)) in operands.iter().enumerate() {
                    let u = uses.entry(*buffer).or_insert_with(fresh);
                    u.read = true;
                    u.written |= k == intrinsic.output();
                    u.constant_index &= constant(first, copied);
                    reads(first, copied, uses);
                }
            }
            Stmt::Prefetch { buffer, index, .. } => {
                uses.entry(*buffer).or_insert_with(fresh).read = true;
                reads(index, copied, uses);
            }
            Stmt::If { cond, then, otherwise } => {
                reads(cond, copied, uses);
                collect_uses(then, copied, uses);
                collect_uses(otherwise, copied, uses);
            }
        }
    }
}

fn renumber_stmt(s: &Stmt, map: &HashMap<BufferId, BufferId>) -> Stmt {
    fn expr(e: &Expr, map: &HashMap<BufferId, BufferId>) -> Expr {
        match e.clone().map_operands(&mut |x| expr(&x, map)) {
            Expr::Load { buffer, index } => Expr::Load { buffer: map[&buffer], index },
            e => e,
        }
    }
    let all = |body: &[Stmt]| body.iter().map(|s| renumber_stmt(s, map)).collect();
    match s {
        Stmt::For { var, extent, kind, body } => Stmt::For { var: *var, extent: *extent, kind: *kind, body: all(body) },
        Stmt::Store { buffer, index, value } => {
            Stmt::Store { buffer: map[buffer], index: expr(index, map), value: expr(value, map) }
        }
        Stmt::Intrinsic { intrinsic, operands } => Stmt::Intrinsic {
            intrinsic: intrinsic.clone(),
            operands: operands.iter().map(|(b, e)| (map[b], expr(e, map))).collect(),
        },
        Stmt::Prefetch { buffer, index, elements } => {
            Stmt::Prefetch { buffer: map[buffer], index: expr(index, map), elements: *elements }
        }
        Stmt::If { cond, then, otherwise } => {
            Stmt::If { cond: expr(cond, map), then: all(then), otherwise: all(otherwise) }
        }
    }
}
