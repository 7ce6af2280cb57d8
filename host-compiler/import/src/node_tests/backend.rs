//! What runs an imported graph in the node tests.

use lathe_graph::{Graph, Tensor, interpreter};

/// Runs graphs; the answer to "what does this graph compute?".
pub trait Backend {
    /// The graph's outputs for these inputs, both in the graph's order. An error counts as unsupported when `Err` says
    /// so with [`BackendError::Unsupported`], else as wrong.
    fn run(&self, graph: &Graph, inputs: &[Tensor]) -> Result<Vec<Tensor>, BackendError>;
}

/// Why a backend did not run a graph.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BackendError {
    /// It does not handle an operator or type.
    #[error("{0}")]
    Unsupported(String),
    /// It should have, but failed.
    #[error("{0}")]
    Failed(String),
}

/// The graph interpreter.
#[derive(Clone, Copy, Debug, Default)]
pub struct Interpreter;

impl Backend for Interpreter {
    fn run(&self, graph: &Graph, inputs: &[Tensor]) -> Result<Vec<Tensor>, BackendError> {
        interpreter::run(graph, inputs).map_err(|e| BackendError::Failed(e.to_string()))
    }
}
