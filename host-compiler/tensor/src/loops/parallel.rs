//! Nested parallel loops become one, so that the caller of the kernel can share out all their iterations. The conditions
//! that partitioning leaves in the outer loop stay around the bodies.
//!
//! ```text
//! parallel a in 0..3                          parallel a+b in 0..12
//!   if a < 2                                    if (a+b) / 4 < 2
//!     parallel b in 0..4: full(a, b)    ->        full((a+b) / 4, (a+b) % 4)
//!   else                                        else
//!     parallel b in 0..4: rest(a, b)              rest((a+b) / 4, (a+b) % 4)
//! ```

use super::LoopKind;
use super::node::{Names, Node, fix};
use crate::expr::{Expr, VarId};

/// `nodes` with every parallel loop joined with those right inside it. Where something else stands beside them, or their
/// extents differ, the inner ones become serial.
pub(super) fn join(nodes: Vec<Node>, names: &mut Names) -> Vec<Node> {
    nodes.into_iter().map(|n| join_one(n, names)).collect()
}

fn join_one(node: Node, names: &mut Names) -> Node {
    match node {
        Node::If { cond, then, otherwise } => {
            Node::If { cond, then: join(then, names), otherwise: join(otherwise, names) }
        }
        Node::For { var, extent, kind: LoopKind::Parallel, body, locals } => {
            let mut body = join(body, names);
            let Some((inner, inside)) = inner(&body) else {
                body.iter_mut().for_each(make_serial);
                return Node::For { var, extent, kind: LoopKind::Parallel, body, locals };
            };
            let joined = names.joined_var(var, inner);
            for node in &mut body {
                place(node, &(Expr::Var(joined) % Expr::Index(inside)));
                fix(node, var, &(Expr::Var(joined) / Expr::Index(inside)));
            }
            Node::For { var: joined, extent: extent * inside, kind: LoopKind::Parallel, body, locals }
        }
        other => other,
    }
}

/// Variable and extent of the parallel loops that are all there is in `body`, under conditions and loops of one or not.
fn inner(body: &[Node]) -> Option<(VarId, i64)> {
    match body {
        [Node::For { var, extent, kind: LoopKind::Parallel, .. }] => Some((*var, *extent)),
        [Node::For { extent: 1, body, .. }] => inner(body),
        [Node::If { then, otherwise, .. }] => {
            inner(then).filter(|(_, extent)| inner(otherwise).is_some_and(|(_, other)| other == *extent))
        }
        _ => None,
    }
}

/// The parallel loops in `node` at one iteration: loops of one, which still say where their local buffers live.
fn place(node: &mut Node, iteration: &Expr) {
    match node {
        Node::For { var, extent, kind: kind @ LoopKind::Parallel, body, .. } => {
            let var = *var;
            body.iter_mut().for_each(|n| fix(n, var, iteration));
            (*extent, *kind) = (1, LoopKind::Serial);
        }
        Node::For { body, .. } => body.iter_mut().for_each(|n| place(n, iteration)),
        Node::If { then, otherwise, .. } => then.iter_mut().chain(otherwise).for_each(|n| place(n, iteration)),
        Node::Store { .. } | Node::Intrinsic { .. } | Node::Prefetch { .. } => {}
    }
}

fn make_serial(node: &mut Node) {
    match node {
        Node::For { kind: kind @ LoopKind::Parallel, .. } => *kind = LoopKind::Serial,
        Node::For { body, .. } => body.iter_mut().for_each(make_serial),
        Node::If { then, otherwise, .. } => then.iter_mut().chain(otherwise).for_each(make_serial),
        Node::Store { .. } | Node::Intrinsic { .. } | Node::Prefetch { .. } => {}
    }
}
