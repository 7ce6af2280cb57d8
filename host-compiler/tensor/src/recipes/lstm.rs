//! Long short-term memory (ONNX `LSTM`: sigmoid, tanh, tanh; gates i, o, f, c).

use lathe_graph::op::Direction;

use super::error::Refusal;
use super::kind::AnchorKind;
use super::lowered::Lowered;
use super::recurrent::Layer;
use crate::expr::{Expr, UnaryFn};
use crate::program::build::{Builder, Operand, axes, offset, var};
use crate::program::{Body, Combiner, Scan};

/// Operands of the layer: x, w, r, bias, h0, c0, peepholes.
pub(super) fn lstm(
    b: &mut Builder,
    operands: &[Operand; 7],
    direction: Direction,
    hidden: i64,
) -> Result<Lowered, Refusal> {
    let [x, w, r, bias, h0, c0, peepholes] = operands;
    let layer = Layer::of(x, w, hidden, direction)?;
    let ty = layer.ty();
    let projection = layer.projection(b, x, w, 4 * hidden);

    let states = layer.declare(b, "hidden", ty, hidden);
    let cells = layer.declare(b, "cell", ty, hidden);
    let previous = layer.declare(b, "previous", ty, hidden);
    let recurrent = layer.declare(b, "recurrent", ty, 4 * hidden);

    let value = layer.before(b, &states, h0);
    let first = b.fill_buffer(&previous, layer.axes("h", hidden), vec![], Body::Map(value));

    let value = b.read(&previous, layer.at(var(4))) * b.read(r, vec![var(1), var(3), var(4)]);
    let reduce = axes(&["k"], &[hidden]);
    let anchor = b.fill_buffer(&recurrent, layer.axes("g", 4 * hidden), reduce, Body::Reduce(Combiner::Sum, value));

    // gate `k` before its activation
    let gate = |b: &Builder, k: i64| {
        let row = offset(var(3), k * hidden);
        let biases =
            b.read(bias, vec![var(1), row.clone()]) + b.read(bias, vec![var(1), offset(row.clone(), 4 * hidden)]);
        b.read(&projection, layer.at(row.clone())) + b.read(&recurrent, layer.at(row)) + biases
    };
    // `sum` plus what the cell contributes through peephole `k`
    let peep = |b: &Builder, sum: Expr, k: i64, cell: Expr| match peepholes.zero {
        true => sum,
        false => sum + b.read(peepholes, vec![var(1), offset(var(3), k * hidden)]) * cell,
    };
    let sigmoid = |e| Expr::unary(UnaryFn::Sigmoid, e);
    let before = layer.before(b, &cells, c0);
    let value = b.share(before, |b, before| {
        let input = sigmoid(peep(b, gate(b, 0), 0, before.clone()));
        let forget = sigmoid(peep(b, gate(b, 2), 2, before.clone()));
        forget * before + input * Expr::unary(UnaryFn::Tanh, gate(b, 3))
    });
    b.fill_buffer(&cells, layer.axes("h", hidden), vec![], Body::Map(value));

    let cell = b.read(&cells, layer.at(var(3)));
    let value =
        b.share(cell, |b, cell| sigmoid(peep(b, gate(b, 1), 1, cell.clone())) * Expr::unary(UnaryFn::Tanh, cell));
    let last = b.fill_buffer(&states, layer.axes("h", hidden), vec![], Body::Map(value));
    b.program.scans.push(Scan { first, last });

    let outputs = vec![layer.sequence(b, &states), layer.last(b, "last", &states), layer.last(b, "lastcell", &cells)];
    Ok(Lowered { outputs, anchor, kind: AnchorKind::Scan })
}
