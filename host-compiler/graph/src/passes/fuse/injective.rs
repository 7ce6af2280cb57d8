//! What a group absorbs of the injective nodes before it.

use super::kind::{Kind, is_cheap, kind};
use super::{MAX_NODES, Plan};

/// Lets the group of `anchor` absorb nodes that compute what it reads. A reduction takes element-wise nodes of its
/// operand's shape only; an injective group takes any injective node that is not computed more than once for it.
pub(super) fn absorb_before(plan: &mut Plan, anchor: usize) {
    let Some(group) = plan.group_of[anchor] else { return };
    let reduction = kind(&plan.graph.nodes[anchor].op) == Kind::Reduction;
    loop {
        let members = &plan.members[group];
        if members.len() >= MAX_NODES {
            return;
        }
        let reads = members.iter().flat_map(|&m| plan.graph.nodes[m].inputs.iter());
        let mut producers: Vec<usize> = reads.filter_map(|v| plan.producer[v.0 as usize]).collect();
        producers.sort_unstable();
        producers.dedup();
        // The latest first: when it joins, its own producers may.
        let fits = |&&n: &&usize| {
            joins(plan, group, n) && if reduction { is_prologue(plan, anchor, n) } else { merges(plan, n) }
        };
        match producers.iter().rev().find(fits).copied() {
            Some(n) => plan.assign(group, vec![n]),
            None => return,
        }
    }
}

/// Whether node `n` is free and only the group reads it.
fn joins(plan: &Plan, group: usize, n: usize) -> bool {
    plan.group_of[n].is_none()
        && kind(&plan.graph.nodes[n].op).is_injective()
        && !plan.is_graph_output(n)
        && plan.readers_of(n).all(|reader| plan.group_of[reader] == Some(group))
}

/// Whether `n` is element-wise, and the anchor reads it or something that is computed from it at the same positions.
fn is_prologue(plan: &Plan, anchor: usize, n: usize) -> bool {
    let source = plan.graph.nodes[anchor].inputs.first().map(|&v| plan.graph.ty(v).shape.as_slice());
    let before = plan.readers_of(n).all(|reader| {
        let data = plan.graph.nodes[anchor].inputs.first();
        let into_data = data.is_some_and(|v| plan.graph.nodes[n].outputs.contains(v));
        if reader == anchor { into_data } else { reader < anchor }
    });
    before && kind(&plan.graph.nodes[n].op) == Kind::Elementwise && source == Some(plan.shape(n))
}

/// Whether merging `n` into its readers repeats no expensive work: it is cheap, or every element is read once.
fn merges(plan: &Plan, n: usize) -> bool {
    let elements = |n: usize| plan.shape(n).iter().product::<usize>();
    let readers: Vec<usize> = plan.readers_of(n).collect();
    let same_place = readers
        .iter()
        .all(|&reader| kind(&plan.graph.nodes[reader].op) == Kind::Elementwise && plan.shape(reader) == plan.shape(n));
    let once = readers.len() == 1 && readers.iter().all(|&reader| elements(reader) <= elements(n));
    let concat = readers.iter().all(|&r| matches!(plan.graph.nodes[r].op, crate::op::Op::Concat { .. }));
    same_place || once || (readers.len() == 1 && (concat || is_cheap(&plan.graph.nodes[n].op)))
}
