//! Activations with attributes: LeakyRelu, HardSigmoid, Elu, Selu, Celu, ThresholdedRelu, Gelu, Swish, Shrink, PRelu.

use lathe_graph::op::{Binary, Unary};
use lathe_graph::{Op, ValueId};

use crate::translate::{Fault, NodeContext};

fn apply(n: &mut NodeContext, function: Unary) -> Result<Vec<ValueId>, Fault> {
    let x = n.input(0)?;
    Ok(vec![n.unary(function, x)?])
}

/// x if x >= 0, else alpha * x.
pub(super) fn leaky_relu(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let alpha = n.attributes.float("alpha", 0.01)?;
    apply(n, Unary::LeakyRelu { alpha })
}

/// clamp(alpha * x + beta, 0, 1).
pub(super) fn hard_sigmoid(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let alpha = n.attributes.float("alpha", 0.2)?;
    let beta = n.attributes.float("beta", 0.5)?;
    apply(n, Unary::HardSigmoid { alpha, beta })
}

/// x if x >= 0, else alpha * (e^x - 1).
pub(super) fn elu(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let alpha = n.attributes.float("alpha", 1.0)?;
    apply(n, Unary::Elu { alpha })
}

/// gamma * (x if x > 0, else alpha * (e^x - 1)).
pub(super) fn selu(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let alpha = n.attributes.float("alpha", 1.673_263_2)?;
    let gamma = n.attributes.float("gamma", 1.050_701)?;
    apply(n, Unary::Selu { alpha, gamma })
}

/// max(0, x) + min(0, alpha * (e^(x/alpha) - 1)).
pub(super) fn celu(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let alpha = n.attributes.float("alpha", 1.0)?;
    apply(n, Unary::Celu { alpha })
}

/// x if x > alpha, else 0.
pub(super) fn thresholded_relu(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let alpha = n.attributes.float("alpha", 1.0)?;
    apply(n, Unary::ThresholdedRelu { alpha })
}

/// x * Phi(x), exactly or by tanh.
pub(super) fn gelu(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let tanh = match n.attributes.string("approximate", "none")? {
        "none" => false,
        "tanh" => true,
        other => return Err(Fault::Invalid(format!("approximate '{other}' is neither none nor tanh"))),
    };
    apply(n, Unary::Gelu { tanh })
}

/// x * sigmoid(alpha * x).
pub(super) fn swish(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let alpha = n.attributes.float("alpha", 1.0)?;
    let x = n.input(0)?;
    let scaled = if alpha == 1.0 { x } else { n.with_scalar(Binary::Mul, x, f64::from(alpha))? };
    let gate = n.unary(Unary::Sigmoid, scaled)?;
    Ok(vec![n.binary(Binary::Mul, x, gate)?])
}

/// swish(a) * b.
pub(super) fn swiglu(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let gate = swish(n)?[0];
    let b = n.input(1)?;
    Ok(vec![n.binary(Binary::Mul, gate, b)?])
}

/// x + bias below -lambd, x - bias above lambd, 0 between.
pub(super) fn shrink(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let bias = f64::from(n.attributes.float("bias", 0.0)?);
    let lambd = f64::from(n.attributes.float("lambd", 0.5)?);
    let x = n.input(0)?;
    let zero = n.scalar(n.dtype(x), 0.0);
    let below = n.with_scalar(Binary::Less, x, -lambd)?;
    let above = n.with_scalar(Binary::Greater, x, lambd)?;
    let raised = n.with_scalar(Binary::Add, x, bias)?;
    let lowered = n.with_scalar(Binary::Sub, x, bias)?;
    let upper = n.push(Op::Select, &[above, lowered, zero])?;
    Ok(vec![n.push(Op::Select, &[below, raised, upper])?])
}

/// x if x >= 0, else slope * x; the slope broadcasts to x.
pub(super) fn prelu(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let (x, slope) = (n.input(0)?, n.input(1)?);
    Ok(vec![n.binary(Binary::Prelu, x, slope)?])
}
