//! ReverseSequence with known lengths: a gather of coordinates.

use lathe_graph::{DType, Op, ValueId};

use crate::translate::{Fault, NodeContext};

/// The most coordinates that are stored.
const MAX_COORDINATES: usize = 16 << 20;

/// The first `lengths[b]` steps of each sequence backwards, the rest as they are.
pub(super) fn translate(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let x = n.input(0)?;
    n.input(1)?;
    let lengths = n.constant_ints(1, "which steps are reversed")?.unwrap_or_default();
    let time_first = match (n.attributes.int("time_axis", 0)?, n.attributes.int("batch_axis", 1)?) {
        (0, 1) => true,
        (1, 0) => false,
        axes => return Err(Fault::Invalid(format!("time and batch axes {axes:?} must be 0 and 1"))),
    };
    let &[outer, inner, ..] = n.shape(x).as_slice() else {
        return Err(Fault::Invalid(format!("{} must have a time and a batch dimension", n.ty(x))));
    };
    let (time, batch) = if time_first { (outer, inner) } else { (inner, outer) };
    if lengths.len() != batch || lengths.iter().any(|&l| l < 0 || l as u64 > time as u64) {
        return Err(Fault::Invalid(format!("lengths {lengths:?} do not fit {batch} sequences of {time} steps")));
    }
    if outer.saturating_mul(inner) > MAX_COORDINATES / 2 {
        return Err(Fault::Unsupported(format!("{batch} sequences of {time} steps are too many")));
    }
    let mut coordinates = Vec::with_capacity(outer * inner * 2);
    for i in 0..outer {
        for j in 0..inner {
            let (t, b) = if time_first { (i, j) } else { (j, i) };
            let from = if (t as i64) < lengths[b] { lengths[b] - 1 - t as i64 } else { t as i64 };
            coordinates.extend(if time_first { [from, b as i64] } else { [b as i64, from] });
        }
    }
    let coordinates = n.integers(DType::I64, &[outer, inner, 2], &coordinates)?;
    Ok(vec![n.push(Op::GatherNd { batch_dims: 0 }, &[x, coordinates])?])
}
