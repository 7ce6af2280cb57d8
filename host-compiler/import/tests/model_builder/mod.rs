//! Builds small ONNX models for the tests.
#![allow(dead_code, reason = "each test binary uses a part")]

use prost::Message;
use tract_onnx::pb::tensor_shape_proto::{Dimension, dimension::Value as Extent};
use tract_onnx::pb::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto, TensorShapeProto, TypeProto,
    ValueInfoProto, type_proto,
};

/// ONNX's number of f32.
pub const F32: i32 = 1;
/// ONNX's number of i64.
pub const I64: i32 = 7;

/// A model of one graph.
pub fn model(opset: i64, graph: GraphProto) -> ModelProto {
    let opset_import = vec![OperatorSetIdProto { domain: String::new(), version: opset }];
    ModelProto { ir_version: 8, opset_import, graph: Some(graph), ..Default::default() }
}

/// The model's bytes.
pub fn bytes(model: &ModelProto) -> Vec<u8> {
    model.encode_to_vec()
}

/// A model of one graph, as bytes.
pub fn model_bytes(opset: i64, graph: GraphProto) -> Vec<u8> {
    bytes(&model(opset, graph))
}

/// A dimension: a number, or a name.
pub fn dims(shape: &[&str]) -> Vec<Dimension> {
    let value = |d: &str| match d.parse() {
        Ok(n) => Extent::DimValue(n),
        Err(_) => Extent::DimParam(d.to_owned()),
    };
    shape.iter().map(|d| Dimension { value: Some(value(d)), ..Default::default() }).collect()
}

/// A declared value: `value("x", F32, &["1", "N"])`.
pub fn value(name: &str, elem_type: i32, shape: &[&str]) -> ValueInfoProto {
    let tensor = type_proto::Tensor { elem_type, shape: Some(TensorShapeProto { dim: dims(shape) }) };
    let ty = TypeProto { value: Some(type_proto::Value::TensorType(tensor)), ..Default::default() };
    ValueInfoProto { name: name.to_owned(), r#type: Some(ty), ..Default::default() }
}

/// A node: `node("Add", &["a", "b"], &["c"], vec![])`.
pub fn node(op: &str, inputs: &[&str], outputs: &[&str], attribute: Vec<AttributeProto>) -> NodeProto {
    let list = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect();
    NodeProto { op_type: op.to_owned(), input: list(inputs), output: list(outputs), attribute, ..Default::default() }
}

pub fn int(name: &str, i: i64) -> AttributeProto {
    AttributeProto { name: name.to_owned(), r#type: 2, i, ..Default::default() }
}

pub fn float(name: &str, f: f32) -> AttributeProto {
    AttributeProto { name: name.to_owned(), r#type: 1, f, ..Default::default() }
}

pub fn ints(name: &str, ints: &[i64]) -> AttributeProto {
    AttributeProto { name: name.to_owned(), r#type: 7, ints: ints.to_vec(), ..Default::default() }
}

pub fn floats(name: &str, floats: &[f32]) -> AttributeProto {
    AttributeProto { name: name.to_owned(), r#type: 6, floats: floats.to_vec(), ..Default::default() }
}

pub fn string(name: &str, s: &str) -> AttributeProto {
    AttributeProto { name: name.to_owned(), r#type: 3, s: s.as_bytes().to_vec(), ..Default::default() }
}

pub fn graph_attribute(name: &str, g: GraphProto) -> AttributeProto {
    AttributeProto { name: name.to_owned(), r#type: 5, g: Some(g), ..Default::default() }
}

/// A stored f32 tensor.
pub fn floats_tensor(name: &str, shape: &[i64], values: &[f32]) -> TensorProto {
    let raw_data = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    TensorProto { name: name.to_owned(), dims: shape.to_vec(), data_type: F32, raw_data, ..Default::default() }
}

/// A stored i64 tensor, in the typed field.
pub fn ints_tensor(name: &str, shape: &[i64], values: &[i64]) -> TensorProto {
    let int64_data = values.to_vec();
    TensorProto { name: name.to_owned(), dims: shape.to_vec(), data_type: I64, int64_data, ..Default::default() }
}

/// A small convolutional network with a shape computed on the way: 1x2x6x6 to 1x3.
pub fn small_network() -> ModelProto {
    let weights: Vec<f32> = (0..36).map(|i| (i as f32 - 18.0) / 20.0).collect();
    let dense: Vec<f32> = (0..36).map(|i| (i as f32 * 0.37).sin()).collect();
    model(
        13,
        GraphProto {
            name: "small".to_owned(),
            input: vec![value("image", F32, &["N", "2", "6", "6"])],
            output: vec![value("scores", F32, &["N", "3"])],
            initializer: vec![
                floats_tensor("weights", &[2, 2, 3, 3], &weights),
                floats_tensor("bias", &[2], &[0.1, -0.2]),
                floats_tensor("dense", &[3, 12], &dense),
                ints_tensor("first", &[1], &[0]),
                ints_tensor("rest", &[1], &[-1]),
            ],
            node: vec![
                node("Conv", &["image", "weights", "bias"], &["features"], vec![ints("pads", &[1, 1, 1, 1])]),
                node("Clip", &["features", "", ""], &["clipped"], vec![]),
                node("Relu", &["clipped"], &["active"], vec![]),
                node(
                    "MaxPool",
                    &["active"],
                    &["pooled"],
                    vec![ints("kernel_shape", &[3, 2]), ints("strides", &[2, 2])],
                ),
                node("Shape", &["image"], &["shape"], vec![]),
                node("Gather", &["shape", "first"], &["batch"], vec![int("axis", 0)]),
                node("Concat", &["batch", "rest"], &["flat_shape"], vec![int("axis", 0)]),
                node("Reshape", &["pooled", "flat_shape"], &["flat"], vec![]),
                node("Gemm", &["flat", "dense"], &["logits"], vec![int("transB", 1), float("alpha", 0.5)]),
                node("Softmax", &["logits"], &["scores"], vec![int("axis", -1)]),
            ],
            ..Default::default()
        },
    )
}
