//! The part of a buffer that a loop's body needs: bounds inference for `compute_at`.

use super::state::Schedule;
use super::tree::Block;
use crate::expr::{BufferId, Expr, VarId};
use crate::index::{Range, Ranges, Sum, simplify, substitute};
use crate::program::StageId;

/// A box of a buffer, held by one iteration of the loop `at`.
#[derive(Clone, Debug, PartialEq)]
pub struct Region {
    /// the loop inside which the buffer lives
    pub at: VarId,
    /// first index of each dimension, a function of the loops around
    pub min: Vec<Expr>,
    /// extents
    pub extent: Vec<i64>,
}

/// One dimension of a region: a part fixed by the loops around, and an interval.
struct Span {
    fixed: Sum,
    range: Range,
}

impl Schedule {
    /// The box of `buffer` that `readers` read inside one iteration of `at`.
    pub(crate) fn required_region(&self, buffer: BufferId, at: VarId, readers: &[StageId]) -> Region {
        let shape = self.program.buffer(buffer).shape.clone();
        let mut spans: Vec<Option<Span>> = shape.iter().map(|_| None).collect();
        let mut whole = vec![false; shape.len()];
        for &reader in readers {
            let Some(block) = self.block(reader) else { continue };
            let path = self.path(reader);
            let depth = path.iter().position(|v| *v == at).map_or(0, |p| p + 1);
            let inner = &path[depth..];
            for index in self.reads(reader, &block, buffer) {
                for (d, e) in index.iter().enumerate() {
                    match (self.span(e, inner), &mut spans[d]) {
                        (None, _) => whole[d] = true,
                        (Some(new), slot @ None) => *slot = Some(new),
                        (Some(new), Some(old)) if old.fixed == new.fixed => old.range = old.range.union(new.range),
                        (Some(_), Some(_)) => whole[d] = true,
                    }
                }
            }
        }
        let mut region = Region { at, min: vec![], extent: vec![] };
        for (d, span) in spans.into_iter().enumerate() {
            let part = span.filter(|s| !whole[d] && s.range.max - s.range.min + 1 < shape[d]);
            match part {
                Some(span) => {
                    let extent = span.range.max - span.range.min + 1;
                    region.min.push(span.fixed.expr() + Expr::Index(span.range.min));
                    region.extent.push(extent);
                }
                None => {
                    region.min.push(Expr::Index(0));
                    region.extent.push(shape[d]);
                }
            }
        }
        let ranges = self.ranges();
        region.min = region.min.iter().map(|e| simplify(e, &ranges)).collect();
        region
    }

    /// The indices at which a stage reads `buffer`, in loop variables.
    fn reads(&self, stage: StageId, block: &Block, buffer: BufferId) -> Vec<Vec<Expr>> {
        let mut found = vec![];
        self.program.stage(stage).body.visit(&mut |e| {
            if let Expr::Load { buffer: b, index } = e
                && *b == buffer
            {
                let in_loops = |e| substitute(e, &|v: VarId| block.axes.get(v.0 as usize).cloned());
                found.push(index.iter().map(in_loops).collect());
            }
        });
        found
    }

    /// Splits an index into what the outer loops fix and the interval the `inner` loops sweep.
    fn span(&self, e: &Expr, inner: &[VarId]) -> Option<Span> {
        let all = self.ranges();
        let sum = Sum::of(e, &all);
        let mut only_inner = Ranges::default();
        for &v in inner {
            only_inner.insert(v, Range::extent(self.var(v).extent));
        }
        let mut fixed = Sum::default();
        let mut range = Range::point(sum.constant);
        for (atom, c) in sum.terms {
            let (mut has_inner, mut opaque) = (false, false);
            atom.visit(&mut |x| match x {
                Expr::Var(v) => has_inner |= inner.contains(v),
                Expr::Load { .. } | Expr::Local(_) => opaque = true,
                _ => {}
            });
            if opaque {
                return None;
            }
            if !has_inner {
                fixed.terms.push((atom, c));
                continue;
            }
            let r = only_inner.of(&atom)?;
            range.min += if c > 0 { r.min * c } else { r.max * c };
            range.max += if c > 0 { r.max * c } else { r.min * c };
        }
        Some(Span { fixed, range })
    }
}
