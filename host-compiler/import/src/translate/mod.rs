//! Walking an ONNX graph: names, shapes, nodes in order, constants folded on the way.
//!
//! Translation functions (in `onnx`) see one node through a [`NodeContext`] and answer with values or a [`Fault`];
//! the walk puts the node's name on the fault.

mod builder;
mod constants;
mod fault;
mod function;
mod inputs;
mod node;
mod walk;

pub(crate) use builder::MAX_RANK;
pub(crate) use fault::Fault;
pub(crate) use node::{Lookup, NodeContext, Translate, extents};
pub(crate) use walk::{Observer, Walk};

use lathe_graph::Graph;

use crate::error::ImportError;
use crate::options::Options;
use crate::proto::ModelProto;

/// Translates a decoded model, stopping at the first error.
pub(crate) fn model(model: ModelProto, options: &Options, operators: Lookup) -> Result<Graph, ImportError> {
    Walk::new(&model, options, operators, &mut walk::Strict).run(model.graph)
}
