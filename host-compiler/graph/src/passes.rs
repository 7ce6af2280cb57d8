//! Passes: rewrites of a graph, one per file, each with its contract and an example at the top.
//!
//! Every pass takes a well-formed graph (see [`crate::verify`]) and leaves a well-formed graph that computes the same
//! outputs, up to the rounding that the pass's contract names. Graph inputs and outputs keep their names, types and
//! order.

mod common_subexpressions;
mod dead_code;
mod fold;
mod fold_affine;
pub mod fuse;
mod gelu;
mod layer_norm;
mod layout;
mod matching;
mod rewriter;
mod simplify;
mod sink_reshape;

use thiserror::Error;

use crate::graph::Graph;
use crate::infer::InferError;
use crate::interpreter::EvalError;
use crate::verify::{VerifyError, verify};

pub use common_subexpressions::common_subexpressions;
pub use dead_code::dead_code;
pub use fold::fold;
pub use fold_affine::fold_affine;
pub use fuse::{Group, fuse};
pub use gelu::gelu;
pub use layer_norm::layer_norm;
pub use layout::layout;
pub use simplify::simplify;
pub use sink_reshape::sink_reshape;

/// Why a pass failed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PassError {
    /// A constant part of the model cannot be computed.
    #[error("node \"{node}\": {source}")]
    Constant {
        /// name of the node
        node: String,
        /// why
        source: EvalError,
    },
    /// A pass built a node that inference refuses.
    #[error("node \"{node}\": {source}; this is a bug, please report it")]
    Infer {
        /// name of the node
        node: String,
        /// why
        source: InferError,
    },
    /// A pass met a graph that is not well-formed.
    #[error("value \"{value}\" is not what a pass expects; this is a bug, please report it")]
    Malformed {
        /// name of the value
        value: String,
    },
    /// The graph is not well-formed after a pass.
    #[error("after pass {pass}: {source}")]
    Verify {
        /// name of the pass
        pass: &'static str,
        /// what is wrong
        source: VerifyError,
    },
}

/// A named pass.
#[derive(Clone, Copy)]
pub struct Pass {
    /// Name in messages and for `--emit`.
    pub name: &'static str,
    /// What it does to a graph.
    pub run: fn(&mut Graph) -> Result<(), PassError>,
}

/// The passes that `optimize` runs, in order. Cleaning passes come again after those that leave something to clean.
pub const PIPELINE: [Pass; 18] = [
    Pass { name: "dead_code", run: dead_code },
    Pass { name: "fold", run: fold },
    Pass { name: "simplify", run: simplify },
    Pass { name: "common_subexpressions", run: common_subexpressions },
    Pass { name: "layer_norm", run: layer_norm },
    Pass { name: "gelu", run: gelu },
    Pass { name: "dead_code", run: dead_code },
    Pass { name: "fold_affine", run: fold_affine },
    Pass { name: "dead_code", run: dead_code },
    Pass { name: "layout", run: layout },
    Pass { name: "dead_code", run: dead_code },
    Pass { name: "fold", run: fold },
    Pass { name: "simplify", run: simplify },
    Pass { name: "sink_reshape", run: sink_reshape },
    Pass { name: "simplify", run: simplify },
    Pass { name: "fold_affine", run: fold_affine },
    Pass { name: "common_subexpressions", run: common_subexpressions },
    Pass { name: "dead_code", run: dead_code },
];

/// Runs [`PIPELINE`] with the verifier before the first pass and after each; `observe` sees the graph after each pass.
pub fn optimize(graph: &mut Graph, mut observe: impl FnMut(&str, &Graph)) -> Result<(), PassError> {
    let check = |pass, graph: &Graph| verify(graph).map_err(|source| PassError::Verify { pass, source });
    check("import", graph)?;
    for pass in PIPELINE {
        (pass.run)(graph)?;
        check(pass.name, graph)?;
        observe(pass.name, graph);
    }
    Ok(())
}
