//! Graph IR: typed tensors, operators, verifier, text form, passes and the reference interpreter.
//!
//! A [`Graph`] is a list of nodes in execution order over typed [`Value`]s. Every shape is static. Operators
//! ([`Op`]) are the project's own, fewer and more regular than ONNX's: the importer translates.
#![forbid(unsafe_code)]

pub mod graph;
pub mod infer;
pub mod interpreter;
pub mod op;
pub mod passes;
pub mod tensor;
pub mod text;
pub mod verify;

pub use graph::{Graph, Node, NodeId, Value, ValueId};
pub use infer::{InferError, infer};
pub use lathe_artifact::DType;
pub use op::Op;
pub use tensor::{Tensor, TensorType};
pub use verify::{VerifyError, verify};
