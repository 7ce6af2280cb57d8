//! An Expand is not needed where its consumer broadcasts its operands anyway.

use super::Step;
use crate::graph::ValueId;
use crate::op::Op;
use crate::passes::rewriter::Rewriter;

pub(super) fn rule(r: &Rewriter, op: &Op, inputs: &[ValueId]) -> Option<Step> {
    if !matches!(op, Op::Binary(_) | Op::Select) {
        return None;
    }
    let result = r.new.infer(op, inputs).ok()?;
    for (i, &v) in inputs.iter().enumerate() {
        let Some(expand) = r.source(v).filter(|n| matches!(n.op, Op::Expand { .. })) else { continue };
        let mut shorter = inputs.to_vec();
        shorter[i] = *expand.inputs.first()?;
        if r.new.infer(op, &shorter).ok()? == result {
            return Some(Step::Node(op.clone(), shorter));
        }
    }
    None
}
