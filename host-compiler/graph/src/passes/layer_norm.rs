//! Recognises layer normalisation that an exporter spelled out.
//!
//! Contract: replaces the last node of the pattern; the others die when nothing else reads them. Results differ by
//! rounding only (the spelled-out form rounds after every step). The mean must be over trailing dimensions, and scale
//! and bias must not reach beyond them. Squares may be `Pow(d, 2)` or `Mul(d, d)`, the division a division or a
//! product with a reciprocal; scale and bias may be missing.
//!
//! ```text
//! %m = Reduce(%x) reduction=mean axes=[2]
//! %d = Sub(%x, %m)
//! %s = Pow(%d, 2)
//! %v = Reduce(%s) reduction=mean axes=[2]       ->      %y = LayerNorm(%x, %gamma, %beta) axis=2 epsilon=1e-5
//! %r = Sqrt(Add(%v, 1e-5))
//! %n = Div(%d, %r)
//! %y = Add(Mul(%n, %gamma), %beta)
//! ```

use super::PassError;
use super::matching::Matcher;
use super::rewriter::Rewriter;
use crate::graph::{Graph, Node, ValueId};
use crate::infer::broadcast_shapes;
use crate::op::{Binary, Op, Reduction, Unary};
use crate::tensor::Tensor;

/// A normalisation without scale and bias.
struct Normalized {
    x: ValueId,
    axis: usize,
    epsilon: f32,
}

/// Scale or bias: a value of the graph or a number.
#[derive(Clone, Copy)]
enum Parameter {
    Value(ValueId),
    Number(f64),
}

/// Replaces spelled-out layer normalisations by [`Op::LayerNorm`].
pub fn layer_norm(graph: &mut Graph) -> Result<(), PassError> {
    let m = Matcher::new(graph);
    let mut r = Rewriter::new(graph);
    for node in &graph.nodes {
        let Some((found, scale, bias)) = whole(&m, node) else {
            r.keep(node)?;
            continue;
        };
        let mut inputs = vec![r.get(found.x)?];
        for (what, parameter) in [("scale", scale), ("bias", bias)] {
            inputs.push(operand(&m, &mut r, node, found.axis, what, parameter)?);
        }
        r.emit_for(node, Op::LayerNorm { axis: found.axis, epsilon: found.epsilon }, &inputs)?;
    }
    *graph = r.finish()?;
    Ok(())
}

/// Matches the whole pattern with `node` at its end, the longest form first. A prefix of a longer form also matches at
/// its own end; it is dead once the longer one is replaced.
fn whole(m: &Matcher, node: &Node) -> Option<(Normalized, Parameter, Parameter)> {
    let y = *node.outputs.first()?;
    let with_bias = m.either(y, Binary::Add).find_map(|(scaled, bias)| {
        m.either(scaled, Binary::Mul).find_map(|(n, scale)| {
            let found = normalized(m, n)?;
            let fits = parameter_fits(m, &found, scale) && parameter_fits(m, &found, bias);
            fits.then_some((found, Parameter::Value(scale), Parameter::Value(bias)))
        })
    });
    with_bias
        .or_else(|| {
            m.either(y, Binary::Mul).find_map(|(n, scale)| {
                let found = normalized(m, n).filter(|f| parameter_fits(m, f, scale))?;
                Some((found, Parameter::Value(scale), Parameter::Number(0.0)))
            })
        })
        .or_else(|| Some((normalized(m, y)?, Parameter::Number(1.0), Parameter::Number(0.0))))
}

/// `(x - mean(x)) / sqrt(mean((x - mean(x))^2) + epsilon)`.
fn normalized(m: &Matcher, v: ValueId) -> Option<Normalized> {
    let quotient = m.binary(v, Binary::Div);
    let product = || m.either(v, Binary::Mul).find_map(|(d, r)| Some((d, m.unary(r, Unary::Reciprocal)?)));
    let (difference, root) = quotient.or_else(product)?;
    let (x, mean) = m.binary(difference, Binary::Sub)?;
    let axis = mean_axis(m, mean, x)?;
    let sum = m.unary(root, Unary::Sqrt)?;
    m.either(sum, Binary::Add).find_map(|(variance, epsilon)| {
        let epsilon = m.number(epsilon).filter(|e| (0.0..1.0).contains(e))? as f32;
        let square = *m.source(variance)?.inputs.first()?;
        let same = mean_axis(m, variance, square)? == axis && m.square(square)? == difference;
        same.then_some(Normalized { x, axis, epsilon })
    })
}

/// The first axis if `v` is the mean of `x` over all dimensions from some axis on.
fn mean_axis(m: &Matcher, v: ValueId, x: ValueId) -> Option<usize> {
    let node = m.source(v).filter(|n| n.inputs == [x])?;
    let Op::Reduce { reduction: Reduction::Mean, axes } = &node.op else { return None };
    let (first, rank) = (*axes.first()?, m.graph.ty(x).rank());
    axes.iter().copied().eq(first..rank).then_some(first)
}

/// Whether a scale or bias varies over the normalised dimensions only.
fn parameter_fits(m: &Matcher, found: &Normalized, v: ValueId) -> bool {
    let normalized = &m.graph.ty(found.x).shape[found.axis..];
    let shape = trailing(&m.graph.ty(v).shape, normalized.len());
    shape.is_some_and(|s| broadcast_shapes(s, normalized).as_deref() == Some(normalized))
}

/// A shape without its leading extents of 1 beyond `rank` dimensions.
fn trailing(shape: &[usize], rank: usize) -> Option<&[usize]> {
    let (leading, rest) = shape.split_at(shape.len().saturating_sub(rank));
    leading.iter().all(|&d| d == 1).then_some(rest)
}

/// The operand for a parameter, in the shape that the operator takes.
fn operand(
    m: &Matcher,
    r: &mut Rewriter,
    node: &Node,
    axis: usize,
    what: &str,
    parameter: Parameter,
) -> Result<ValueId, PassError> {
    let v = match parameter {
        Parameter::Value(v) => v,
        Parameter::Number(n) => {
            let dtype = node.outputs.first().map_or(lathe_artifact::DType::F32, |&y| m.graph.ty(y).dtype);
            return Ok(r.new.add_constant(format!("{}.{what}", node.name), Tensor::scalar(dtype, n)));
        }
    };
    let rank = node.outputs.first().map_or(0, |&y| m.graph.ty(y).rank()) - axis;
    let new = r.get(v)?;
    match trailing(&m.graph.ty(v).shape, rank).filter(|s| s.len() < m.graph.ty(v).rank()) {
        Some(shape) => r.emit(&format!("{}.{what}", node.name), Op::Reshape { shape: shape.to_vec() }, &[new]),
        None => Ok(new),
    }
}
