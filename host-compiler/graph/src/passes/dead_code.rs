//! Removes nodes whose results nothing reads, and values nothing mentions.
//!
//! Contract: the remaining nodes are unchanged and keep their order and names. Graph inputs stay, read or not.
//!
//! ```text
//! %a = Exp(%x)                 %b = Neg(%x)
//! %b = Neg(%x)         ->      output "b" = %b
//! output "b" = %b
//! ```

use super::PassError;
use super::rewriter::Rewriter;
use crate::graph::Graph;

/// Removes what no output needs.
pub fn dead_code(graph: &mut Graph) -> Result<(), PassError> {
    let mut needed = vec![false; graph.values.len()];
    graph.outputs.iter().for_each(|(_, v)| needed[v.0 as usize] = true);
    for node in graph.nodes.iter().rev() {
        if node.outputs.iter().any(|v| needed[v.0 as usize]) {
            node.inputs.iter().for_each(|v| needed[v.0 as usize] = true);
        }
    }
    let mut r = Rewriter::new(graph);
    for node in graph.nodes.iter().filter(|n| n.outputs.iter().any(|v| needed[v.0 as usize])) {
        r.keep(node)?;
    }
    *graph = r.finish()?;
    Ok(())
}
