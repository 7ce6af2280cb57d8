//! Stores images channels-last and lets layouts flow through the graph, so that transposes meet and vanish.
//!
//! Contract: convolutions and pools read and write `N spatial… C`. Every value has one stored layout, a permutation of
//! its dimensions; a Transpose of the model only renames dimensions and costs nothing until someone needs another
//! order. Operators that do not care (element-wise, Concat, Slice, Pad, Resize, Reduce, Softmax, …) keep the stored
//! layout of their operands with their attributes permuted; where operands differ, the layout that moves the fewest
//! elements wins. A Reshape keeps the layout when it splits or joins only dimensions that lie next to each other, and
//! otherwise moves just those together. All others, and graph outputs, take the model's own order. Constants are permuted here. Results are bit-identical, but
//! for sums taken in another order.
//!
//! ```text
//! %c = Conv(%x, %w)                            %x.nhwc = Transpose(%x) perm=[0,2,3,1]
//! %r = Relu(%c)                    ->          %c.nhwc = Conv(%x.nhwc, %w) layout=channels_last
//! %p = Pool(%r)                                %r.nhwc = Relu(%c.nhwc)
//! output "p" = %p                              %p.nhwc = Pool(%r.nhwc) layout=channels_last
//!                                              %p = Transpose(%p.nhwc) perm=[0,3,1,2]
//! ```

mod attributes;
mod reshape;
mod stored;

use super::PassError;
use crate::graph::{Graph, Node};
use crate::op::{Layout, Op};
use stored::{Layouts, channels_last, identity, inverse};

/// Moves images to channels-last and pushes transposes down until they are needed.
pub fn layout(graph: &mut Graph) -> Result<(), PassError> {
    let mut layouts = Layouts::new(graph)?;
    for node in &graph.nodes {
        place(graph, &mut layouts, node)?;
    }
    *graph = layouts.finish()?;
    Ok(())
}

fn place(graph: &Graph, l: &mut Layouts, node: &Node) -> Result<(), PassError> {
    let Some(&x) = node.inputs.first() else { return l.keep(node) };
    let rank = graph.ty(x).rank();
    match &node.op {
        Op::Conv { layout, .. } | Op::ConvTranspose { layout, .. } | Op::Pool { layout, .. } => match layout {
            Layout::ChannelsFirst => image(l, node, rank),
            Layout::ChannelsLast => l.keep(node),
        },
        Op::InstanceNorm { layout: Layout::ChannelsFirst, .. }
        | Op::BatchNorm { layout: Layout::ChannelsFirst, .. } => {
            let last = rank > 2 && l.native(x) == channels_last(rank);
            if last { image(l, node, rank) } else { l.keep(node) }
        }
        Op::Transpose { perm } => l.rename(node, perm),
        Op::Reshape { shape } => reshape(graph, l, node, shape),
        Op::LayerNorm { axis, .. } | Op::RmsNorm { axis, .. } => {
            let perm = l.native(x);
            let trailing = perm[*axis..].iter().copied().eq(*axis..rank);
            if trailing { l.emit(node, node.op.clone(), &[(x, &perm)], &perm) } else { l.keep(node) }
        }
        _ => agnostic(graph, l, node),
    }
}

/// A window operator: its image operand and result go channels-last.
fn image(l: &mut Layouts, node: &Node, rank: usize) -> Result<(), PassError> {
    let perm = channels_last(rank);
    let mut op = node.op.clone();
    match &mut op {
        Op::Conv { layout, .. }
        | Op::ConvTranspose { layout, .. }
        | Op::Pool { layout, .. }
        | Op::InstanceNorm { layout, .. }
        | Op::BatchNorm { layout, .. } => *layout = Layout::ChannelsLast,
        _ => {}
    }
    let Some(&x) = node.inputs.first() else { return l.keep(node) };
    l.emit(node, op, &[(x, &perm)], &perm)
}

fn reshape(graph: &Graph, l: &mut Layouts, node: &Node, shape: &[usize]) -> Result<(), PassError> {
    let Some(&x) = node.inputs.first() else { return l.keep(node) };
    let (from, native) = (&graph.ty(x).shape, l.native(x));
    let gathered = || reshape::gathered(from, &native, shape);
    let fits = |perm: Vec<usize>| reshape::stored_order(from, &perm, shape).map(|result| (perm, result));
    match fits(native.clone()).or_else(|| gathered().and_then(fits)) {
        Some((perm, result)) => {
            let stored = result.iter().map(|&d| shape[d]).collect();
            l.emit(node, Op::Reshape { shape: stored }, &[(x, &perm)], &result)
        }
        None => l.keep(node),
    }
}

/// An operator that may not care about the order of dimensions.
fn agnostic(graph: &Graph, l: &mut Layouts, node: &Node) -> Result<(), PassError> {
    let Some(&y) = node.outputs.first() else { return l.keep(node) };
    let rank = graph.ty(y).rank();
    let followers = attributes::followers(&node.op, node.inputs.len());
    let full = followers.iter().filter_map(|&i| node.inputs.get(i)).all(|&v| graph.ty(v).rank() <= rank);
    let same = attributes::broadcasts(&node.op)
        || followers.iter().filter_map(|&i| node.inputs.get(i)).all(|&v| graph.ty(v).rank() == rank);
    if followers.is_empty() || !full || !same {
        return l.keep(node);
    }
    let operands: Vec<_> = followers.iter().filter_map(|&i| node.inputs.get(i).copied()).collect();
    let perm = l.cheapest(&operands, rank);
    if perm == identity(rank) {
        return l.keep(node);
    }
    match attributes::permuted(&node.op, &perm, &inverse(&perm)) {
        Some(op) => {
            let operands: Vec<_> = operands.iter().map(|&v| (v, perm.as_slice())).collect();
            l.emit(node, op, &operands, &perm)
        }
        None => l.keep(node),
    }
}
