//! Reading the protobuf: messages, tensors, attributes. The message types are tract-onnx's, nothing else of it is used.

pub(crate) mod attributes;
pub(crate) mod dtype;
pub(crate) mod external;
pub(crate) mod tensor;

pub(crate) use tract_onnx::pb::{
    AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto,
};

use prost::Message;

use crate::error::ImportError;

/// Decodes a model. Nesting is bounded by the decoder (100 messages), memory by a small multiple of the input.
pub(crate) fn decode(bytes: &[u8]) -> Result<ModelProto, ImportError> {
    ModelProto::decode(bytes).map_err(|e| ImportError::Decode { reason: e.to_string() })
}

/// Bytes of the tensors a graph and its branches store, as initialisers or as values of Constant nodes; a tensor of a
/// type or shape that cannot be read counts as none.
pub(crate) fn stored_bytes(graph: &GraphProto) -> u64 {
    let attributes = || graph.node.iter().flat_map(|node| &node.attribute);
    let tensors = graph.initializer.iter().chain(attributes().filter_map(|attribute| attribute.t.as_ref()));
    let branches = attributes().filter_map(|attribute| attribute.g.as_ref()).map(stored_bytes);
    tensors.filter_map(tensor::stored_bytes).chain(branches).fold(0, u64::saturating_add)
}

/// The domain of ONNX's own operators has two names.
pub(crate) fn canonical_domain(domain: &str) -> &str {
    if domain == "ai.onnx" { "" } else { domain }
}
