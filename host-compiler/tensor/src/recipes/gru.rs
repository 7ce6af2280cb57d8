//! Gated recurrent unit (ONNX `GRU`: sigmoid, tanh; gates z, r, h).

use lathe_graph::op::Direction;

use super::error::Refusal;
use super::kind::AnchorKind;
use super::lowered::Lowered;
use super::recurrent::Layer;
use crate::expr::{Expr, UnaryFn};
use crate::program::build::{Builder, Operand, axes, offset, var};
use crate::program::{Body, Combiner, Scan};

/// Operands of the layer: x, w, r, bias, h0. `linear_before_reset`: the reset gate scales the recurrent product rather
/// than its operand.
pub(super) fn gru(
    b: &mut Builder,
    operands: &[Operand; 5],
    direction: Direction,
    hidden: i64,
    linear_before_reset: bool,
) -> Result<Lowered, Refusal> {
    let [x, w, r, bias, h0] = operands;
    let layer = Layer::of(x, w, hidden, direction)?;
    let ty = layer.ty();
    let projection = layer.projection(b, x, w, 3 * hidden);
    let states = layer.declare(b, "hidden", ty, hidden);
    let previous = layer.declare(b, "previous", ty, hidden);
    let value = layer.before(b, &states, h0);
    let first = b.fill_buffer(&previous, layer.axes("h", hidden), vec![], Body::Map(value));

    // rows `from..` of the recurrent product of `operand`
    let product = |b: &mut Builder, name: &str, operand: &Operand, from: i64, rows: i64| {
        let result = layer.declare(b, name, ty, rows);
        let row = offset(var(3), from);
        let value = b.read(operand, layer.at(var(4))) * b.read(r, vec![var(1), row, var(4)]);
        let reduce = axes(&["k"], &[hidden]);
        let stage = b.fill_buffer(&result, layer.axes("g", rows), reduce, Body::Reduce(Combiner::Sum, value));
        (result, stage)
    };
    // rows of the product before the reset gate: z and r, and h too where the gate scales the product
    let early_rows = if linear_before_reset { 3 } else { 2 };
    let (early, anchor) = product(b, "recurrent", &previous, 0, early_rows * hidden);
    let bias_at = |b: &Builder, row: i64| b.read(bias, vec![var(1), offset(var(3), row * hidden)]);
    let gate = |b: &Builder, k: i64| {
        let row = offset(var(3), k * hidden);
        let sum = b.read(&projection, layer.at(row.clone())) + b.read(&early, layer.at(row));
        Expr::unary(UnaryFn::Sigmoid, sum + (bias_at(b, k) + bias_at(b, 3 + k)))
    };
    let candidate = if linear_before_reset {
        let product = b.read(&early, layer.at(offset(var(3), 2 * hidden))) + bias_at(b, 5);
        gate(b, 1) * product
    } else {
        let scaled = layer.declare(b, "reset", ty, hidden);
        let value = gate(b, 1) * b.read(&previous, layer.at(var(3)));
        b.fill_buffer(&scaled, layer.axes("h", hidden), vec![], Body::Map(value));
        let (late, _) = product(b, "candidate", &scaled, 2 * hidden, hidden);
        b.read(&late, layer.at(var(3))) + bias_at(b, 5)
    };
    let row = layer.at(offset(var(3), 2 * hidden));
    let activated = Expr::unary(UnaryFn::Tanh, b.read(&projection, row) + candidate + bias_at(b, 2));
    let update = gate(b, 0);
    let value = b.share(update, |b, z| {
        let keep = z.clone() * b.read(&previous, layer.at(var(3)));
        (Expr::constant(ty, 1.0) - z) * activated + keep
    });
    let last = b.fill_buffer(&states, layer.axes("h", hidden), vec![], Body::Map(value));
    b.program.scans.push(Scan { first, last });
    let outputs = vec![layer.sequence(b, &states), layer.last(b, "last", &states)];
    Ok(Lowered { outputs, anchor, kind: AnchorKind::Scan })
}
