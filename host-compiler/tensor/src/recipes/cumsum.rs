//! Running sums.

use super::error::Refusal;
use super::kind::AnchorKind;
use super::lowered::Lowered;
use crate::expr::{CompareFn, Expr};
use crate::program::build::{Builder, Operand, compute_type, numbered_axes, offset, var, vars};
use crate::program::{Body, Scan};

/// Running sums of `x` along `axis`: a scan over that dimension brought to the front, then its transposition back.
pub(super) fn cumsum(
    b: &mut Builder,
    x: &Operand,
    axis: usize,
    exclusive: bool,
    reverse: bool,
) -> Result<Lowered, Refusal> {
    let ty = compute_type(x.dtype);
    if axis >= x.rank() || ty == lathe_graph::DType::Bool {
        return Err(Refusal::Malformed("axis or type of a running sum"));
    }
    let extent = x.shape[axis];
    // dimension order of the scan: the summed one first
    let order: Vec<usize> = [axis].into_iter().chain((0..x.rank()).filter(|&k| k != axis)).collect();
    let shape: Vec<i64> = order.iter().map(|&k| x.shape[k]).collect();
    let from_end = |t: Expr| if reverse { Expr::Index(extent - 1) - t } else { t };
    let source = |t: Expr| {
        let mut index = vec![Expr::Index(0); x.rank()];
        for (k, &dim) in order.iter().enumerate() {
            index[dim] = if k == 0 { from_end(t.clone()) } else { var(k) };
        }
        index
    };
    let sums = b.declare("sums", ty, shape.clone());
    let mut before = vars(x.rank());
    before[0] = offset(var(0), -1);
    let earlier = Expr::load(sums.buffer, before);
    let not_first = Expr::compare(CompareFn::Lt, Expr::Index(0), var(0));
    let zero = Expr::constant(ty, 0.0);
    let value = if exclusive {
        Expr::select(not_first, earlier + b.read(x, source(offset(var(0), -1))), zero)
    } else {
        Expr::select(not_first, earlier, zero) + b.read(x, source(var(0)))
    };
    let stage = b.fill_buffer(&sums, numbered_axes("t", &shape), vec![], Body::Map(value));
    b.program.scans.push(Scan { first: stage, last: stage });
    let mut index: Vec<Expr> = order.iter().map(|&k| var(k)).collect();
    index[0] = from_end(var(axis));
    let value = b.read(&sums, index);
    let result = b.map("cumsum", x.dtype, numbered_axes("i", &x.shape), value);
    Ok(Lowered { outputs: vec![result], anchor: stage, kind: AnchorKind::Scan })
}
