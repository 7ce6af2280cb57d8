//! Folds per-channel scales and shifts into the constant weights of the convolution or matrix product before them.
//!
//! Contract: a BatchNorm with constant parameters, or a product, quotient, sum or difference with a constant that
//! varies at most over output channels, disappears into a Conv, ConvTranspose or MatMul with constant weights whose
//! result nothing else reads. Convolutions get a bias where they have none; a matrix product takes the scale, and the
//! shift stays an Add behind it, which fusion takes care of (a lone Add is left alone). A BatchNorm that cannot be
//! folded becomes a product and a sum with precomputed constants. Results differ by rounding: the new weights are
//! computed in `f64` and rounded once.
//!
//! ```text
//! %c = Conv(%x, %w) groups=1
//! %n = BatchNorm(%c, %scale, %bias, %mean, %var)   ->   %m = Conv(%x, %w', %b') groups=1
//! %m = Mul(%n, 2)
//! ```

use std::collections::HashSet;

use super::PassError;
use super::rewriter::Rewriter;
use crate::graph::{Graph, Node, ValueId};
use crate::op::{Binary, Layout, Op, Unary};
use crate::tensor::Tensor;

/// `scale * x + shift` per channel; one entry when all channels share it.
struct Affine {
    scale: Vec<f64>,
    shift: Vec<f64>,
}

impl Affine {
    fn scale(&self, channel: usize) -> f64 {
        self.scale.get(channel).or(self.scale.first()).copied().unwrap_or(1.0)
    }

    fn shift(&self, channel: usize) -> f64 {
        self.shift.get(channel).or(self.shift.first()).copied().unwrap_or(0.0)
    }

    fn only_shifts(&self) -> bool {
        self.scale.iter().all(|&s| s == 1.0)
    }
}

/// Folds what can be folded and takes other BatchNorms apart.
pub fn fold_affine(graph: &mut Graph) -> Result<(), PassError> {
    let reads = read_counts(graph);
    let mut r = Rewriter::new(graph);
    // Values of the new graph that several nodes read: folding into their node would compute it twice.
    let mut shared = HashSet::new();
    for node in &graph.nodes {
        let inputs = r.operands(node)?;
        if !fold_node(&mut r, node, &inputs, &shared)? {
            match node.op {
                Op::BatchNorm { epsilon, layout } => take_apart(&mut r, node, &inputs, epsilon, layout)?,
                _ => r.emit_for(node, node.op.clone(), &inputs)?,
            }
        }
        for &v in node.outputs.iter().filter(|v| reads[v.0 as usize] > 1) {
            shared.insert(r.get(v)?);
        }
    }
    *graph = r.finish()?;
    Ok(())
}

fn read_counts(graph: &Graph) -> Vec<usize> {
    let mut reads = vec![0; graph.values.len()];
    let all = graph.nodes.iter().flat_map(|n| &n.inputs).chain(graph.outputs.iter().map(|(_, v)| v));
    all.for_each(|v| reads[v.0 as usize] += 1);
    reads
}

/// Folds `node` into the node before it; whether that was possible.
fn fold_node(r: &mut Rewriter, node: &Node, inputs: &[ValueId], shared: &HashSet<ValueId>) -> Result<bool, PassError> {
    for (index, x) in inputs.iter().enumerate().filter(|(_, v)| !shared.contains(v)) {
        let Some(producer) = r.source(*x).cloned() else { continue };
        let Some(axis) = channel_axis(r, &producer) else { continue };
        let Some(affine) = affine(r, &node.op, inputs, index, axis) else { continue };
        let name = producer.name.clone();
        let folded = match producer.op {
            Op::Conv { .. } => convolution(r, &producer, &affine, None),
            Op::ConvTranspose { groups, .. } => convolution(r, &producer, &affine, Some(groups)),
            Op::MatMul { transpose_b, .. } if !affine.only_shifts() => {
                product(r, node, &producer, &affine, transpose_b)?
            }
            Op::Binary(Binary::Add) if producer.inputs.iter().all(|v| !shared.contains(v)) => {
                sum(r, node, &producer, &affine)?
            }
            _ => None,
        };
        if let Some((op, operands)) = folded {
            let renamed = Node { name, ..node.clone() };
            r.emit_for(&renamed, op, &operands)?;
            return Ok(true);
        }
    }
    Ok(false)
}

/// Dimension of a foldable node's result that its output channels stand in.
fn channel_axis(r: &Rewriter, node: &Node) -> Option<usize> {
    let rank = r.shape(*node.outputs.first()?).len();
    match node.op {
        Op::Conv { layout, .. } | Op::ConvTranspose { layout, .. } => Some(layout.channel_axis(rank)),
        Op::MatMul { .. } | Op::Binary(Binary::Add) => rank.checked_sub(1),
        _ => None,
    }
}

/// What `op` does to its operand `index` if that is affine in the channels along `axis`.
fn affine(r: &Rewriter, op: &Op, inputs: &[ValueId], index: usize, axis: usize) -> Option<Affine> {
    let shape = r.shape(inputs[index]);
    match (op, inputs) {
        (Op::BatchNorm { epsilon, layout }, [_, parameters @ ..]) if index == 0 => {
            (layout.channel_axis(shape.len()) == axis).then_some(())?;
            batch_norm(r, parameters, *epsilon)
        }
        (Op::Binary(f), &[a, b]) => {
            let other = if index == 0 { b } else { a };
            let constant = r.constant(other).filter(|t| t.dtype().is_float())?;
            let values = per_channel(constant, shape, axis)?;
            let (one, zero) = (vec![1.0], vec![0.0]);
            let negated = || values.iter().map(|v| -v).collect();
            if values.iter().any(|v| !v.is_finite() || (*f == Binary::Div && *v == 0.0)) {
                return None;
            }
            match (f, index) {
                (Binary::Add, _) => Some(Affine { scale: one, shift: values }),
                (Binary::Sub, 0) => Some(Affine { scale: one, shift: negated() }),
                (Binary::Sub, _) => Some(Affine { scale: vec![-1.0], shift: values }),
                (Binary::Mul, _) => Some(Affine { scale: values, shift: zero }),
                (Binary::Div, 0) => Some(Affine { scale: values.iter().map(|v| 1.0 / v).collect(), shift: zero }),
                _ => None,
            }
        }
        _ => None,
    }
}

fn batch_norm(r: &Rewriter, parameters: &[ValueId], epsilon: f32) -> Option<Affine> {
    let values = parameters.iter().map(|&v| r.constant(v).map(Tensor::to_f64s)).collect::<Option<Vec<_>>>()?;
    let [scale, bias, mean, variance] = values.as_slice() else { return None };
    let scale: Vec<f64> = scale.iter().zip(variance).map(|(s, v)| s / (v + f64::from(epsilon)).sqrt()).collect();
    let shift = bias.iter().zip(mean.iter().zip(&scale)).map(|(b, (m, s))| b - m * s).collect();
    Some(Affine { scale, shift })
}

/// The elements of a constant that broadcasts against `shape` without widening it, if they vary over `axis` only.
fn per_channel(constant: &Tensor, shape: &[usize], axis: usize) -> Option<Vec<f64>> {
    let own = constant.shape();
    let lead = shape.len().checked_sub(own.len())?;
    let along = axis.checked_sub(lead).map_or(1, |d| own[d]);
    let fits = own.iter().zip(&shape[lead..]).all(|(&n, &m)| n == 1 || n == m);
    (fits && constant.ty().elements() == along).then(|| constant.to_f64s())
}

/// The convolution with scaled weights and a shifted bias. Weights are `[out, …]`, or `[in, out/groups, …]` transposed.
fn convolution(
    r: &mut Rewriter,
    producer: &Node,
    affine: &Affine,
    transposed_groups: Option<usize>,
) -> Option<(Op, Vec<ValueId>)> {
    let &[x, w, ..] = producer.inputs.as_slice() else { return None };
    let weights = r.constant(w)?.clone();
    let bias = match producer.inputs.get(2) {
        Some(&b) => Some(r.constant(b)?.clone()),
        None => None,
    };
    let shape = weights.shape().to_vec();
    let (channels, scaled) = match transposed_groups {
        None => {
            let block: usize = shape[1..].iter().product();
            (shape[0], scale_by(&weights, |i| affine.scale(i / block.max(1)))?)
        }
        Some(groups) => {
            let (block, per_group) = (shape[2..].iter().product::<usize>().max(1), shape[0] / groups);
            let channel = |i: usize| {
                let (input, output) = (i / block / shape[1], i / block % shape[1]);
                input / per_group.max(1) * shape[1] + output
            };
            (shape[1] * groups, scale_by(&weights, |i| affine.scale(channel(i)))?)
        }
    };
    let old = bias.as_ref().map_or_else(|| vec![0.0; channels], Tensor::to_f64s);
    let shifted: Vec<f64> = old.iter().enumerate().map(|(c, b)| b * affine.scale(c) + affine.shift(c)).collect();
    let w = r.new.add_constant(r.new.value(w).name.clone(), scaled);
    let bias = Tensor::from_f64s(weights.dtype(), &[channels], &shifted)?;
    let b = r.new.add_constant(format!("{}.bias", producer.name), bias);
    Some((producer.op.clone(), vec![x, w, b]))
}

fn scale_by(weights: &Tensor, factor: impl Fn(usize) -> f64) -> Option<Tensor> {
    let values: Vec<f64> = weights.to_f64s().into_iter().enumerate().map(|(i, v)| v * factor(i)).collect();
    Tensor::from_f64s(weights.dtype(), weights.shape(), &values)
}

/// The product with scaled weights, and the shift behind it where there is one.
fn product(
    r: &mut Rewriter,
    node: &Node,
    producer: &Node,
    affine: &Affine,
    transpose_b: bool,
) -> Result<Option<(Op, Vec<ValueId>)>, PassError> {
    let &[a, b] = producer.inputs.as_slice() else { return Ok(None) };
    let Some(weights) = r.constant(b).cloned() else { return Ok(None) };
    let rank = weights.shape().len();
    let (rows, columns) = (weights.shape()[rank - 2], weights.shape()[rank - 1]);
    let channel = |i: usize| if transpose_b { i / columns.max(1) % rows.max(1) } else { i % columns.max(1) };
    let Some(scaled) = scale_by(&weights, |i| affine.scale(channel(i))) else { return Ok(None) };
    let w = r.new.add_constant(r.new.value(b).name.clone(), scaled);
    if affine.shift.iter().all(|&s| s == 0.0) {
        return Ok(Some((producer.op.clone(), vec![a, w])));
    }
    let scaled = r.emit(&format!("{}.scaled", node.name), producer.op.clone(), &[a, w])?;
    let shift = shift_constant(r, node, &weights, &affine.shift);
    Ok(shift.map(|s| (Op::Binary(Binary::Add), vec![scaled, s])))
}

fn shift_constant(r: &mut Rewriter, node: &Node, like: &Tensor, shift: &[f64]) -> Option<ValueId> {
    let shift = Tensor::from_f64s(like.dtype(), &[shift.len()], shift)?;
    Some(r.new.add_constant(format!("{}.shift", node.name), shift))
}

/// `scale * (product + bias) + shift` where the product has constant weights: the scale goes into both.
fn sum(
    r: &mut Rewriter,
    node: &Node,
    producer: &Node,
    affine: &Affine,
) -> Result<Option<(Op, Vec<ValueId>)>, PassError> {
    let &[a, b] = producer.inputs.as_slice() else { return Ok(None) };
    let (x, bias) = if r.constant(b).is_some() { (a, b) } else { (b, a) };
    let Some(inner) = r.source(x).cloned() else { return Ok(None) };
    let Op::MatMul { transpose_b, .. } = inner.op else { return Ok(None) };
    let shape = r.shape(x).to_vec();
    let Some(bias) = r.constant(bias).and_then(|t| per_channel(t, &shape, shape.len() - 1)) else { return Ok(None) };
    let channels = shape.last().copied().unwrap_or(1);
    let at = |c: usize| bias.get(c).or(bias.first()).copied().unwrap_or(0.0);
    let shift = (0..channels).map(|c| affine.scale(c) * at(c) + affine.shift(c)).collect();
    let combined = Affine { scale: (0..channels).map(|c| affine.scale(c)).collect(), shift };
    product(r, node, &inner, &combined, transpose_b)
}

/// A BatchNorm as a product and a sum; parameters that are not constants are combined by nodes.
fn take_apart(
    r: &mut Rewriter,
    node: &Node,
    inputs: &[ValueId],
    epsilon: f32,
    layout: Layout,
) -> Result<(), PassError> {
    let &[x, scale, bias, mean, variance] = inputs else {
        return Err(PassError::Malformed { value: node.name.clone() });
    };
    let (rank, dtype) = (r.shape(x).len(), r.new.ty(x).dtype);
    let mut shape = vec![1; rank - layout.channel_axis(rank)];
    shape[0] = r.shape(scale).first().copied().unwrap_or(1);
    let name = |part: &str| format!("{}.{part}", node.name);
    let constants = batch_norm(r, &inputs[1..], epsilon).and_then(|affine| {
        let tensor = |v: &[f64]| Tensor::from_f64s(dtype, &shape, v);
        Some((tensor(&affine.scale)?, tensor(&affine.shift)?))
    });
    let (factor, shift) = match constants {
        Some((factor, shift)) => (r.new.add_constant(name("factor"), factor), r.new.add_constant(name("shift"), shift)),
        None => {
            let epsilon = r.new.add_constant(name("epsilon"), Tensor::scalar(dtype, f64::from(epsilon)));
            let padded = r.emit(&name("padded"), Op::Binary(Binary::Add), &[variance, epsilon])?;
            let deviation = r.emit(&name("deviation"), Op::Unary(Unary::Sqrt), &[padded])?;
            let factor = r.emit(&name("factor"), Op::Binary(Binary::Div), &[scale, deviation])?;
            let moved = r.emit(&name("moved"), Op::Binary(Binary::Mul), &[mean, factor])?;
            let shift = r.emit(&name("shift"), Op::Binary(Binary::Sub), &[bias, moved])?;
            let reshape = || Op::Reshape { shape: shape.clone() };
            (r.emit(&name("factors"), reshape(), &[factor])?, r.emit(&name("shifts"), reshape(), &[shift])?)
        }
    };
    let scaled = r.emit(&name("scaled"), Op::Binary(Binary::Mul), &[x, factor])?;
    r.emit_for(node, Op::Binary(Binary::Add), &[scaled, shift])
}
