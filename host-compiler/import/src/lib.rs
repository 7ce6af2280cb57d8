//! ONNX import: protobuf to graph, one file per operator.
//!
//! [`import`] decodes a model, fixes its shapes, translates every node to the operators of `lathe_graph` (fewer and
//! more regular than ONNX's) and computes what depends on constants alone. [`check`] says for every operator whether
//! that would succeed, without stopping at the first that does not. [`node_tests`] runs the ONNX backend tests.
//!
//! The way through the crate: `proto` reads the protobuf, `translate` walks the graph, `onnx` holds one file per
//! operator behind one table.
#![forbid(unsafe_code)]

mod check;
mod error;
pub mod node_tests;
mod onnx;
mod options;
mod proto;
mod translate;

use std::path::Path;

use lathe_graph::Graph;

pub use check::{OperatorReport, Report, Support, check};
pub use error::{ImportError, MissingShape, NodeRef, TensorFault};
pub use options::Options;

/// Turns the bytes of an ONNX model into a graph.
///
/// External tensor data is looked for below [`Options::base_dir`]; without it such a model is refused.
pub fn import(bytes: &[u8], options: &Options) -> Result<Graph, ImportError> {
    translate::model(proto::decode(bytes)?, options, onnx::lookup)
}

/// Reads an ONNX file and turns it into a graph. External data is looked for beside the file, unless
/// [`Options::base_dir`] says otherwise. Errors name the file.
pub fn import_file(path: impl AsRef<Path>, options: &Options) -> Result<Graph, ImportError> {
    let path = path.as_ref();
    let in_file = |source| ImportError::InFile { path: path.to_path_buf(), source: Box::new(source) };
    let bytes = std::fs::read(path).map_err(|source| in_file(ImportError::Read { source }))?;
    let model = proto::decode(&bytes).map_err(in_file)?;
    drop(bytes);
    let mut options = options.clone();
    if options.base_dir.is_none() {
        options.base_dir = path.parent().map(Path::to_path_buf);
    }
    translate::model(model, &options, onnx::lookup).map_err(in_file)
}

/// The names of a model's inputs in its order, those with a stored value left out: what can be given a shape.
pub fn input_names(bytes: &[u8]) -> Result<Vec<String>, ImportError> {
    let graph = proto::decode(bytes)?.graph.unwrap_or_default();
    let stored = |name: &String| graph.initializer.iter().any(|t| t.name == *name);
    Ok(graph.input.iter().map(|i| i.name.clone()).filter(|name| !stored(name)).collect())
}
