//! What can go wrong with a model, each error naming what, where and what to do.

use std::fmt;
use std::path::PathBuf;

/// Why a model was not imported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// An error in a file that has a name.
    #[error("{}: {source}", path.display())]
    InFile {
        /// the model's file
        path: PathBuf,
        /// what is wrong with it
        source: Box<ImportError>,
    },
    /// The model's file cannot be read.
    #[error("cannot read the model: {source}")]
    Read {
        /// what the operating system said
        source: std::io::Error,
    },
    /// The bytes are no ONNX protobuf, or damaged.
    #[error("not an ONNX model, or a damaged one: {reason}")]
    Decode {
        /// where decoding stopped
        reason: String,
    },
    /// The model leaves out a part that every model must have, or contradicts itself.
    #[error("malformed model: {reason}")]
    Model {
        /// what is missing or contradictory
        reason: String,
    },
    /// A stored tensor is malformed or of a type that is not supported.
    #[error("tensor '{tensor}': {fault}")]
    Tensor {
        /// the tensor's name
        tensor: String,
        /// what is wrong
        fault: TensorFault,
    },
    /// The graph reads a value that nothing defines.
    #[error("{node} reads '{value}', which no input, initialiser or earlier node defines")]
    UnknownValue {
        /// the reading node
        node: Box<NodeRef>,
        /// the value's name
        value: String,
    },
    /// The graph reads a value before the node that computes it; ONNX wants nodes in execution order.
    #[error(
        "{node} reads '{value}' before it is computed: nodes must be in topological order, without cycles; \
         sort the model (for example with onnx-graphsurgeon's toposort) and try again"
    )]
    OutOfOrder {
        /// the reading node
        node: Box<NodeRef>,
        /// the value's name
        value: String,
    },
    /// Two inputs, initialisers or nodes define one name.
    #[error("'{value}' is defined twice; names of values must be unique")]
    DuplicateValue {
        /// the name
        value: String,
    },
    /// A graph output is computed by nothing.
    #[error("the graph output '{value}' is not computed by any node")]
    UnknownOutput {
        /// the output's name
        value: String,
    },
    /// Inputs have dimensions that only the user can fix.
    #[error("{}", ask_for_shapes(inputs))]
    MissingShapes {
        /// every input with an open dimension
        inputs: Vec<MissingShape>,
    },
    /// A given input shape contradicts the model.
    #[error("input '{input}': the given shape {} does not fit the model's {declared}", dims(given))]
    ShapeMismatch {
        /// the input
        input: String,
        /// the shape the user gave
        given: Vec<usize>,
        /// the shape in the model, symbols by name
        declared: String,
    },
    /// One symbolic dimension was given two extents.
    #[error(
        "the dimension '{symbol}' is {first} in input '{first_input}' but {second} in input '{second_input}'; give both \
         inputs the same extent there"
    )]
    SymbolMismatch {
        /// the dimension's symbol
        symbol: String,
        /// the input that fixed it first
        first_input: String,
        /// its extent there
        first: usize,
        /// the input that contradicts
        second_input: String,
        /// its extent there
        second: usize,
    },
    /// A shape or value was given for an input that the model does not have.
    #[error("the model has no input '{input}'; its inputs are: {}", available.join(", "))]
    UnknownInput {
        /// the name the user gave
        input: String,
        /// the model's inputs
        available: Vec<String>,
    },
    /// An input is of a kind or element type that is not supported.
    #[error("input '{input}': {reason}")]
    InputType {
        /// the input
        input: String,
        /// what it is and what is supported
        reason: String,
    },
    /// The operator, or this use of it, is not supported.
    #[error("{node} is not supported: {reason}")]
    Unsupported {
        /// the node
        node: Box<NodeRef>,
        /// why, and what could be done
        reason: String,
    },
    /// A shape or attribute depends on data that is only known when the model runs.
    #[error(
        "{node}: '{value}' must be known when compiling ({reason}), but it is computed from the model's inputs; shapes \
         must not depend on data"
    )]
    DataDependent {
        /// the node
        node: Box<NodeRef>,
        /// the value that had to be constant
        value: String,
        /// what it decides
        reason: String,
    },
    /// The node contradicts its operator's definition.
    #[error("{node} is malformed: {reason}")]
    InvalidNode {
        /// the node
        node: Box<NodeRef>,
        /// what is wrong
        reason: String,
    },
}

impl ImportError {
    /// Whether the model is sound but uses what is not supported (as opposed to a broken model or a wrong request).
    pub fn is_unsupported(&self) -> bool {
        match self {
            ImportError::InFile { source, .. } => source.is_unsupported(),
            ImportError::Unsupported { .. } | ImportError::DataDependent { .. } | ImportError::InputType { .. } => true,
            ImportError::Tensor { fault, .. } => matches!(fault, TensorFault::DType { .. } | TensorFault::Sparse),
            _ => false,
        }
    }
}

/// An ONNX node, as messages name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeRef {
    /// The node's name, or its first output's.
    pub name: String,
    /// The operator's domain, empty for ONNX's own.
    pub domain: String,
    /// The operator.
    pub operator: String,
    /// The domain's opset in the model.
    pub opset: i64,
}

impl NodeRef {
    /// The operator with its domain unless that is ONNX's own: `Conv`, `com.microsoft::QGemm`.
    pub fn qualified_operator(&self) -> String {
        match self.domain.as_str() {
            "" => self.operator.clone(),
            domain => format!("{domain}::{}", self.operator),
        }
    }
}

impl fmt::Display for NodeRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "node '{}' ({}, opset {})", self.name, self.qualified_operator(), self.opset)
    }
}

/// What is wrong with a stored tensor.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TensorFault {
    /// Its element type is not supported.
    #[error("elements of type {dtype} are not supported")]
    DType {
        /// the type's ONNX name, or its number
        dtype: String,
    },
    /// It is stored as coordinates and values.
    #[error("sparse tensors are not supported")]
    Sparse,
    /// A dimension is negative, or all together are more than can be addressed.
    #[error("impossible shape {0:?}")]
    Shape(Vec<i64>),
    /// It has more dimensions than are supported.
    #[error("it has {0} dimensions; at most 64 are supported")]
    Rank(usize),
    /// The data is shorter or longer than the shape says.
    #[error("the shape {shape} needs {needed} {unit}, but {found} are stored")]
    Length {
        /// the declared shape
        shape: String,
        /// how much it needs
        needed: usize,
        /// bytes or elements
        unit: &'static str,
        /// how much there is
        found: usize,
    },
    /// An entry of a typed field is outside the element type.
    #[error("element {index} does not fit its type")]
    Element {
        /// position of the entry
        index: usize,
    },
    /// Its data is in segments, a form no tool writes.
    #[error("segmented tensors are not supported")]
    Segmented,
    /// Its data lies in another file, but it is not known where the model lies.
    #[error("the data is in an external file, and the model's folder is not known")]
    NoFolder,
    /// Its external data is described wrongly.
    #[error("external data: {0}")]
    External(String),
    /// Its external data lies outside the model's folder.
    #[error("external data '{location}' is outside the model's folder, which is refused")]
    Outside {
        /// the location as the model gives it
        location: String,
    },
}

/// A graph input that needs a shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingShape {
    /// The input's name.
    pub input: String,
    /// Its shape in the model, open dimensions by name: `[batch,3,224,224]`; `[?]` when even the rank is open.
    pub declared: String,
}

/// The message that asks for shapes, one line per input.
fn ask_for_shapes(inputs: &[MissingShape]) -> String {
    let mut text = String::from("the model leaves dimensions of its inputs open; fix them with");
    for MissingShape { input, declared } in inputs {
        text += &format!("\n  --input-shape {input}=N,N,...   (the model says {declared})");
    }
    text
}

/// `[1,3,224,224]`
pub(crate) fn dims(shape: &[usize]) -> String {
    let list: Vec<String> = shape.iter().map(usize::to_string).collect();
    format!("[{}]", list.join(","))
}
