//! The graph's invariants, checked between passes.
//!
//! 1. Every value id and node operand is in range.
//! 2. Value names are unique and not empty; output names are unique.
//! 3. A value is a graph input, a constant or the result of one node, never two of them.
//! 4. A constant's data has the value's type.
//! 5. A node reads only graph inputs, constants and results of earlier nodes; so do the graph's outputs.
//! 6. A node's results have the types its operator infers from its operands.

use std::collections::HashSet;

use thiserror::Error;

use crate::graph::{Graph, ValueId};
use crate::infer::{InferError, infer};
use crate::tensor::TensorType;

/// A broken invariant: a fault of the pass (or importer) that made the graph.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum VerifyError {
    /// Rule 1.
    #[error("{place} names value {id}, but the graph has {count} values; this is a bug, please report it")]
    UnknownValue {
        /// who names it
        place: String,
        /// the id
        id: u32,
        /// values in the graph
        count: usize,
    },
    /// Rule 2.
    #[error("the name \"{name}\" is empty or used twice; this is a bug, please report it")]
    Name {
        /// the name
        name: String,
    },
    /// Rule 3.
    #[error("value \"{value}\" has two sources; this is a bug, please report it")]
    TwoSources {
        /// name of the value
        value: String,
    },
    /// Rule 4.
    #[error("constant \"{value}\" is {ty}, its data are {data}; this is a bug, please report it")]
    ConstantType {
        /// name of the value
        value: String,
        /// its type
        ty: TensorType,
        /// type of the data
        data: TensorType,
    },
    /// Rule 5.
    #[error("{place} reads \"{value}\" before anything computes it; this is a bug, please report it")]
    NotComputed {
        /// who reads it
        place: String,
        /// name of the value
        value: String,
    },
    /// Rule 6: the operator cannot be applied at all.
    #[error("node \"{node}\": {source}; this is a bug, please report it")]
    Inference {
        /// name of the node
        node: String,
        /// why
        source: InferError,
    },
    /// Rule 6: it gives other types.
    #[error("node \"{node}\" gives {inferred:?}, the graph says {stated:?}; this is a bug, please report it")]
    ResultType {
        /// name of the node
        node: String,
        /// what its operator infers
        inferred: Vec<TensorType>,
        /// what its result values say
        stated: Vec<TensorType>,
    },
}

/// Checks every invariant.
pub fn verify(graph: &Graph) -> Result<(), VerifyError> {
    ids(graph)?;
    names(graph)?;
    let mut computed = sources(graph)?;
    for node in &graph.nodes {
        let place = || format!("node \"{}\"", node.name);
        node.inputs.iter().try_for_each(|&v| check_computed(graph, &computed, v, place))?;
        node_types(graph, node)?;
        for &v in &node.outputs {
            if std::mem::replace(&mut computed[v.0 as usize], true) {
                return Err(VerifyError::TwoSources { value: graph.value(v).name.clone() });
            }
        }
    }
    graph.outputs.iter().try_for_each(|(name, v)| check_computed(graph, &computed, *v, || format!("output \"{name}\"")))
}

fn ids(graph: &Graph) -> Result<(), VerifyError> {
    let count = graph.values.len();
    let check = |place: &dyn Fn() -> String, v: ValueId| {
        let ok = (v.0 as usize) < count;
        if ok { Ok(()) } else { Err(VerifyError::UnknownValue { place: place(), id: v.0, count }) }
    };
    graph.inputs.iter().try_for_each(|&v| check(&|| "the input list".into(), v))?;
    for node in &graph.nodes {
        let all = node.inputs.iter().chain(&node.outputs);
        all.into_iter().try_for_each(|&v| check(&|| format!("node \"{}\"", node.name), v))?;
    }
    graph.outputs.iter().try_for_each(|(name, v)| check(&|| format!("output \"{name}\""), *v))
}

fn names(graph: &Graph) -> Result<(), VerifyError> {
    let mut seen = HashSet::new();
    let mut outputs = HashSet::new();
    let values = graph.values.iter().map(|v| &v.name).find(|n| n.is_empty() || !seen.insert(*n));
    let twice = values.or_else(|| graph.outputs.iter().map(|(n, _)| n).find(|n| !outputs.insert(*n)));
    twice.map_or(Ok(()), |name| Err(VerifyError::Name { name: name.clone() }))
}

/// Which values are inputs or constants.
fn sources(graph: &Graph) -> Result<Vec<bool>, VerifyError> {
    let mut computed = vec![false; graph.values.len()];
    for (slot, value) in computed.iter_mut().zip(&graph.values) {
        if let Some(data) = &value.constant {
            if *data.ty() != value.ty {
                let (ty, data) = (value.ty.clone(), data.ty().clone());
                return Err(VerifyError::ConstantType { value: value.name.clone(), ty, data });
            }
            *slot = true;
        }
    }
    for &v in &graph.inputs {
        if std::mem::replace(&mut computed[v.0 as usize], true) {
            return Err(VerifyError::TwoSources { value: graph.value(v).name.clone() });
        }
    }
    Ok(computed)
}

fn check_computed(graph: &Graph, computed: &[bool], v: ValueId, place: impl Fn() -> String) -> Result<(), VerifyError> {
    if computed[v.0 as usize] {
        return Ok(());
    }
    Err(VerifyError::NotComputed { place: place(), value: graph.value(v).name.clone() })
}

fn node_types(graph: &Graph, node: &crate::graph::Node) -> Result<(), VerifyError> {
    let operands: Vec<&TensorType> = node.inputs.iter().map(|&v| graph.ty(v)).collect();
    let in_node = |source| VerifyError::Inference { node: node.name.clone(), source };
    let inferred = infer(&node.op, &operands).map_err(in_node)?;
    let stated: Vec<TensorType> = node.outputs.iter().map(|&v| graph.ty(v).clone()).collect();
    if inferred == stated {
        return Ok(());
    }
    Err(VerifyError::ResultType { node: node.name.clone(), inferred, stated })
}
