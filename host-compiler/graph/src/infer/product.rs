//! Inference of matrix products and Einstein summation.

use super::elementwise::broadcast;
use super::{InferError, Operands};
use crate::op::Op;
use crate::tensor::TensorType;

pub(super) fn infer(op: &Op, x: &Operands) -> Result<Vec<TensorType>, InferError> {
    match op {
        Op::MatMul { transpose_a, transpose_b } => matmul(*transpose_a, *transpose_b, x),
        Op::Einsum { equation } => {
            x.between(1, usize::MAX)?;
            x.number(0)?;
            x.same_dtype(1..x.types.len())?;
            let malformed = || x.error(format!("\"{equation}\" is not an explicit equation such as ij,jk->ik"));
            let parsed = Equation::parse(equation).ok_or_else(malformed)?;
            let shapes: Vec<&[usize]> = x.types.iter().map(|t| t.shape.as_slice()).collect();
            let wrong = || x.error(format!("\"{equation}\" does not fit operands of shapes {shapes:?}"));
            let extent = parsed.extents(&shapes).ok_or_else(wrong)?;
            let shape: Option<Vec<usize>> = parsed.output.iter().map(|&l| extent(l)).collect();
            x.one(x.dtype(0), shape.ok_or_else(wrong)?)
        }
        _ => unreachable!("not a product"),
    }
}

fn matmul(transpose_a: bool, transpose_b: bool, x: &Operands) -> Result<Vec<TensorType>, InferError> {
    x.exactly(2)?;
    x.number(0)?;
    x.same_dtype(1..2)?;
    x.rank_at_least(0, 2)?;
    x.rank_at_least(1, 2)?;
    let (a_batch, a) = x.shape(0).split_at(x.shape(0).len() - 2);
    let (b_batch, b) = x.shape(1).split_at(x.shape(1).len() - 2);
    let (m, ka) = if transpose_a { (a[1], a[0]) } else { (a[0], a[1]) };
    let (kb, n) = if transpose_b { (b[1], b[0]) } else { (b[0], b[1]) };
    if ka != kb {
        let (a, b) = (x.shape(0), x.shape(1));
        return Err(x.error(format!("inner extents {ka} and {kb} of operands {a:?} and {b:?} differ")));
    }
    let mut shape = broadcast(x, a_batch, b_batch)?;
    shape.extend([m, n]);
    x.one(x.dtype(0), shape)
}

/// A parsed Einstein summation: one label per dimension.
pub(crate) struct Equation {
    /// Labels of each operand.
    pub inputs: Vec<Vec<char>>,
    /// Labels of the result.
    pub output: Vec<char>,
}

impl Equation {
    /// Parses `ij,jk->ik`; `None` unless every label is a letter, result labels are distinct and occur in an operand.
    pub fn parse(equation: &str) -> Option<Equation> {
        let (left, right) = equation.split_once("->")?;
        let inputs: Vec<Vec<char>> = left.split(',').map(|t| t.chars().collect()).collect();
        let output: Vec<char> = right.chars().collect();
        let letters = inputs.iter().flatten().chain(&output).all(char::is_ascii_alphabetic);
        let known = output.iter().all(|l| inputs.iter().flatten().any(|m| m == l));
        let distinct = output.iter().enumerate().all(|(i, l)| !output[..i].contains(l));
        (letters && known && distinct).then_some(Equation { inputs, output })
    }

    /// All labels in order of first appearance, the result's first.
    pub fn labels(&self) -> Vec<char> {
        let mut labels = self.output.clone();
        for &l in self.inputs.iter().flatten() {
            if !labels.contains(&l) {
                labels.push(l);
            }
        }
        labels
    }

    /// The extent of each label; `None` when operands disagree. Extents of 1 broadcast.
    pub fn extents(&self, shapes: &[&[usize]]) -> Option<impl Fn(char) -> Option<usize> + use<>> {
        let mut known: Vec<(char, usize)> = Vec::new();
        if shapes.len() != self.inputs.len() {
            return None;
        }
        for (labels, shape) in self.inputs.iter().zip(shapes) {
            if labels.len() != shape.len() {
                return None;
            }
            for (&l, &n) in labels.iter().zip(*shape) {
                match known.iter_mut().find(|(k, _)| *k == l) {
                    Some((_, m)) if *m == 1 => *m = n,
                    Some((_, m)) if *m != n && n != 1 => return None,
                    Some(_) => {}
                    None => known.push((l, n)),
                }
            }
        }
        Some(move |label| known.iter().find(|(l, _)| *l == label).map(|&(_, n)| n))
    }
}
