//! Einstein summation.

use super::error::Refusal;
use super::kind::AnchorKind;
use super::lowered::Lowered;
use crate::expr::{BinaryFn, Expr};
use crate::program::build::{Builder, Operand, var};
use crate::program::{Axis, Combiner};

/// The sum of products over the labels that the result does not have. A label's axis has its letter as name.
pub(super) fn einsum(b: &mut Builder, operands: &[Operand], equation: &str) -> Result<Lowered, Refusal> {
    let (inputs, output) =
        equation.split_once("->").ok_or_else(|| Refusal::Unsupported(format!("equation `{equation}`")))?;
    let inputs: Vec<Vec<char>> = inputs.split(',').map(|t| t.chars().collect()).collect();
    let fits = inputs.len() == operands.len() && inputs.iter().zip(operands).all(|(t, o)| t.len() == o.rank());
    let Some(first) = operands.first().filter(|_| fits) else {
        return Err(Refusal::Malformed("the equation does not fit the operands"));
    };
    let extent = |label: char| {
        let pairs = inputs.iter().zip(operands).flat_map(|(t, o)| t.iter().zip(&o.shape));
        pairs.filter(|(l, _)| **l == label).map(|(_, &e)| e).max()
    };
    let mut labels: Vec<char> = output.chars().collect();
    let kept = labels.len();
    for &label in inputs.iter().flatten() {
        if !labels.contains(&label) {
            labels.push(label);
        }
    }
    let mut axes = vec![];
    for &label in &labels {
        let extent = extent(label).ok_or(Refusal::Malformed("the result has a label no operand has"))?;
        axes.push(Axis { name: label.to_string(), extent });
    }
    let mut product: Option<Expr> = None;
    for (term, operand) in inputs.iter().zip(operands) {
        let at = |(label, &extent): (&char, &i64)| match labels.iter().position(|l| l == label) {
            Some(k) if extent != 1 => var(k),
            _ => Expr::Index(0),
        };
        let factor = b.read(operand, term.iter().zip(&operand.shape).map(at).collect());
        product = Some(product.map_or(factor.clone(), |p| Expr::binary(BinaryFn::Mul, p, factor)));
    }
    let product = product.ok_or(Refusal::Malformed("no operands"))?;
    let reduce = axes.split_off(kept);
    let dtype = first.dtype;
    let kind = kind(&inputs, &labels[..kept], reduce.len());
    let sum = b.reduce("einsum", dtype, axes, reduce, Combiner::Sum, product);
    let anchor = b.last_stage();
    let result = b.rounded(sum, dtype);
    Ok(Lowered { outputs: vec![result], anchor, kind })
}

/// Two operands, one summed label and a column of the result that only one operand has make a matrix product.
fn kind(inputs: &[Vec<char>], result: &[char], reduced: usize) -> AnchorKind {
    let once = |label: &char| inputs.iter().filter(|t| t.contains(label)).count() == 1;
    match (inputs, result, reduced) {
        (_, _, 0) => AnchorKind::Injective,
        ([_, second], [batch @ .., row, column], 1) if once(row) && once(column) && second.contains(column) => {
            AnchorKind::MatMul {
                batch: batch.len(),
                transpose_a: inputs[0].last() == Some(row),
                transpose_b: second.last() != Some(column),
            }
        }
        _ => AnchorKind::Reduction { axes: vec![] },
    }
}
