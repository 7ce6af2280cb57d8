//! Functions of one operand without attributes: Abs, Exp, Relu, Sigmoid, …

use lathe_graph::op::Unary;
use lathe_graph::{DType, ValueId};

use crate::translate::{Fault, NodeContext};

/// The function an operator stands for.
fn function(operator: &str) -> Option<Unary> {
    Some(match operator {
        "Abs" => Unary::Abs,
        "Neg" => Unary::Neg,
        "Not" => Unary::Not,
        "BitwiseNot" => Unary::BitNot,
        "Ceil" => Unary::Ceil,
        "Floor" => Unary::Floor,
        "Round" => Unary::Round,
        "Sign" => Unary::Sign,
        "Sqrt" => Unary::Sqrt,
        "Reciprocal" => Unary::Reciprocal,
        "Exp" => Unary::Exp,
        "Log" => Unary::Log,
        "Erf" => Unary::Erf,
        "Sin" => Unary::Sin,
        "Cos" => Unary::Cos,
        "Tan" => Unary::Tan,
        "Asin" => Unary::Asin,
        "Acos" => Unary::Acos,
        "Atan" => Unary::Atan,
        "Sinh" => Unary::Sinh,
        "Cosh" => Unary::Cosh,
        "Tanh" => Unary::Tanh,
        "Asinh" => Unary::Asinh,
        "Acosh" => Unary::Acosh,
        "Atanh" => Unary::Atanh,
        "Relu" => Unary::Relu,
        "Sigmoid" => Unary::Sigmoid,
        "HardSwish" => Unary::HardSwish,
        "Softplus" => Unary::Softplus,
        "Softsign" => Unary::Softsign,
        "Mish" => Unary::Mish,
        "IsNaN" => Unary::IsNan,
        _ => return None,
    })
}

pub(super) fn translate(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let function = function(n.operator()).ok_or_else(|| Fault::Unsupported("no such function".into()))?;
    let x = n.input(0)?;
    Ok(vec![n.unary(function, x)?])
}

/// IsInf: which signs count is an attribute.
pub(super) fn is_inf(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let negative = n.attributes.flag("detect_negative", true)?;
    let positive = n.attributes.flag("detect_positive", true)?;
    let x = n.input(0)?;
    Ok(vec![n.unary(Unary::IsInf { negative, positive }, x)?])
}

/// Identity, and Dropout's like: the value itself.
pub(super) fn identity(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    Ok(vec![n.input(0)?])
}

/// Dropout at inference passes its input through; its mask is all true.
pub(super) fn dropout(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let x = n.input(0)?;
    let training = n.constant_int(2, "whether elements are dropped")?.unwrap_or(0) != 0;
    let ratio = n.constant_float(1, "how many elements are dropped")?.unwrap_or(0.5);
    if training && ratio != 0.0 {
        return Err(Fault::Unsupported(
            "dropout while training is not supported; export the model for inference".into(),
        ));
    }
    let mut outputs = vec![x];
    if n.wants(1) {
        let dtype = if n.opset() < 10 { n.dtype(x) } else { DType::Bool };
        outputs.push(n.filled(dtype, &n.shape(x), 1.0)?);
    }
    Ok(outputs)
}
