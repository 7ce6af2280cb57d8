//! LSTM and GRU.

use lathe_graph::op::Direction;
use lathe_graph::{DType, Op, Tensor};

use super::{Random, check};

const DIRECTIONS: [Direction; 3] = [Direction::Forward, Direction::Reverse, Direction::Bidirectional];

fn dirs(direction: Direction) -> usize {
    if direction == Direction::Bidirectional { 2 } else { 1 }
}

#[test]
fn lstm_directions_and_peepholes() {
    let mut random = Random::new(60);
    let (time, batch, input, hidden) = (4, 2, 3, 5);
    for dtype in [DType::F32, DType::F16] {
        for direction in DIRECTIONS {
            for peepholes in [true, false] {
                let d = dirs(direction);
                let mut t = |shape: &[usize]| random.tensor(dtype, shape);
                let mut operands = vec![
                    t(&[time, batch, input]),
                    t(&[d, 4 * hidden, input]),
                    t(&[d, 4 * hidden, hidden]),
                    t(&[d, 8 * hidden]),
                    t(&[d, batch, hidden]),
                    t(&[d, batch, hidden]),
                ];
                let shape = [d, 3 * hidden];
                operands.push(if peepholes { t(&shape) } else { Tensor::splat(dtype, &shape, 0.0).expect("small") });
                check(Op::Lstm { direction, hidden }, operands);
            }
        }
    }
}

#[test]
fn gru_directions_and_resets() {
    let mut random = Random::new(61);
    let (time, batch, input, hidden) = (4, 2, 3, 5);
    for dtype in [DType::F32, DType::F16] {
        for direction in DIRECTIONS {
            for linear_before_reset in [false, true] {
                let d = dirs(direction);
                let mut t = |shape: &[usize]| random.tensor(dtype, shape);
                let operands = vec![
                    t(&[time, batch, input]),
                    t(&[d, 3 * hidden, input]),
                    t(&[d, 3 * hidden, hidden]),
                    t(&[d, 6 * hidden]),
                    t(&[d, batch, hidden]),
                ];
                check(Op::Gru { direction, hidden, linear_before_reset }, operands);
            }
        }
    }
}
