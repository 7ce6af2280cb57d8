//! LSTM and GRU: operands left out become zeros, layouts become transposes.

use lathe_graph::op::Direction;
use lathe_graph::{Op, ValueId};

use crate::translate::{Fault, NodeContext};

/// What both layers share.
struct Layer {
    direction: Direction,
    directions: usize,
    hidden: usize,
    batch: usize,
    x: ValueId,
    /// Whether the batch is the outermost dimension of x, the states and y.
    batch_first: bool,
}

fn layer(n: &mut NodeContext, activations: &[&str]) -> Result<Layer, Fault> {
    let direction = match n.attributes.string("direction", "forward")? {
        "forward" => Direction::Forward,
        "reverse" => Direction::Reverse,
        "bidirectional" => Direction::Bidirectional,
        other => return Err(Fault::Invalid(format!("direction '{other}' is unknown"))),
    };
    let directions = if direction == Direction::Bidirectional { 2 } else { 1 };
    if let Some(given) = n.attributes.strings("activations")? {
        let usual = activations.iter().cycle().take(activations.len() * directions);
        if !given.iter().eq(usual) {
            return Err(Fault::Unsupported(format!("activations {given:?} are not supported, only {activations:?}")));
        }
    }
    if n.attributes.has("clip") {
        return Err(Fault::Unsupported("clipping the gates is not supported".into()));
    }
    let (x, r) = (n.input(0)?, n.input(2)?);
    let hidden = n.shape(r).last().copied().unwrap_or_default();
    if n.attributes.maybe_int("hidden_size")?.is_some_and(|h| h != hidden as i64) {
        return Err(Fault::Invalid(format!("hidden_size contradicts weights for {hidden}")));
    }
    let batch_first = n.attributes.flag("layout", false)?;
    let x = if batch_first { swap_outer(n, x)? } else { x };
    let &[time, batch, _] = n.shape(x).as_slice() else {
        return Err(Fault::Invalid(format!("input 0 of type {} must have 3 dimensions", n.ty(x))));
    };
    check_lengths(n, time)?;
    Ok(Layer { direction, directions, hidden, batch, x, batch_first })
}

/// Sequences must all have full length.
fn check_lengths(n: &mut NodeContext, time: usize) -> Result<(), Fault> {
    match n.constant_ints(4, "where each sequence ends")? {
        Some(lengths) if lengths.iter().any(|&l| l != time as i64) => {
            Err(Fault::Unsupported(format!("sequences shorter than {time} steps are not supported")))
        }
        _ => Ok(()),
    }
}

/// The first two dimensions swapped.
fn swap_outer(n: &mut NodeContext, x: ValueId) -> Result<ValueId, Fault> {
    let mut perm: Vec<usize> = (0..n.rank(x)).collect();
    if perm.len() >= 2 {
        perm.swap(0, 1);
    }
    n.transpose(x, &perm)
}

/// Operand `index`, or zeros of `shape`.
fn or_zeros(n: &mut NodeContext, index: usize, shape: &[usize]) -> Result<ValueId, Fault> {
    match n.optional(index) {
        Some(value) => Ok(value),
        None => n.filled(n.dtype(n.input(0)?), shape, 0.0),
    }
}

impl Layer {
    /// Initial state `index` as `[directions, batch, hidden]`.
    fn state(&self, n: &mut NodeContext, index: usize) -> Result<ValueId, Fault> {
        let state = or_zeros(n, index, &[self.directions, self.batch, self.hidden]);
        if self.batch_first && n.optional(index).is_some() { swap_outer(n, state?) } else { state }
    }

    /// Results in the layout asked for: y `[time, dirs, batch, hidden]` becomes `[batch, time, dirs, hidden]`.
    fn results(&self, n: &mut NodeContext, results: Vec<ValueId>) -> Result<Vec<ValueId>, Fault> {
        if !self.batch_first {
            return Ok(results);
        }
        let place = |(i, &value): (usize, &ValueId)| {
            if i == 0 { n.transpose(value, &[2, 0, 1, 3]) } else { swap_outer(n, value) }
        };
        results.iter().enumerate().map(place).collect()
    }
}

/// Gate order i, o, f, c.
pub(super) fn lstm(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let layer = layer(n, &["sigmoid", "tanh", "tanh"])?;
    if n.attributes.flag("input_forget", false)? {
        return Err(Fault::Unsupported("coupled input and forget gates are not supported".into()));
    }
    let (d, h) = (layer.directions, layer.hidden);
    let bias = or_zeros(n, 3, &[d, h.saturating_mul(8)])?;
    let (h0, c0) = (layer.state(n, 5)?, layer.state(n, 6)?);
    let peepholes = or_zeros(n, 7, &[d, h.saturating_mul(3)])?;
    let operands = [layer.x, n.input(1)?, n.input(2)?, bias, h0, c0, peepholes];
    let results = n.push_all(Op::Lstm { direction: layer.direction, hidden: h }, &operands)?;
    layer.results(n, results)
}

/// Gate order z, r, h.
pub(super) fn gru(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let layer = layer(n, &["sigmoid", "tanh"])?;
    let linear_before_reset = n.attributes.flag("linear_before_reset", false)?;
    let bias = or_zeros(n, 3, &[layer.directions, layer.hidden.saturating_mul(6)])?;
    let h0 = layer.state(n, 5)?;
    let operands = [layer.x, n.input(1)?, n.input(2)?, bias, h0];
    let op = Op::Gru { direction: layer.direction, hidden: layer.hidden, linear_before_reset };
    let results = n.push_all(op, &operands)?;
    layer.results(n, results)
}
