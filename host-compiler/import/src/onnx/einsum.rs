//! Einsum: the equation made explicit, ellipses replaced by letters.

use lathe_graph::{Op, ValueId};

use crate::translate::{Fault, NodeContext};

pub(super) fn translate(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let inputs = n.all_inputs()?;
    let ranks: Vec<usize> = inputs.iter().map(|&v| n.rank(v)).collect();
    let given = n.attributes.string("equation", "")?;
    let equation =
        explicit(given, &ranks).ok_or_else(|| Fault::Invalid(format!("equation '{given}' does not fit its inputs")))?;
    Ok(vec![n.push(Op::Einsum { equation }, &inputs)?])
}

/// `equation` without blanks and ellipses, its result spelled out: `...ij,...jk` of two matrices is `ij,jk->ik`.
fn explicit(equation: &str, ranks: &[usize]) -> Option<String> {
    let equation: String = equation.chars().filter(|c| !c.is_whitespace()).collect();
    let (left, right) = match equation.split_once("->") {
        Some((left, right)) => (left, Some(right)),
        None => (equation.as_str(), None),
    };
    let terms: Vec<&str> = left.split(',').collect();
    if terms.len() != ranks.len() {
        return None;
    }
    let spare: Vec<char> = ('A'..='Z').chain('a'..='z').filter(|&c| !equation.contains(c)).collect();
    let mut widest = 0;
    let mut inputs = Vec::with_capacity(terms.len());
    for (term, &rank) in terms.iter().zip(ranks) {
        let (text, width) = without_ellipsis(term, rank, &spare)?;
        widest = widest.max(width);
        inputs.push(text);
    }
    let ellipsis: String = spare.get(..widest)?.iter().rev().collect();
    let output = match right {
        Some(right) => right.replace("...", &ellipsis),
        None => ellipsis + &letters_seen_once(left),
    };
    Some(format!("{}->{output}", inputs.join(",")))
}

/// The term with letters for its ellipsis (the last dimension it covers is the first spare letter), and their number.
fn without_ellipsis(term: &str, rank: usize, spare: &[char]) -> Option<(String, usize)> {
    let Some((before, after)) = term.split_once("...") else { return Some((term.to_owned(), 0)) };
    let width = rank.checked_sub(before.chars().count() + after.chars().count())?;
    let letters: String = spare.get(..width)?.iter().rev().collect();
    Some((format!("{before}{letters}{after}"), width))
}

/// The result of an equation without one: letters that occur once, in alphabetical order.
fn letters_seen_once(left: &str) -> String {
    let mut letters: Vec<char> = left.chars().filter(char::is_ascii_alphabetic).collect();
    letters.sort_unstable();
    let once = |c: &char| letters.iter().filter(|l| *l == c).count() == 1;
    letters.iter().copied().filter(once).collect()
}
