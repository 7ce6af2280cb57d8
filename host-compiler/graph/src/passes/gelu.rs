//! Recognises the Gaussian error linear unit that an exporter spelled out, by erf or by tanh.
//!
//! Contract: replaces the last product of the pattern; the others die when nothing else reads them. Results differ by
//! rounding, and by the constants models write with few digits (1.4142, 0.7978845, 0.044715), which must be right to
//! 1 in 10,000. Factors may stand in any order.
//!
//! ```text
//! %d = Div(%x, 1.4142135)
//! %e = Erf(%d)
//! %a = Add(%e, 1)              ->      %y = Gelu(%x) tanh=false
//! %m = Mul(%x, %a)
//! %y = Mul(%m, 0.5)
//! ```

use super::PassError;
use super::matching::Matcher;
use super::rewriter::Rewriter;
use crate::graph::{Graph, ValueId};
use crate::op::{Binary, Op, Unary};

/// Replaces spelled-out error linear units by [`Unary::Gelu`].
pub fn gelu(graph: &mut Graph) -> Result<(), PassError> {
    let m = Matcher::new(graph);
    let mut r = Rewriter::new(graph);
    for node in &graph.nodes {
        let found = match (&node.op, node.outputs.as_slice()) {
            (Op::Binary(Binary::Mul | Binary::Div), [y]) => unit(&m, *y),
            _ => None,
        };
        match found {
            Some((x, tanh)) => {
                let x = r.get(x)?;
                r.emit_for(node, Op::Unary(Unary::Gelu { tanh }), &[x])?;
            }
            None => r.keep(node)?,
        }
    }
    *graph = r.finish()?;
    Ok(())
}

/// The operand, and whether by tanh, if `y` is 0.5 * x * (1 + f(x)).
fn unit(m: &Matcher, y: ValueId) -> Option<(ValueId, bool)> {
    let halved = m.binary(y, Binary::Div).filter(|&(_, c)| m.is_number(c, 2.0)).map(|(v, _)| m.factors(v));
    let factors = halved.or_else(|| {
        let mut factors = m.factors(y);
        let half = factors.iter().position(|&v| m.is_number(v, 0.5))?;
        factors.remove(half);
        Some(factors)
    })?;
    let &[a, b] = factors.as_slice() else { return None };
    let same = |x: ValueId, gate: ValueId| m.graph.ty(x) == m.graph.ty(y) && gate != x;
    [(a, b), (b, a)].into_iter().filter(|&(x, gate)| same(x, gate)).find_map(|(x, gate)| {
        m.either(gate, Binary::Add).filter(|&(_, one)| m.is_number(one, 1.0)).find_map(|(f, _)| {
            let by_erf = m.unary(f, Unary::Erf).is_some_and(|t| is_scaled(m, t, x, std::f64::consts::FRAC_1_SQRT_2));
            let by_tanh = || m.unary(f, Unary::Tanh).is_some_and(|t| is_cubic(m, t, x));
            if by_erf { Some((x, false)) } else { by_tanh().then_some((x, true)) }
        })
    })
}

fn is_scaled(m: &Matcher, v: ValueId, x: ValueId, factor: f64) -> bool {
    m.scaled(v).is_some_and(|(of, by)| of == x && (by - factor).abs() <= 1e-4 * factor)
}

/// Whether `v` is sqrt(2/pi) * (x + 0.044715 x^3).
fn is_cubic(m: &Matcher, v: ValueId, x: ValueId) -> bool {
    let Some((sum, factor)) = m.scaled(v) else { return false };
    let expected = (2.0 / std::f64::consts::PI).sqrt();
    let cube_term = |t: ValueId| {
        let factors = m.factors(t);
        let by_power = |v: ValueId| m.binary(v, Binary::Pow).is_some_and(|(b, e)| b == x && m.is_number(e, 3.0));
        let count = |test: &dyn Fn(ValueId) -> bool| factors.iter().filter(|&&f| test(f)).count();
        let number = count(&|f| m.is_number(f, 0.044715));
        let square = count(&|f| m.square(f) == Some(x));
        let power = count(&|f| f == x) + 2 * square + 3 * count(&by_power);
        number == 1 && power == 3 && factors.len() == 1 + count(&|f| f == x) + square + count(&by_power)
    };
    (factor - expected).abs() <= 1e-4 * expected && m.either(sum, Binary::Add).any(|(a, t)| a == x && cube_term(t))
}
