//! Padding and cropping.

use lathe_graph::op::PadMode;

use super::error::Refusal;
use crate::expr::{BinaryFn, Expr};
use crate::program::build::{Builder, Operand, clamp_index, guarded, in_range, numbered_axes, offset, var};

/// `x` with `before` and `after` elements more (negative: fewer) in each dimension.
pub(super) fn pad(
    b: &mut Builder,
    x: &Operand,
    before: &[i64],
    after: &[i64],
    mode: PadMode,
) -> Result<Operand, Refusal> {
    if before.len() != x.rank() || after.len() != x.rank() {
        return Err(Refusal::Malformed("padding does not fit the operand's rank"));
    }
    let shape: Vec<i64> = (0..x.rank()).map(|k| x.shape[k] + before[k] + after[k]).collect();
    let mut conditions = vec![];
    let mut index = vec![];
    for k in 0..x.rank() {
        let (at, extent) = (offset(var(k), -before[k]), x.shape[k]);
        if before[k] <= 0 && after[k] <= 0 {
            index.push(at);
            continue;
        }
        index.push(match mode {
            PadMode::Constant(_) => {
                conditions.push(in_range(at.clone(), extent));
                at
            }
            PadMode::Edge => clamp_index(at, 0, extent - 1),
            PadMode::Wrap => at % Expr::Index(extent.max(1)),
            PadMode::Reflect => reflect(at, extent),
        });
    }
    let inside = b.load(x, index);
    let outside = match mode {
        PadMode::Constant(value) => Expr::constant(x.dtype, value),
        _ => Expr::constant(x.dtype, 0.0),
    };
    let value = guarded(conditions, inside, outside);
    Ok(b.copy("pad", x.dtype, numbered_axes("i", &shape), value))
}

/// `at` mirrored into `0..extent` without repeating the edges: a triangle wave of period `2 (extent - 1)`. The bound is
/// spelled out, since interval analysis cannot see that both sides of the minimum move together.
fn reflect(at: Expr, extent: i64) -> Expr {
    if extent <= 1 {
        return Expr::Index(0);
    }
    let period = 2 * (extent - 1);
    let phase = at % Expr::Index(period);
    let mirrored = Expr::binary(BinaryFn::Min, phase.clone(), Expr::Index(period) - phase);
    Expr::binary(BinaryFn::Min, mirrored, Expr::Index(extent - 1))
}
