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

/// The domain of ONNX's own operators has two names.
pub(crate) fn canonical_domain(domain: &str) -> &str {
    if domain == "ai.onnx" { "" } else { domain }
}
