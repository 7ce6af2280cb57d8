//! Intervals of index expressions.

use std::collections::HashMap;

use crate::expr::{BinaryFn, CompareFn, Expr, VarId};

/// An inclusive interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// smallest value
    pub min: i64,
    /// largest value
    pub max: i64,
}

impl Range {
    /// The one value `v`.
    pub fn point(v: i64) -> Range {
        Range { min: v, max: v }
    }

    /// `0..extent`
    pub fn extent(extent: i64) -> Range {
        Range { min: 0, max: extent - 1 }
    }

    /// The smallest interval with both.
    pub fn union(self, other: Range) -> Range {
        Range { min: self.min.min(other.min), max: self.max.max(other.max) }
    }

    /// `x f 0`, where that is the same for every value x.
    pub fn compared_with_zero(self, f: CompareFn) -> Option<bool> {
        match f {
            CompareFn::Lt if self.max < 0 => Some(true),
            CompareFn::Lt if self.min >= 0 => Some(false),
            CompareFn::Le if self.max <= 0 => Some(true),
            CompareFn::Le if self.min > 0 => Some(false),
            CompareFn::Eq if self == Range::point(0) => Some(true),
            CompareFn::Eq if self.min > 0 || self.max < 0 => Some(false),
            CompareFn::Ne => self.compared_with_zero(CompareFn::Eq).map(|equal| !equal),
            _ => None,
        }
    }

    /// Whether every value lies in `0..bound`.
    pub fn within(self, bound: i64) -> bool {
        self.min >= 0 && self.max < bound
    }
}

/// What is known of each variable; unknown variables have no range.
#[derive(Clone, Debug, Default)]
pub struct Ranges(HashMap<VarId, Range>);

impl Ranges {
    /// Records the interval of `var`.
    pub fn insert(&mut self, var: VarId, range: Range) {
        self.0.insert(var, range);
    }

    /// The interval of `var`.
    pub fn get(&self, var: VarId) -> Option<Range> {
        self.0.get(&var).copied()
    }

    /// The interval of an index expression; `None` when it depends on anything unknown or is data.
    pub fn of(&self, e: &Expr) -> Option<Range> {
        Some(match e {
            Expr::Index(c) => Range::point(*c),
            Expr::Var(v) => self.get(*v)?,
            Expr::Binary(f, a, b) => {
                let (a, b) = (self.of(a)?, self.of(b)?);
                match f {
                    BinaryFn::Add => Range { min: a.min + b.min, max: a.max + b.max },
                    BinaryFn::Sub => Range { min: a.min - b.max, max: a.max - b.min },
                    BinaryFn::Mul => {
                        let p = [a.min * b.min, a.min * b.max, a.max * b.min, a.max * b.max];
                        Range { min: *p.iter().min()?, max: *p.iter().max()? }
                    }
                    BinaryFn::Div if b.min == b.max && b.min > 0 => {
                        Range { min: a.min.div_euclid(b.min), max: a.max.div_euclid(b.min) }
                    }
                    BinaryFn::Rem if b.min == b.max && b.min > 0 => {
                        if a.min.div_euclid(b.min) == a.max.div_euclid(b.min) {
                            Range { min: a.min.rem_euclid(b.min), max: a.max.rem_euclid(b.min) }
                        } else {
                            Range::extent(b.min)
                        }
                    }
                    BinaryFn::Min => Range { min: a.min.min(b.min), max: a.max.min(b.max) },
                    BinaryFn::Max => Range { min: a.min.max(b.min), max: a.max.max(b.max) },
                    _ => return None,
                }
            }
            Expr::Select(_, a, b) => self.of(a)?.union(self.of(b)?),
            _ => return None,
        })
    }
}
