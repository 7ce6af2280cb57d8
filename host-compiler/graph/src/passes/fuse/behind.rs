//! What an anchor absorbs of the nodes behind it.

use super::kind::{Kind, kind};
use super::{MAX_NODES, Plan};

/// The anchor and the element-wise nodes behind it that join its group.
///
/// Grows the set of element-wise nodes of the anchor's shape that read something of the set, in execution order, and
/// remembers the largest set of which only the last node's result is read outside. So a value may be read several times
/// inside (`x * sigmoid(x)`), and no operand from outside can depend on the group: the way there would start at
/// another result read outside.
pub(super) fn absorbed(plan: &Plan, anchor: usize) -> Vec<usize> {
    let mut set = vec![anchor];
    let mut closed = 1;
    let mut open: Vec<usize> = plan.readers_of(anchor).collect();
    while let Some(next) = open.iter().copied().min() {
        open.retain(|&n| n != next);
        if set.len() >= MAX_NODES || !joins(plan, anchor, next) {
            continue;
        }
        set.push(next);
        open.extend(plan.readers_of(next).filter(|n| !set.contains(n)));
        if only_last_is_read(plan, &set) {
            closed = set.len();
        }
    }
    set.truncate(closed);
    set
}

fn joins(plan: &Plan, anchor: usize, n: usize) -> bool {
    plan.group_of[n].is_none()
        && kind(&plan.graph.nodes[n].op) == Kind::Elementwise
        && plan.shape(n) == plan.shape(anchor)
}

fn only_last_is_read(plan: &Plan, set: &[usize]) -> bool {
    let Some((_, before)) = set.split_last() else { return false };
    before.iter().all(|&n| !plan.is_graph_output(n) && plan.readers_of(n).all(|reader| set.contains(&reader)))
}
