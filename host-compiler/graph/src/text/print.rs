//! Printing.

use std::fmt::{self, Write};

use super::attributes::attributes;
use super::constants::{hash, hex, numbers};
use crate::graph::{Graph, Node, Value, ValueId};
use crate::tensor::Tensor;

/// How the data of constants are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConstantForm {
    /// Up to this many numbers; more as `splat` where all are equal, else as a hash.
    Short(usize),
    /// All of them, bit for bit.
    Full,
}

impl fmt::Display for Graph {
    /// The text form with constants of up to 16 numbers written out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&print(self, ConstantForm::Short(16)))
    }
}

/// The text form: inputs, then the constants that are used, nodes and outputs.
pub fn print(graph: &Graph, form: ConstantForm) -> String {
    let mut text = format!("graph {}\n", quoted(&graph.name));
    let mut line = |content: String| {
        text.push_str(&content);
        text.push('\n');
    };
    graph.inputs.iter().for_each(|&v| line(format!("input {}", typed(graph, v))));
    let mut used = vec![false; graph.values.len()];
    let reads = graph.nodes.iter().flat_map(|n| &n.inputs).chain(graph.outputs.iter().map(|(_, v)| v));
    reads.for_each(|v| used[v.0 as usize] = true);
    for (value, _) in graph.values.iter().zip(used).filter(|(_, used)| *used) {
        if let Some(tensor) = &value.constant {
            line(format!("const {}: {} = {}", reference(value), value.ty, data(tensor, form)));
        }
    }
    graph.nodes.iter().for_each(|n| line(node(graph, n)));
    graph.outputs.iter().for_each(|(n, v)| line(format!("output {} = {}", quoted(n), reference(graph.value(*v)))));
    text
}

fn node(graph: &Graph, node: &Node) -> String {
    let results: Vec<String> = node.outputs.iter().map(|&v| typed(graph, v)).collect();
    let operands: Vec<String> = node.inputs.iter().map(|&v| reference(graph.value(v))).collect();
    let mut text = format!("{} = {}({})", results.join(", "), node.op.name(), operands.join(", "));
    for (key, value) in attributes(&node.op) {
        let _ = write!(text, " {key}={value}");
    }
    if node.outputs.first().is_none_or(|&v| graph.value(v).name != node.name) {
        let _ = write!(text, " @{}", quoted(&node.name));
    }
    text
}

fn typed(graph: &Graph, v: ValueId) -> String {
    format!("{}: {}", reference(graph.value(v)), graph.ty(v))
}

fn reference(value: &Value) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_./:-".contains(c);
    let simple = !value.name.is_empty() && value.name.chars().all(plain) && !value.name.ends_with(':');
    if simple { format!("%{}", value.name) } else { format!("%{}", quoted(&value.name)) }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

fn data(tensor: &Tensor, form: ConstantForm) -> String {
    let limit = match form {
        ConstantForm::Full => return format!("hex {}", hex(tensor)),
        ConstantForm::Short(limit) => limit,
    };
    let elements = tensor.ty().elements();
    if elements > 1 && tensor.uniform().is_some() {
        let first = tensor.bytes()[..tensor.dtype().size()].to_vec();
        let one = Tensor::new(crate::tensor::TensorType::new(tensor.dtype(), []), first);
        return format!("splat {}", one.map(|t| numbers(&t).concat()).unwrap_or_default());
    }
    if elements <= limit { format!("[{}]", numbers(tensor).join(", ")) } else { format!("#{}", hash(tensor)) }
}
