//! If, where the condition is known when compiling: the branch taken stands in its place.

use lathe_graph::ValueId;

use crate::translate::{Fault, NodeContext};

pub(super) fn translate(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let condition = n.constant(n.input(0)?, "which branch is taken")?.to_i64s();
    let &[condition] = condition.as_slice() else {
        return Err(Fault::Invalid("the condition must be one element".into()));
    };
    let branch = n.attributes.graph(if condition != 0 { "then_branch" } else { "else_branch" })?;
    n.branch(branch)
}
