//! If: a condition known when compiling leaves only the branch taken; otherwise both are computed and one is selected.

use lathe_graph::{Op, ValueId};

use crate::translate::{Fault, NodeContext};

pub(super) fn translate(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let condition = n.input(0)?;
    if n.ty(condition).elements() != 1 {
        return Err(Fault::Invalid("the condition must be one element".into()));
    }
    let (taken, other) = (n.attributes.graph("then_branch")?, n.attributes.graph("else_branch")?);
    if let Some(known) = n.known(condition)? {
        let is_true = known.to_i64s().iter().any(|&c| c != 0);
        return n.body(if is_true { taken } else { other }, &[]);
    }
    let (then, otherwise) = (n.body(taken, &[])?, n.body(other, &[])?);
    if then.len() != otherwise.len() {
        return Err(Fault::Invalid("the branches have different numbers of results".into()));
    }
    let condition = n.reshape(condition, &[])?;
    let pairs: Vec<_> = then.into_iter().zip(otherwise).collect();
    pairs.into_iter().map(|(a, b)| select(n, condition, a, b)).collect()
}

/// Both branches must give one type: shapes are static.
fn select(n: &mut NodeContext, condition: ValueId, a: ValueId, b: ValueId) -> Result<ValueId, Fault> {
    if n.ty(a) != n.ty(b) {
        let what = format!("the branches give {} and {}", n.ty(a), n.ty(b));
        n.constant(condition, &format!("the type of the result: {what}"))?;
    }
    n.push(Op::Select, &[condition, a, b])
}
