//! What the caller fixes before import.

use std::collections::BTreeMap;
use std::path::PathBuf;

use lathe_graph::Tensor;

/// What the caller of [`import`](crate::import) fixes.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Shapes of graph inputs by name; needed where the model leaves a dimension open.
    pub input_shapes: BTreeMap<String, Vec<usize>>,
    /// Values of graph inputs that shall be constants: such an input is no longer an input of the graph.
    pub input_values: BTreeMap<String, Tensor>,
    /// The model's folder, below which external tensor data may lie.
    pub base_dir: Option<PathBuf>,
}
