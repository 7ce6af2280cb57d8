//! MatMul and Gemm.

use lathe_graph::op::Binary;
use lathe_graph::{Op, ValueId};

use crate::translate::{Fault, NodeContext};

const PLAIN: Op = Op::MatMul { transpose_a: false, transpose_b: false };

/// NumPy's matmul: a vector is a row on the left, a column on the right, and its dimension is dropped from the result.
pub(super) fn matmul(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let (a, b) = (n.input(0)?, n.input(1)?);
    let (a_shape, b_shape) = (n.shape(a), n.shape(b));
    let row = if let [k] = a_shape[..] { n.reshape(a, &[1, k])? } else { a };
    let column = if let [k] = b_shape[..] { n.reshape(b, &[k, 1])? } else { b };
    let result = n.push(PLAIN, &[row, column])?;
    let mut shape = n.shape(result);
    if b_shape.len() == 1 {
        shape.pop();
    }
    if a_shape.len() == 1 {
        shape.remove(shape.len() - if b_shape.len() == 1 { 1 } else { 2 });
    }
    Ok(vec![n.reshape(result, &shape)?])
}

/// alpha * a * b + beta * c, with a or b transposed if asked for.
pub(super) fn gemm(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let alpha = n.attributes.float("alpha", 1.0)?;
    let beta = n.attributes.float("beta", 1.0)?;
    let transpose_a = n.attributes.flag("transA", false)?;
    let transpose_b = n.attributes.flag("transB", false)?;
    let (a, b) = (n.input(0)?, n.input(1)?);
    if n.rank(a) != 2 || n.rank(b) != 2 {
        return Err(Fault::Invalid(format!("{} and {} must be matrices", n.ty(a), n.ty(b))));
    }
    let product = n.push(Op::MatMul { transpose_a, transpose_b }, &[a, b])?;
    let product = scaled(n, product, alpha)?;
    let Some(c) = n.optional(2).filter(|_| beta != 0.0) else { return Ok(vec![product]) };
    let c = scaled(n, c, beta)?;
    Ok(vec![n.binary(Binary::Add, product, c)?])
}

fn scaled(n: &mut NodeContext, x: ValueId, factor: f32) -> Result<ValueId, Fault> {
    if factor == 1.0 { Ok(x) } else { n.with_scalar(Binary::Mul, x, f64::from(factor)) }
}
