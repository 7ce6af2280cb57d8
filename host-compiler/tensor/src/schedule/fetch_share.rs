//! Which part of a buffer an iteration of a loop reads, and how fetching it ahead is shared out.

use super::state::Schedule;
use crate::expr::{BufferId, Expr, VarId};
use crate::index::{Sum, substitute};
use crate::loops::store_of;
use crate::target::CACHE_LINE;

/// The most cache lines asked for at once.
const MOST_LINES: i64 = 64;

/// While an iteration of `ahead` runs, what its next one reads of `buffer` is fetched, a share at each iteration of `at`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Prefetch {
    pub buffer: BufferId,
    pub ahead: VarId,
    pub at: VarId,
}

/// Elements fetched at one iteration.
pub(crate) struct Fetched {
    /// offset of the first
    pub first: Expr,
    /// how many
    pub elements: i64,
}

/// What `prefetch` fetches at each iteration of its loop `at`, or why it cannot.
pub(crate) fn fetched(s: &Schedule, prefetch: &Prefetch) -> Result<Fetched, String> {
    let Prefetch { buffer, ahead, at } = *prefetch;
    let name = &s.program.buffer(buffer).name;
    let inner = s.loop_ref(at).ok_or("a loop is gone")?;
    let mut blocks = vec![];
    inner.body.iter().for_each(|tree| tree.visit_blocks(&mut |b| blocks.push(b.clone())));
    let mut span: Option<Span> = None;
    let mut between = None;
    for block in &blocks {
        let path = s.path(block.stage);
        let place = |of: VarId| path.iter().position(|v| *v == of);
        let (Some(outer), Some(last)) = (place(ahead), place(at).map(|at| at + 1)) else {
            return Err(format!("`{}` does not lie in `{}`", s.var(at).name, s.var(ahead).name));
        };
        let Some(loops) = path.get(outer + 1..last) else {
            return Err(format!("`{}` lies around `{}`, not in it", s.var(at).name, s.var(ahead).name));
        };
        between = Some(loops.to_vec());
        for index in loads(&store_of(s, block).2, buffer) {
            let one = Span::of(&index, path.split_at(outer + 1), s)
                .filter(|span| span.first.mentions(ahead))
                .ok_or(format!("what is read of `{name}` is no piece that `{}` moves as a whole", s.var(ahead).name))?;
            span = match span {
                None => Some(one),
                Some(found) => Some(found.joined(one).ok_or(format!("`{name}` is read at several places"))?),
            };
        }
    }
    let (Some(span), Some(between)) = (span, between) else {
        return Err(format!("nothing in `{}` reads `{name}`", s.var(at).name));
    };
    share(s, prefetch, &span, &between)
}

/// The share of the next iteration's elements that the current iteration of the loops `between` fetches.
fn share(s: &Schedule, prefetch: &Prefetch, span: &Span, between: &[VarId]) -> Result<Fetched, String> {
    let line = (CACHE_LINE / s.program.buffer(prefetch.buffer).dtype.size()) as i64;
    let lines = (span.elements + line - 1) / line;
    let mut position = Expr::Index(0);
    let mut iterations = 1;
    for v in between {
        let extent = s.var(*v).extent;
        position = position * Expr::Index(extent) + Expr::Var(*v);
        iterations *= extent;
    }
    let each = (lines + iterations - 1) / iterations;
    if each * iterations > 2 * lines {
        return Err(format!("`{}` runs {iterations} times for {lines} cache lines", s.var(prefetch.at).name));
    }
    if each > MOST_LINES {
        let at = &s.var(prefetch.at).name;
        return Err(format!("{each} cache lines at each iteration of `{at}` are too many (at most {MOST_LINES})"));
    }
    let next = Expr::Var(prefetch.ahead) + Expr::Index(1);
    let first = substitute(&span.first, &|v| (v == prefetch.ahead).then(|| next.clone()));
    Ok(Fetched { first: first + position * Expr::Index(each * line), elements: each * line })
}

/// Neighbouring elements.
struct Span {
    /// offset of the first, a function of the loops outside
    first: Expr,
    elements: i64,
}

impl Span {
    /// What `index` reaches while the inner ones of the loops `(outside, inside)` run, if no part of it depends on both and
    /// all elements from the first to the last can be among it.
    fn of(index: &Expr, (outside, inside): (&[VarId], &[VarId]), s: &Schedule) -> Option<Span> {
        let ranges = s.ranges();
        let sum = Sum::of(index, &ranges);
        let of = |atom: &Expr, loops: &[VarId]| loops.iter().any(|v| atom.mentions(*v));
        let (moving, fixed): (Vec<_>, Vec<_>) = sum.terms.into_iter().partition(|(atom, _)| of(atom, inside));
        if moving.iter().any(|(atom, _)| of(atom, outside)) {
            return None;
        }
        let movers = inside.iter().filter(|v| moving.iter().any(|(atom, _)| atom.mentions(**v)));
        let places: i64 = movers.map(|v| s.var(*v).extent).product();
        let reach = ranges.of(&Sum { terms: moving, constant: 0 }.expr())?;
        let first = Sum { terms: fixed, constant: sum.constant + reach.min }.expr();
        let elements = reach.max - reach.min + 1;
        (elements <= places).then_some(Span { first, elements })
    }

    /// Both, where they begin at the same place.
    fn joined(self, other: Span) -> Option<Span> {
        let same = self.first == other.first;
        same.then(|| Span { elements: self.elements.max(other.elements), ..self })
    }
}

fn loads(value: &Expr, of: BufferId) -> Vec<Expr> {
    let mut found = vec![];
    value.visit(&mut |e| {
        if let Expr::Load { buffer, index } = e
            && *buffer == of
        {
            found.extend(index.iter().cloned());
        }
    });
    found
}
