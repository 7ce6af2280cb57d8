//! ScatterND, ScatterElements, and Scatter, its old name.

use lathe_graph::op::ScatterCombine;
use lathe_graph::{Op, ValueId};

use crate::translate::{Fault, NodeContext};

/// How updates combine with what is there.
fn combine(n: &NodeContext) -> Result<ScatterCombine, Fault> {
    Ok(match n.attributes.string("reduction", "none")? {
        "none" => ScatterCombine::Replace,
        "add" => ScatterCombine::Add,
        "mul" => ScatterCombine::Mul,
        "max" => ScatterCombine::Max,
        "min" => ScatterCombine::Min,
        other => return Err(Fault::Invalid(format!("reduction '{other}' is unknown"))),
    })
}

/// The last dimension of the indices holds coordinates.
pub(super) fn nd(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let operands = [n.input(0)?, n.input(1)?, n.input(2)?];
    Ok(vec![n.push(Op::ScatterNd { combine: combine(n)? }, &operands)?])
}

/// Along one axis.
pub(super) fn elements(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let operands = [n.input(0)?, n.input(1)?, n.input(2)?];
    let axis = n.axis(n.attributes.int("axis", 0)?, n.rank(operands[0]))?;
    Ok(vec![n.push(Op::ScatterElements { axis, combine: combine(n)? }, &operands)?])
}
