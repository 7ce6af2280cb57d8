//! Operators of onnxruntime's own domain, com.microsoft, that its optimiser leaves in exported models.

use lathe_graph::op::{Binary, Unary};
use lathe_graph::{Op, ValueId};

use crate::translate::{Fault, NodeContext, Translate};

/// The translation of a com.microsoft operator.
pub(super) fn find(operator: &str) -> Option<Translate> {
    Some(match operator {
        "Gelu" | "BiasGelu" => |n| gelu(n, false),
        "FastGelu" => |n| gelu(n, true),
        "FusedMatMul" => fused_matmul,
        "SkipLayerNormalization" => skip_layer_norm,
        _ => return None,
    })
}

/// gelu(x + bias).
fn gelu(n: &mut NodeContext, tanh: bool) -> Result<Vec<ValueId>, Fault> {
    let mut x = n.input(0)?;
    if let Some(bias) = n.optional(1) {
        x = n.binary(Binary::Add, x, bias)?;
    }
    Ok(vec![n.unary(Unary::Gelu { tanh }, x)?])
}

/// alpha * a * b, each transposed in its last two dimensions if asked for.
fn fused_matmul(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    if n.attributes.flag("transBatchA", false)? || n.attributes.flag("transBatchB", false)? {
        return Err(Fault::Unsupported("transposed batch dimensions are not supported".into()));
    }
    let transpose_a = n.attributes.flag("transA", false)?;
    let transpose_b = n.attributes.flag("transB", false)?;
    let alpha = n.attributes.float("alpha", 1.0)?;
    let (a, b) = (n.input(0)?, n.input(1)?);
    let product = n.push(Op::MatMul { transpose_a, transpose_b }, &[a, b])?;
    Ok(vec![if alpha == 1.0 { product } else { n.with_scalar(Binary::Mul, product, f64::from(alpha))? }])
}

/// Layer normalisation of input + skip + bias; that sum is the fourth output.
fn skip_layer_norm(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    if n.wants(1) || n.wants(2) {
        return Err(Fault::Unsupported("mean and deviation as outputs are not supported".into()));
    }
    let epsilon = n.attributes.float("epsilon", 1e-5)?;
    let (x, skip, scale) = (n.input(0)?, n.input(1)?, n.input(2)?);
    let mut sum = n.binary(Binary::Add, x, skip)?;
    if let Some(bias) = n.optional(4) {
        sum = n.binary(Binary::Add, sum, bias)?;
    }
    let shift = match n.optional(3) {
        Some(shift) => shift,
        None => n.scalar(n.dtype(x), 0.0),
    };
    let axis = n.axis(-1, n.rank(sum))?;
    let result = n.push(Op::LayerNorm { axis, epsilon }, &[sum, scale, shift])?;
    Ok(vec![result, result, result, sum])
}
