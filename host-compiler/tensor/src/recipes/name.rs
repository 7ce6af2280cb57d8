//! Kernel names: `operator_dtype[_layout][_variant][_epilogue…]`.
//!
//! The operator is the anchor's (`conv2d`, `dwconv2d`, `matmul`, `softmax`, `add`), the type that of its first operand,
//! the layout `nchw` or `nhwc` where the operator has one, the variant `3x3s2d2` (kernel, stride and dilation where not
//! 1), `tn` (transposed operands), `g8` (groups). Nodes fused behind or before the anchor follow in execution order, at
//! most [`SHOWN`]; `_and3` says how many more there are. Names need not be unique: shapes are not part of them.

use lathe_graph::op::{Layout, Window};
use lathe_graph::{Graph, Node, NodeId, Op};

/// How many fused nodes a name spells out.
const SHOWN: usize = 4;

/// The name of a group's program.
pub(super) fn group_name(graph: &Graph, nodes: &[NodeId], anchor: NodeId) -> String {
    let node = |id: NodeId| graph.nodes.get(id.0 as usize);
    let mut name = node(anchor).map_or("empty".to_string(), |n| anchor_name(graph, n));
    let others: Vec<&Node> = nodes.iter().filter(|&&n| n != anchor).filter_map(|&n| node(n)).collect();
    for other in others.iter().take(SHOWN) {
        name.push('_');
        name.push_str(&operator(&other.op));
    }
    if others.len() > SHOWN {
        name.push_str(&format!("_and{}", others.len() - SHOWN));
    }
    name
}

fn anchor_name(graph: &Graph, node: &Node) -> String {
    let dtype = node.inputs.first().map_or("f32", |&v| graph.ty(v).dtype.name());
    let shape = |k: usize| node.inputs.get(k).map_or(&[][..], |&v| &graph.ty(v).shape);
    let mut parts = vec![operator(&node.op), dtype.to_string()];
    match &node.op {
        Op::Conv { window, groups, layout } => {
            let depthwise = *groups > 1 && shape(1).get(1) == Some(&1);
            if depthwise {
                parts[0].insert_str(0, "dw");
            }
            parts.push(layout_name(*layout).to_string());
            parts.push(window_name(window));
            if !depthwise && *groups > 1 {
                parts.push(format!("g{groups}"));
            }
        }
        Op::ConvTranspose { window, layout, .. } | Op::Pool { window, layout, .. } => {
            parts.push(layout_name(*layout).to_string());
            parts.push(window_name(window));
        }
        Op::BatchNorm { layout, .. } | Op::InstanceNorm { layout, .. } => parts.push(layout_name(*layout).to_string()),
        Op::MatMul { transpose_a, transpose_b } => {
            let letter = |t: &bool| if *t { 't' } else { 'n' };
            parts.push([letter(transpose_a), letter(transpose_b)].iter().collect());
        }
        _ => {}
    }
    parts.join("_")
}

fn layout_name(layout: Layout) -> &'static str {
    match layout {
        Layout::ChannelsFirst => "nchw",
        Layout::ChannelsLast => "nhwc",
    }
}

/// `3x3s2d2`: strides and dilations once where they are equal, left out where they are 1.
fn window_name(window: &Window) -> String {
    let list = |v: &[usize]| v.iter().map(usize::to_string).collect::<Vec<_>>().join("x");
    let mut name = list(&window.kernel);
    for (letter, values) in [('s', &window.strides), ('d', &window.dilations)] {
        let equal = values.windows(2).all(|w| w[0] == w[1]);
        match values.first() {
            Some(1) if equal => {}
            Some(first) if equal => name.push_str(&format!("{letter}{first}")),
            _ => name.push_str(&format!("{letter}{}", list(values))),
        }
    }
    name
}

/// The operator's name in kernel names.
fn operator(op: &Op) -> String {
    match op {
        Op::Unary(u) => word(&format!("{u:?}")),
        Op::Binary(b) => word(&format!("{b:?}")),
        Op::Reduce { reduction, .. } => format!("reduce_{}", word(&format!("{reduction:?}"))),
        Op::Conv { window, .. } => format!("conv{}d", window.kernel.len()),
        Op::ConvTranspose { window, .. } => format!("deconv{}d", window.kernel.len()),
        Op::Pool { pool, window, .. } => format!("{}pool{}d", word(&format!("{pool:?}")), window.kernel.len()),
        Op::ArgReduce { max, .. } => if *max { "argmax" } else { "argmin" }.to_string(),
        Op::Softmax { log: true, .. } => "logsoftmax".to_string(),
        Op::Cast(to) => format!("to_{to}"),
        other => word(&format!("{other:?}")),
    }
}

/// The variant name of a `Debug` form in lower case.
fn word(debug: &str) -> String {
    debug.chars().take_while(|c| c.is_ascii_alphanumeric()).map(|c| c.to_ascii_lowercase()).collect()
}
