//! Computes equal things once: nodes with the same operator and operands, and constants with the same data.
//!
//! Contract: results are bit-identical; the first of equals stays, with its name.
//!
//! ```text
//! %a = Exp(%x)                 %a = Exp(%x)
//! %b = Exp(%x)         ->      %c = Add(%a, %a)
//! %c = Add(%a, %b)
//! ```

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use super::PassError;
use super::rewriter::Rewriter;
use crate::graph::{Graph, ValueId};
use crate::tensor::Tensor;

/// Merges equal nodes and equal constants.
pub fn common_subexpressions(graph: &mut Graph) -> Result<(), PassError> {
    let same = merged_constants(graph);
    let mut seen: HashMap<(String, Vec<ValueId>), Vec<ValueId>> = HashMap::new();
    let mut r = Rewriter::new(graph);
    for node in &graph.nodes {
        let inputs: Vec<ValueId> = node.inputs.iter().map(|v| *same.get(v).unwrap_or(v)).collect();
        let inputs = inputs.into_iter().map(|v| r.get(v)).collect::<Result<Vec<_>, _>>()?;
        // Debug output spells every attribute, floats so that equal text means equal value.
        let key = (format!("{:?}", node.op), inputs.clone());
        if let Some(first) = seen.get(&key) {
            for (&old, &first) in node.outputs.iter().zip(first) {
                r.set(old, first);
            }
            continue;
        }
        r.emit_for(node, node.op.clone(), &inputs)?;
        seen.insert(key, r.new.nodes.last().map(|n| n.outputs.clone()).unwrap_or_default());
    }
    *graph = r.finish()?;
    Ok(())
}

/// For each constant that repeats an earlier one: the earlier one.
fn merged_constants(graph: &Graph) -> HashMap<ValueId, ValueId> {
    let mut by_hash: HashMap<u64, Vec<(ValueId, &Tensor)>> = HashMap::new();
    let mut same = HashMap::new();
    for (i, value) in graph.values.iter().enumerate() {
        let Some(tensor) = &value.constant else { continue };
        let mut hasher = DefaultHasher::new();
        (tensor.ty(), tensor.bytes()).hash(&mut hasher);
        let equals = by_hash.entry(hasher.finish()).or_default();
        match equals.iter().find(|(_, t)| *t == tensor) {
            Some((first, _)) => {
                same.insert(ValueId(i as u32), *first);
            }
            None => equals.push((ValueId(i as u32), tensor)),
        }
    }
    same
}
