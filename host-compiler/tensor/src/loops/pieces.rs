//! Where a loop is cut so that conditions inside are decided: padding at the borders, the operands of a
//! concatenation. Each piece is then simplified on its own, and the middle one runs without conditions.
//!
//! ```text
//! for h in 0..8                                  h = 0: out[0] = 0
//!   out[h] = select(1 <= h, a[h - 1], 0)   ->    for h in 0..7: out[h + 1] = a[h]
//! ```

use super::node::Node;
use crate::expr::{BinaryFn, CompareFn, Expr, VarId};
use crate::index::{Range, Ranges, Sum, is_index};

/// The most pieces a loop is cut into.
const MOST_PIECES: usize = 5;
/// Cutting may not multiply the stores of a body beyond this.
const MOST_STORES: usize = 96;

/// The values of `var` in `1..extent` at which some condition in `body` becomes decided, ascending; empty when cutting
/// there would not pay.
pub(super) fn cuts(body: &[Node], var: VarId, extent: i64, ranges: &Ranges) -> Vec<i64> {
    let mut found = vec![];
    let stores = scan(body, var, ranges, &mut found);
    found.retain(|c| (1..extent).contains(c));
    found.sort_unstable();
    found.dedup();
    let pieces = found.len() + 1;
    if pieces > MOST_PIECES || pieces * stores > MOST_STORES { vec![] } else { found }
}

/// Collects cuts; the number of stores with unrolled loops copied out.
fn scan(nodes: &[Node], var: VarId, ranges: &Ranges, found: &mut Vec<i64>) -> usize {
    let mut stores = 0;
    for n in nodes {
        match n {
            Node::For { var: v, extent: e, body, kind, .. } => {
                let mut inside = ranges.clone();
                inside.insert(*v, Range::extent(*e));
                let inner = scan(body, var, &inside, found);
                let copies = if *kind == super::LoopKind::Unrolled { *e as usize } else { 1 };
                stores += inner * copies;
            }
            Node::Store { value, .. } => {
                stores += 1;
                conditions(value, var, ranges, found);
            }
            Node::Intrinsic { .. } => stores += 1,
            Node::Prefetch { .. } => {}
            Node::If { then, otherwise, .. } => {
                stores += scan(then, var, ranges, found) + scan(otherwise, var, ranges, found);
            }
        }
    }
    stores
}

fn conditions(e: &Expr, var: VarId, ranges: &Ranges, found: &mut Vec<i64>) {
    e.visit(&mut |e| {
        let Expr::Compare(f @ (CompareFn::Lt | CompareFn::Le), a, b) = e else { return };
        if !is_index(a) || !is_index(b) {
            return;
        }
        // a < b is a - b < 0; a <= b is a - b - 1 < 0
        let difference = Expr::Binary(BinaryFn::Sub, a.clone(), b.clone());
        let mut sum = Sum::of(&difference, ranges);
        sum.constant -= i64::from(*f == CompareFn::Le);
        let Some(at) = sum.terms.iter().position(|t| t.0 == Expr::Var(var)) else { return };
        let (_, c) = sum.terms.remove(at);
        let Some(rest) = ranges.of(&sum.expr()) else { return };
        // c*var + rest < 0 holds for all or for none of the rest's values
        let ceil = |n: i64, d: i64| n.div_euclid(d) + i64::from(n.rem_euclid(d) != 0);
        if c > 0 {
            found.extend([ceil(-rest.max, c), ceil(-rest.min, c)]);
        } else {
            found.extend([rest.max.div_euclid(-c) + 1, rest.min.div_euclid(-c) + 1]);
        }
    });
}
