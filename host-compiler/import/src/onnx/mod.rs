//! The operators of ONNX's own domain: one table from name to translation, one file per operator or close family.
//!
//! A row lists the opsets in which the operator's definition changed, from the one in force at opset 7 on: older
//! definitions (of opsets before the first listed) are refused.

mod activation;
mod attention;
mod batch_normalization;
mod binary;
mod branch;
mod center_crop_pad;
mod constant;
mod conv;
mod crop_resize;
mod einsum;
mod fourier;
mod gather;
mod max_pool_indices;
mod microsoft;
mod movement;
mod normalization;
mod pad;
mod pool;
mod product;
mod quantized;
mod recurrent;
mod reduce;
mod reshape;
mod resize;
mod reverse_sequence;
mod rotary;
mod scatter;
mod signal;
mod slice;
mod softmax;
mod space;
mod unary;
mod unroll;
mod window;

use crate::error::NodeRef;
use crate::translate::{Fault, Translate};

/// The newest operator set whose definitions were compared with the translations.
const NEWEST_OPSET: i64 = 28;

/// One operator.
struct Operator {
    /// Its name.
    name: &'static str,
    /// Opsets in which its definition changed, from the one in force at opset 7 on.
    versions: &'static [i64],
    /// Its translation.
    translate: Translate,
}

/// Sorted by name.
#[rustfmt::skip]
const OPERATORS: &[Operator] = &[
    Operator { name: "Abs", versions: &[6, 13], translate: unary::translate },
    Operator { name: "Acos", versions: &[7, 22], translate: unary::translate },
    Operator { name: "Acosh", versions: &[9, 22], translate: unary::translate },
    Operator { name: "Add", versions: &[7, 13, 14], translate: binary::translate },
    Operator { name: "And", versions: &[7], translate: binary::translate },
    Operator { name: "ArgMax", versions: &[1, 11, 12, 13], translate: reduce::arg },
    Operator { name: "ArgMin", versions: &[1, 11, 12, 13], translate: reduce::arg },
    Operator { name: "Asin", versions: &[7, 22], translate: unary::translate },
    Operator { name: "Asinh", versions: &[9, 22], translate: unary::translate },
    Operator { name: "Atan", versions: &[7, 22], translate: unary::translate },
    Operator { name: "Atanh", versions: &[9, 22], translate: unary::translate },
    Operator { name: "Attention", versions: &[23, 24], translate: attention::translate },
    Operator { name: "AveragePool", versions: &[7, 10, 11, 19, 22], translate: pool::average_pool },
    Operator { name: "BatchNormalization", versions: &[7, 9, 14, 15], translate: batch_normalization::translate },
    Operator { name: "BitShift", versions: &[11], translate: binary::bit_shift },
    Operator { name: "BitwiseAnd", versions: &[18], translate: binary::translate },
    Operator { name: "BitwiseNot", versions: &[18], translate: unary::translate },
    Operator { name: "BitwiseOr", versions: &[18], translate: binary::translate },
    Operator { name: "BitwiseXor", versions: &[18], translate: binary::translate },
    Operator { name: "BlackmanWindow", versions: &[17], translate: signal::window },
    Operator { name: "Cast", versions: &[6, 9, 13, 19, 21, 23, 24, 25], translate: binary::cast },
    Operator { name: "CastLike", versions: &[15, 19, 21, 23, 24, 25], translate: binary::cast_like },
    Operator { name: "Ceil", versions: &[6, 13], translate: unary::translate },
    Operator { name: "Celu", versions: &[12], translate: activation::celu },
    Operator { name: "CenterCropPad", versions: &[18], translate: center_crop_pad::translate },
    Operator { name: "Clip", versions: &[6, 11, 12, 13], translate: binary::clip },
    Operator { name: "Compress", versions: &[9, 11], translate: gather::compress },
    Operator { name: "Concat", versions: &[4, 11, 13], translate: movement::concat },
    Operator { name: "Constant", versions: &[1, 9, 11, 12, 13, 19, 21, 23, 24, 25], translate: constant::constant },
    Operator { name: "ConstantOfShape", versions: &[9, 20, 21, 23, 24, 25], translate: constant::constant_of_shape },
    Operator { name: "Conv", versions: &[1, 11, 22], translate: conv::conv },
    Operator { name: "ConvTranspose", versions: &[1, 11, 22], translate: conv::conv_transpose },
    Operator { name: "Cos", versions: &[7, 22], translate: unary::translate },
    Operator { name: "Cosh", versions: &[9, 22], translate: unary::translate },
    Operator { name: "CumSum", versions: &[11, 14], translate: reduce::cum_sum },
    Operator { name: "DFT", versions: &[17, 20], translate: fourier::dft },
    Operator { name: "DepthToSpace", versions: &[1, 11, 13], translate: space::depth_to_space },
    Operator { name: "DequantizeLinear", versions: &[10, 13, 19, 21, 23, 24, 25], translate: quantized::dequantize },
    Operator { name: "Div", versions: &[7, 13, 14], translate: binary::translate },
    Operator { name: "Dropout", versions: &[7, 10, 12, 13, 22], translate: unary::dropout },
    Operator { name: "Einsum", versions: &[12], translate: einsum::translate },
    Operator { name: "Elu", versions: &[6, 22], translate: activation::elu },
    Operator { name: "Equal", versions: &[7, 11, 13, 19], translate: binary::translate },
    Operator { name: "Erf", versions: &[9, 13], translate: unary::translate },
    Operator { name: "Exp", versions: &[6, 13], translate: unary::translate },
    Operator { name: "Expand", versions: &[8, 13], translate: movement::expand },
    Operator { name: "EyeLike", versions: &[9, 22], translate: constant::eye_like },
    Operator { name: "Flatten", versions: &[1, 9, 11, 13, 21, 23, 24, 25], translate: reshape::flatten },
    Operator { name: "Floor", versions: &[6, 13], translate: unary::translate },
    Operator { name: "GRU", versions: &[7, 14, 22], translate: recurrent::gru },
    Operator { name: "Gather", versions: &[1, 11, 13], translate: gather::gather },
    Operator { name: "GatherElements", versions: &[11, 13], translate: gather::gather_elements },
    Operator { name: "GatherND", versions: &[11, 12, 13], translate: gather::gather_nd },
    Operator { name: "Gelu", versions: &[20], translate: activation::gelu },
    Operator { name: "Gemm", versions: &[7, 9, 11, 13], translate: product::gemm },
    Operator { name: "GlobalAveragePool", versions: &[1, 22], translate: pool::global },
    Operator { name: "GlobalLpPool", versions: &[2, 22], translate: pool::global },
    Operator { name: "GlobalMaxPool", versions: &[1, 22], translate: pool::global },
    Operator { name: "Greater", versions: &[7, 9, 13], translate: binary::translate },
    Operator { name: "GreaterOrEqual", versions: &[12, 16], translate: binary::translate },
    Operator { name: "GroupNormalization", versions: &[21], translate: normalization::group },
    Operator { name: "HammingWindow", versions: &[17], translate: signal::window },
    Operator { name: "HannWindow", versions: &[17], translate: signal::window },
    Operator { name: "HardSigmoid", versions: &[6, 22], translate: activation::hard_sigmoid },
    Operator { name: "HardSwish", versions: &[14, 22], translate: unary::translate },
    Operator { name: "Hardmax", versions: &[1, 11, 13], translate: softmax::hardmax },
    Operator { name: "Identity", versions: &[1, 13, 14, 16, 19, 21, 23, 24, 25], translate: unary::identity },
    Operator { name: "If", versions: &[1, 11, 13, 16, 19, 21, 23, 24, 25], translate: branch::translate },
    Operator { name: "InstanceNormalization", versions: &[6, 22], translate: normalization::instance },
    Operator { name: "IsInf", versions: &[10, 20], translate: unary::is_inf },
    Operator { name: "IsNaN", versions: &[9, 13, 20], translate: unary::translate },
    Operator { name: "LRN", versions: &[1, 13], translate: normalization::local_response },
    Operator { name: "LSTM", versions: &[7, 14, 22], translate: recurrent::lstm },
    Operator { name: "LayerNormalization", versions: &[17], translate: normalization::layer },
    Operator { name: "LeakyRelu", versions: &[6, 16], translate: activation::leaky_relu },
    Operator { name: "Less", versions: &[7, 9, 13], translate: binary::translate },
    Operator { name: "LessOrEqual", versions: &[12, 16], translate: binary::translate },
    Operator { name: "Log", versions: &[6, 13], translate: unary::translate },
    Operator { name: "LogSoftmax", versions: &[1, 11, 13], translate: softmax::softmax },
    Operator { name: "Loop", versions: &[1, 11, 13, 16, 19, 21, 23, 24, 25], translate: unroll::looped },
    Operator { name: "LpNormalization", versions: &[1, 22], translate: normalization::lp },
    Operator { name: "LpPool", versions: &[2, 11, 18, 22], translate: pool::lp_pool },
    Operator { name: "MatMul", versions: &[1, 9, 13], translate: product::matmul },
    Operator { name: "Max", versions: &[6, 8, 12, 13], translate: binary::variadic },
    Operator { name: "MaxPool", versions: &[1, 8, 10, 11, 12, 22], translate: pool::max_pool },
    Operator { name: "Mean", versions: &[6, 8, 13], translate: binary::variadic },
    Operator { name: "MeanVarianceNormalization", versions: &[9, 13], translate: normalization::mean_variance },
    Operator { name: "Min", versions: &[6, 8, 12, 13], translate: binary::variadic },
    Operator { name: "Mish", versions: &[18, 22], translate: unary::translate },
    Operator { name: "Mod", versions: &[10, 13], translate: binary::modulo },
    Operator { name: "Mul", versions: &[7, 13, 14], translate: binary::translate },
    Operator { name: "Neg", versions: &[6, 13], translate: unary::translate },
    Operator { name: "NonZero", versions: &[9, 13], translate: constant::non_zero },
    Operator { name: "Not", versions: &[1], translate: unary::translate },
    Operator { name: "OneHot", versions: &[9, 11], translate: gather::one_hot },
    Operator { name: "Or", versions: &[7], translate: binary::translate },
    Operator { name: "PRelu", versions: &[7, 9, 16], translate: activation::prelu },
    Operator { name: "Pad", versions: &[2, 11, 13, 18, 19, 21, 23, 24, 25], translate: pad::translate },
    Operator { name: "Pow", versions: &[7, 12, 13, 15], translate: binary::pow },
    Operator { name: "RMSNormalization", versions: &[23], translate: normalization::rms },
    Operator { name: "Range", versions: &[11, 27], translate: constant::range },
    Operator { name: "Reciprocal", versions: &[6, 13], translate: unary::translate },
    Operator { name: "ReduceL1", versions: &[1, 11, 13, 18], translate: reduce::translate },
    Operator { name: "ReduceL2", versions: &[1, 11, 13, 18], translate: reduce::translate },
    Operator { name: "ReduceLogSum", versions: &[1, 11, 13, 18], translate: reduce::translate },
    Operator { name: "ReduceLogSumExp", versions: &[1, 11, 13, 18], translate: reduce::translate },
    Operator { name: "ReduceMax", versions: &[1, 11, 12, 13, 18, 20], translate: reduce::translate },
    Operator { name: "ReduceMean", versions: &[1, 11, 13, 18], translate: reduce::translate },
    Operator { name: "ReduceMin", versions: &[1, 11, 12, 13, 18, 20], translate: reduce::translate },
    Operator { name: "ReduceProd", versions: &[1, 11, 13, 18], translate: reduce::translate },
    Operator { name: "ReduceSum", versions: &[1, 11, 13], translate: reduce::translate },
    Operator { name: "ReduceSumSquare", versions: &[1, 11, 13, 18], translate: reduce::translate },
    Operator { name: "Relu", versions: &[6, 13, 14], translate: unary::translate },
    Operator { name: "Reshape", versions: &[5, 13, 14, 19, 21, 23, 24, 25], translate: reshape::reshape },
    Operator { name: "Resize", versions: &[10, 11, 13, 18, 19], translate: resize::resize },
    Operator { name: "ReverseSequence", versions: &[10], translate: reverse_sequence::translate },
    Operator { name: "RotaryEmbedding", versions: &[23], translate: rotary::translate },
    Operator { name: "Round", versions: &[11, 22], translate: unary::translate },
    Operator { name: "STFT", versions: &[17], translate: fourier::stft },
    Operator { name: "Scan", versions: &[9, 11, 16, 19, 21, 23, 24, 25], translate: unroll::scan },
    Operator { name: "Scatter", versions: &[9], translate: scatter::elements },
    Operator { name: "ScatterElements", versions: &[11, 13, 16, 18], translate: scatter::elements },
    Operator { name: "ScatterND", versions: &[11, 13, 16, 18], translate: scatter::nd },
    Operator { name: "Selu", versions: &[6, 22], translate: activation::selu },
    Operator { name: "Shape", versions: &[1, 13, 15, 19, 21, 23, 24, 25], translate: constant::shape },
    Operator { name: "Shrink", versions: &[9], translate: activation::shrink },
    Operator { name: "Sigmoid", versions: &[6, 13], translate: unary::translate },
    Operator { name: "Sign", versions: &[9, 13], translate: unary::translate },
    Operator { name: "Sin", versions: &[7, 22], translate: unary::translate },
    Operator { name: "Sinh", versions: &[9, 22], translate: unary::translate },
    Operator { name: "Size", versions: &[1, 13, 19, 21, 23, 24, 25], translate: constant::size },
    Operator { name: "Slice", versions: &[1, 10, 11, 13], translate: slice::slice },
    Operator { name: "Softmax", versions: &[1, 11, 13], translate: softmax::softmax },
    Operator { name: "Softplus", versions: &[1, 22], translate: unary::translate },
    Operator { name: "Softsign", versions: &[1, 22], translate: unary::translate },
    Operator { name: "SpaceToDepth", versions: &[1, 13], translate: space::space_to_depth },
    Operator { name: "Split", versions: &[2, 11, 13, 18], translate: slice::split },
    Operator { name: "Sqrt", versions: &[6, 13], translate: unary::translate },
    Operator { name: "Squeeze", versions: &[1, 11, 13, 21, 23, 24, 25], translate: reshape::squeeze },
    Operator { name: "Sub", versions: &[7, 13, 14], translate: binary::translate },
    Operator { name: "Sum", versions: &[6, 8, 13], translate: binary::variadic },
    Operator { name: "SwiGLU", versions: &[28], translate: activation::swiglu },
    Operator { name: "Swish", versions: &[24], translate: activation::swish },
    Operator { name: "Tan", versions: &[7, 22], translate: unary::translate },
    Operator { name: "Tanh", versions: &[6, 13], translate: unary::translate },
    Operator { name: "ThresholdedRelu", versions: &[10, 22], translate: activation::thresholded_relu },
    Operator { name: "Tile", versions: &[6, 13], translate: movement::tile },
    Operator { name: "TopK", versions: &[1, 10, 11, 24], translate: gather::top_k },
    Operator { name: "Transpose", versions: &[1, 13, 21, 23, 24, 25], translate: movement::transpose },
    Operator { name: "Trilu", versions: &[14], translate: movement::trilu },
    Operator { name: "Unsqueeze", versions: &[1, 11, 13, 21, 23, 24, 25], translate: reshape::unsqueeze },
    Operator { name: "Upsample", versions: &[7, 9], translate: resize::upsample },
    Operator { name: "Where", versions: &[9, 16], translate: binary::select },
    Operator { name: "Xor", versions: &[7], translate: binary::translate },
];

/// Operators on quantised numbers, recognised and refused.
const QUANTISED: &[&str] =
    &["QuantizeLinear", "DynamicQuantizeLinear", "QLinearConv", "QLinearMatMul", "ConvInteger", "MatMulInteger"];

/// The translation of the operator a node names, if this opset has it and it is supported.
pub(crate) fn lookup(node: &NodeRef) -> Result<Translate, Fault> {
    if !node.domain.is_empty() {
        let own = (node.domain == "com.microsoft").then(|| microsoft::find(&node.operator)).flatten();
        return own.ok_or_else(|| foreign(node));
    }
    if QUANTISED.contains(&node.operator.as_str()) {
        return Err(Fault::quantised());
    }
    let index = OPERATORS.binary_search_by(|row| row.name.cmp(&node.operator)).map_err(|_| {
        Fault::Unsupported(
            "the operator is not among the supported ones; leave it out when exporting, or compute it outside".into(),
        )
    })?;
    let operator = &OPERATORS[index];
    let oldest = operator.versions.first().copied().unwrap_or_default();
    if (oldest..=NEWEST_OPSET).contains(&node.opset) {
        return Ok(operator.translate);
    }
    Err(Fault::Unsupported(format!(
        "its definition in this opset is not supported, only those of {oldest} to {NEWEST_OPSET}; convert the model with \
         onnx.version_converter"
    )))
}

/// Why an operator of another domain is refused.
fn foreign(node: &NodeRef) -> Fault {
    let quantised = ["QLinear", "QGemm", "QAttention", "Quantize", "DynamicQuantize", "Integer", "DequantizeLinear"];
    if node.domain == "com.microsoft" && quantised.iter().any(|part| node.operator.contains(part)) {
        return Fault::quantised();
    }
    let domain = &node.domain;
    Fault::Unsupported(format!(
        "operators of the domain '{domain}' are not supported; export with ONNX's own operators"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sorted_and_versions_ascend() {
        assert!(OPERATORS.windows(2).all(|w| w[0].name < w[1].name));
        assert!(OPERATORS.iter().all(|row| !row.versions.is_empty() && row.versions.is_sorted()));
    }
}
