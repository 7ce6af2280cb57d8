//! Recurrent layers, step by step.

use super::number::Number;
use super::{EvalError, Operands};
use crate::op::Direction;
use crate::tensor::Tensor;

/// Extents of a layer and its first operands.
struct Layer {
    time: usize,
    batch: usize,
    input: usize,
    hidden: usize,
    x: Vec<f64>,
    w: Vec<f64>,
    r: Vec<f64>,
    bias: Vec<f64>,
}

impl Layer {
    fn new(hidden: usize, x: &Operands) -> Layer {
        let [data, w, r, bias] = [0, 1, 2, 3].map(|i| f64::load(x.inputs[i]));
        let shape = x.shape(0);
        Layer { time: shape[0], batch: shape[1], input: shape[2], hidden, x: data, w, r, bias }
    }

    /// The time steps of direction number `d` in order.
    fn steps(&self, direction: Direction, d: usize) -> Vec<usize> {
        let backward = direction == Direction::Reverse || d == 1;
        if backward { (0..self.time).rev().collect() } else { (0..self.time).collect() }
    }

    /// `W x + Wb` of one step and image for all `rows` of direction `d`.
    fn input_part(&self, d: usize, rows: usize, t: usize, b: usize) -> Vec<f64> {
        let x = &self.x[(t * self.batch + b) * self.input..][..self.input];
        let bias = &self.bias[d * 2 * rows..][..rows];
        (0..rows).map(|g| bias[g] + dot(&self.w[(d * rows + g) * self.input..], x)).collect()
    }

    /// Row `g` of `R h + Rb`.
    fn recurrent_row(&self, d: usize, rows: usize, g: usize, h: &[f64]) -> f64 {
        self.bias[(2 * d + 1) * rows + g] + dot(&self.r[(d * rows + g) * self.hidden..], h)
    }
}

fn dot(row: &[f64], x: &[f64]) -> f64 {
    row.iter().zip(x).map(|(a, b)| a * b).sum()
}

fn sigmoid(v: f64) -> f64 {
    1.0 / (1.0 + (-v).exp())
}

fn directions(direction: Direction) -> usize {
    if direction == Direction::Bidirectional { 2 } else { 1 }
}

pub(super) fn lstm(direction: Direction, hidden: usize, x: &Operands) -> Result<Vec<Tensor>, EvalError> {
    let layer = Layer::new(hidden, x);
    let (mut h, mut c, peepholes) = (f64::load(x.inputs[4]), f64::load(x.inputs[5]), f64::load(x.inputs[6]));
    let mut y = vec![0.0; x.results[0].elements()];
    let (dirs, rows) = (directions(direction), 4 * hidden);
    for d in 0..dirs {
        let peephole = &peepholes[d * 3 * hidden..];
        for t in layer.steps(direction, d) {
            for b in 0..layer.batch {
                let state = (d * layer.batch + b) * hidden;
                let mut gates = layer.input_part(d, rows, t, b);
                (0..rows).for_each(|g| gates[g] += layer.recurrent_row(d, rows, g, &h[state..state + hidden]));
                for j in 0..hidden {
                    let old = c[state + j];
                    let input = sigmoid(gates[j] + peephole[j] * old);
                    let forget = sigmoid(gates[2 * hidden + j] + peephole[2 * hidden + j] * old);
                    let new = forget * old + input * gates[3 * hidden + j].tanh();
                    let output = sigmoid(gates[hidden + j] + peephole[hidden + j] * new);
                    c[state + j] = new;
                    h[state + j] = output * new.tanh();
                }
                let target = ((t * dirs + d) * layer.batch + b) * hidden;
                y[target..target + hidden].copy_from_slice(&h[state..state + hidden]);
            }
        }
    }
    results(x, &[y, h, c])
}

pub(super) fn gru(
    direction: Direction,
    hidden: usize,
    linear_before_reset: bool,
    x: &Operands,
) -> Result<Vec<Tensor>, EvalError> {
    let layer = Layer::new(hidden, x);
    let mut h = f64::load(x.inputs[4]);
    let mut y = vec![0.0; x.results[0].elements()];
    let dirs = directions(direction);
    for d in 0..dirs {
        for t in layer.steps(direction, d) {
            for b in 0..layer.batch {
                let state = (d * layer.batch + b) * hidden;
                let new = gru_step(&layer, d, t, b, &h[state..state + hidden], linear_before_reset);
                h[state..state + hidden].copy_from_slice(&new);
                let target = ((t * dirs + d) * layer.batch + b) * hidden;
                y[target..target + hidden].copy_from_slice(&new);
            }
        }
    }
    results(x, &[y, h])
}

fn gru_step(layer: &Layer, d: usize, t: usize, b: usize, h: &[f64], linear_before_reset: bool) -> Vec<f64> {
    let (hidden, rows) = (layer.hidden, 3 * layer.hidden);
    let gates = layer.input_part(d, rows, t, b);
    let gate = |g: usize| sigmoid(gates[g] + layer.recurrent_row(d, rows, g, h));
    let update: Vec<f64> = (0..hidden).map(gate).collect();
    let reset: Vec<f64> = (hidden..2 * hidden).map(gate).collect();
    let reset_h: Vec<f64> = reset.iter().zip(h).map(|(r, h)| r * h).collect();
    let candidate = |j: usize| {
        let g = 2 * hidden + j;
        let recurrent = if linear_before_reset {
            reset[j] * layer.recurrent_row(d, rows, g, h)
        } else {
            layer.recurrent_row(d, rows, g, &reset_h)
        };
        (gates[g] + recurrent).tanh()
    };
    (0..hidden).map(|j| (1.0 - update[j]) * candidate(j) + update[j] * h[j]).collect()
}

fn results(x: &Operands, values: &[Vec<f64>]) -> Result<Vec<Tensor>, EvalError> {
    let mut tensors = Vec::with_capacity(values.len());
    for (ty, values) in x.results.iter().zip(values) {
        tensors.extend(x.one(f64::store(ty, values))?);
    }
    Ok(tensors)
}
