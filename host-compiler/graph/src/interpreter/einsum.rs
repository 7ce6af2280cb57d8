//! Einstein summation by plain loops over all labels.

use super::number::Number;
use super::strided::strides;
use super::{EvalError, Operands};
use crate::infer::Equation;
use crate::tensor::Tensor;

pub(super) fn einsum(equation: &str, x: &Operands) -> Result<Vec<Tensor>, EvalError> {
    let malformed = || EvalError::Malformed { name: format!("equation {equation}") };
    let equation = Equation::parse(equation).ok_or_else(malformed)?;
    let shapes: Vec<&[usize]> = x.inputs.iter().map(|t| t.shape()).collect();
    let extent = equation.extents(&shapes).ok_or_else(malformed)?;
    let labels = equation.labels();
    let extents: Vec<usize> = labels.iter().filter_map(|&l| extent(l)).collect();
    let steps: Vec<Vec<usize>> =
        equation.inputs.iter().zip(&shapes).map(|(own, shape)| label_strides(&labels, own, shape)).collect();
    let outer = equation.output.len();
    if x.inputs[0].dtype().is_float() {
        x.numbers(&sums::<f64>(x, &extents, outer, &steps))
    } else {
        x.numbers(&sums::<i64>(x, &extents, outer, &steps))
    }
}

/// Stride of an operand along each label (a repeated label walks the diagonal; extents of 1 broadcast).
fn label_strides(labels: &[char], own: &[char], shape: &[usize]) -> Vec<usize> {
    let steps = strides(shape);
    let along = |label: char| {
        let dims = own.iter().enumerate().filter(|(d, l)| **l == label && shape[*d] != 1);
        dims.map(|(d, _)| steps[d]).sum()
    };
    labels.iter().map(|&l| along(l)).collect()
}

/// For each index of the first `outer` labels, the sum over the others of the operands' product.
fn sums<T: Number>(x: &Operands, extents: &[usize], outer: usize, steps: &[Vec<usize>]) -> Vec<T> {
    let operands: Vec<Vec<T>> = x.inputs.iter().map(|t| T::load(t)).collect();
    let mut out = vec![T::ZERO; x.results[0].elements()];
    if extents.contains(&0) {
        return out;
    }
    let summed: usize = extents[outer..].iter().product();
    let mut index = vec![0usize; extents.len()];
    let mut at = vec![0usize; operands.len()];
    for slot in &mut out {
        for _ in 0..summed {
            let product = operands.iter().zip(&at).fold(T::ONE, |p, (values, &i)| p.mul(values[i]));
            *slot = slot.add(product);
            advance(&mut index, extents, &mut at, steps);
        }
    }
    out
}

/// Moves to the next index, last label fastest, and the operands' offsets with it.
fn advance(index: &mut [usize], extents: &[usize], at: &mut [usize], steps: &[Vec<usize>]) {
    for d in (0..extents.len()).rev() {
        index[d] += 1;
        if index[d] < extents[d] {
            at.iter_mut().zip(steps).for_each(|(o, s)| *o += s[d]);
            return;
        }
        at.iter_mut().zip(steps).for_each(|(o, s)| *o -= s[d] * (extents[d] - 1));
        index[d] = 0;
    }
}
