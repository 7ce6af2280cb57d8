//! Pad. The amounts are attributes before opset 11, inputs since; since 18 they may be for some axes only.

use lathe_graph::op::PadMode;
use lathe_graph::{Op, ValueId};

use crate::translate::{Fault, NodeContext};

/// No dimension is padded by more.
const MAX_PADDING: i64 = 1 << 40;

pub(super) fn translate(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let x = n.input(0)?;
    let rank = n.rank(x);
    let missing = || Fault::Invalid("the amounts are missing".into());
    let (pads, value) = if n.opset() < 11 {
        let value = n.attributes.float("value", 0.0)?;
        (n.attributes.ints("pads")?.map(<[i64]>::to_vec).ok_or_else(missing)?, Some(f64::from(value)))
    } else {
        (n.constant_ints(1, "the shape of the result")?.ok_or_else(missing)?, None)
    };
    let axes = match n.constant_ints(3, "which dimensions are padded")? {
        Some(axes) => axes.iter().map(|&a| n.axis(a, rank)).collect::<Result<Vec<_>, _>>()?,
        None => (0..rank).collect(),
    };
    if pads.len() != 2 * axes.len() || pads.iter().any(|p| p.abs() > MAX_PADDING) {
        return Err(Fault::Invalid(format!("the amounts {pads:?} do not fit {} dimensions", axes.len())));
    }
    let (mut before, mut after) = (vec![0; rank], vec![0; rank]);
    for (i, &axis) in axes.iter().enumerate() {
        before[axis] = pads[i] as isize;
        after[axis] = pads[i + axes.len()] as isize;
    }
    if pads.iter().all(|&p| p == 0) {
        return Ok(vec![x]);
    }
    let mode = match n.attributes.string("mode", "constant")? {
        "constant" => PadMode::Constant(match value {
            Some(value) => value,
            None => n.constant_float(2, "what is padded with")?.unwrap_or(0.0),
        }),
        "reflect" => PadMode::Reflect,
        "edge" => PadMode::Edge,
        "wrap" => PadMode::Wrap,
        other => return Err(Fault::Invalid(format!("mode '{other}' is unknown"))),
    };
    Ok(vec![n.push(Op::Pad { before, after, mode }, &[x])?])
}
