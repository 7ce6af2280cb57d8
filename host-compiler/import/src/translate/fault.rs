//! What a translation answers when it cannot translate a node, before the node's name is put on it.

use lathe_graph::InferError;
use lathe_graph::interpreter::EvalError;

use crate::error::{ImportError, NodeRef, TensorFault};

/// Why one node was not translated.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The operator, or this use of it, is not supported.
    Unsupported(String),
    /// The node contradicts its operator's definition.
    Invalid(String),
    /// A value that must be constant is not.
    DataDependent {
        /// the value
        value: String,
        /// what it decides
        reason: String,
    },
    /// An error that names its place already (inside a subgraph).
    Located(Box<ImportError>),
}

impl Fault {
    /// The operator works on quantised numbers.
    pub(crate) fn quantised() -> Fault {
        Fault::Unsupported("quantised operators are coming, not supported yet".into())
    }

    /// The error with the node's name on it.
    pub(crate) fn at(self, node: NodeRef) -> ImportError {
        let node = Box::new(node);
        match self {
            Fault::Unsupported(reason) => ImportError::Unsupported { node, reason },
            Fault::Invalid(reason) => ImportError::InvalidNode { node, reason },
            Fault::DataDependent { value, reason } => ImportError::DataDependent { node, value, reason },
            Fault::Located(error) => *error,
        }
    }
}

impl From<InferError> for Fault {
    fn from(error: InferError) -> Fault {
        match error {
            InferError::ElementType { .. } | InferError::TooLarge { .. } => Fault::Unsupported(error.to_string()),
            _ => Fault::Invalid(error.to_string()),
        }
    }
}

impl From<EvalError> for Fault {
    fn from(error: EvalError) -> Fault {
        Fault::Invalid(error.to_string())
    }
}

impl From<TensorFault> for Fault {
    fn from(fault: TensorFault) -> Fault {
        match fault {
            TensorFault::DType { .. } | TensorFault::Sparse => Fault::Unsupported(fault.to_string()),
            _ => Fault::Invalid(fault.to_string()),
        }
    }
}

impl From<ImportError> for Fault {
    fn from(error: ImportError) -> Fault {
        Fault::Located(Box::new(error))
    }
}
