//! Index arithmetic as sums of terms, so that constants fold, ranges are known and addresses take the form
//! `base + outer loops + inner loops + constant`.
//!
//! In a vectorised loop an index is one such sum (whose coefficient of the lane is its stride) or, where it is not
//! linear in the lane, one sum per lane.

use inkwell::values::{AsValueRef, IntValue};
use lathe_tensor::VarId;
use lathe_tensor::index::gcd;

/// Smallest and largest value, both included.
pub type Range = (i64, i64);

/// What a term multiplies.
#[derive(Clone, Copy, Debug)]
pub enum Atom<'c> {
    /// a loop variable
    Loop {
        /// which
        var: VarId,
        /// its value
        value: IntValue<'c>,
        /// loops around it
        depth: u32,
        /// iterations
        extent: i64,
    },
    /// the variable of the vectorised loop
    Lane {
        /// iterations
        extent: i64,
    },
    /// anything else
    Opaque {
        /// its value
        value: IntValue<'c>,
        /// depth of the innermost loop it depends on
        depth: u32,
        /// what it lies in, where known
        range: Option<Range>,
    },
}

impl Atom<'_> {
    /// Sorting key: outermost first, the lane last.
    fn key(&self) -> (u32, u64) {
        match self {
            Atom::Loop { var, depth, .. } => (*depth, u64::from(var.0)),
            Atom::Opaque { depth, .. } => (*depth, 1 << 32),
            Atom::Lane { .. } => (u32::MAX, 0),
        }
    }

    fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Atom::Loop { var: a, .. }, Atom::Loop { var: b, .. }) => a == b,
            (Atom::Lane { .. }, Atom::Lane { .. }) => true,
            (Atom::Opaque { value: a, .. }, Atom::Opaque { value: b, .. }) => a.as_value_ref() == b.as_value_ref(),
            _ => false,
        }
    }

    fn range(&self) -> Option<Range> {
        match self {
            Atom::Loop { extent, .. } | Atom::Lane { extent } => Some((0, extent - 1)),
            Atom::Opaque { range, .. } => *range,
        }
    }
}

/// `constant + Σ coefficient · atom`, the terms sorted outermost first, no coefficient 0.
#[derive(Clone, Debug, Default)]
pub struct Sum<'c> {
    /// the terms
    pub terms: Vec<(Atom<'c>, i64)>,
    /// the constant
    pub constant: i64,
}

impl<'c> Sum<'c> {
    /// a constant
    pub fn constant(value: i64) -> Self {
        Sum { terms: vec![], constant: value }
    }

    /// one atom
    pub fn atom(atom: Atom<'c>) -> Self {
        Sum { terms: vec![(atom, 1)], constant: 0 }
    }

    /// the value, when it has no terms
    pub fn as_constant(&self) -> Option<i64> {
        self.terms.is_empty().then_some(self.constant)
    }

    /// self + factor · other
    pub fn plus(&self, other: &Sum<'c>, factor: i64) -> Sum<'c> {
        let mut sum = self.clone();
        sum.constant = sum.constant.wrapping_add(other.constant.wrapping_mul(factor));
        for (atom, coefficient) in &other.terms {
            let coefficient = coefficient.wrapping_mul(factor);
            match sum.terms.iter_mut().find(|(a, _)| a.same(atom)) {
                Some((_, c)) => *c = c.wrapping_add(coefficient),
                None => {
                    let at = sum.terms.partition_point(|(a, _)| a.key() <= atom.key());
                    sum.terms.insert(at, (*atom, coefficient));
                }
            }
        }
        sum.terms.retain(|(_, c)| *c != 0);
        sum
    }

    /// factor · self
    pub fn times(&self, factor: i64) -> Sum<'c> {
        Sum::constant(0).plus(self, factor)
    }

    /// step per lane
    pub fn stride(&self) -> i64 {
        self.terms.iter().find_map(|(a, c)| matches!(a, Atom::Lane { .. }).then_some(*c)).unwrap_or(0)
    }

    /// the value in lane `k`
    pub fn at_lane(&self, k: i64) -> Sum<'c> {
        let mut sum = self.clone();
        sum.constant = sum.constant.wrapping_add(self.stride().wrapping_mul(k));
        sum.terms.retain(|(a, _)| !matches!(a, Atom::Lane { .. }));
        sum
    }

    /// `Some(d)` when self - other is the constant d
    pub fn distance(&self, other: &Sum<'c>) -> Option<i64> {
        self.plus(other, -1).as_constant()
    }

    /// depth of the innermost loop it depends on (the lane aside)
    pub fn depth(&self) -> u32 {
        let depth = |a: &Atom<'c>| match a {
            Atom::Loop { depth, .. } | Atom::Opaque { depth, .. } => *depth,
            Atom::Lane { .. } => 0,
        };
        self.terms.iter().map(|(a, _)| depth(a)).max().unwrap_or(0)
    }

    /// what it lies in, where known
    pub fn range(&self) -> Option<Range> {
        let mut range = (self.constant, self.constant);
        for (atom, c) in &self.terms {
            let (low, high) = atom.range()?;
            let (a, b) = (low.checked_mul(*c)?, high.checked_mul(*c)?);
            range = (range.0.checked_add(a.min(b))?, range.1.checked_add(a.max(b))?);
        }
        Some(range)
    }

    /// Quotient and remainder by `divisor` (rounded down) as sums, where splitting off the multiples of the divisor
    /// leaves a rest known to lie in `0..divisor`.
    pub fn divide(&self, divisor: i64) -> Option<(Sum<'c>, Sum<'c>)> {
        let (mut quotient, mut rest) = (Sum::default(), Sum::default());
        for (atom, c) in &self.terms {
            let (part, coefficient) = if c % divisor == 0 { (&mut quotient, c / divisor) } else { (&mut rest, *c) };
            part.terms.push((*atom, coefficient));
        }
        // The constant's multiples go with the quotient; where that does not fit, one more or less may.
        for shift in [0, 1, -1] {
            let whole = self.constant.div_euclid(divisor) + shift;
            let candidate = Sum { terms: rest.terms.clone(), constant: self.constant - whole * divisor };
            if candidate.range().is_some_and(|(low, high)| low >= 0 && high < divisor) {
                quotient.constant = whole;
                return Some((quotient, candidate));
            }
        }
        None
    }

    /// `self` as `g·whole + rest` with `rest` known to lie in `0..g`, for a g > 1 that divides `divisor`: then
    /// `self / divisor = whole / (divisor / g)` and `self % divisor = g·(whole % (divisor / g)) + rest`.
    pub fn split(&self, divisor: i64) -> Option<(i64, Sum<'c>, Sum<'c>)> {
        let mut candidates: Vec<i64> = self.terms.iter().map(|(_, c)| gcd(*c, divisor)).filter(|g| *g > 1).collect();
        candidates.sort_unstable();
        candidates.dedup();
        candidates.into_iter().rev().find_map(|g| self.divide(g).map(|(whole, rest)| (g, whole, rest)))
    }

    /// The largest power of two, at most `limit`, that divides `unit · self` whatever the atoms are.
    pub fn alignment(&self, unit: i64, limit: i64) -> i64 {
        let mut alignment = limit;
        for factor in self.terms.iter().map(|(_, c)| *c).chain([self.constant]) {
            while alignment > 1 && (factor.wrapping_mul(unit)) % alignment != 0 {
                alignment /= 2;
            }
        }
        alignment
    }
}

/// An index: one sum for all lanes, or one per lane.
#[derive(Clone, Debug)]
pub enum Index<'c> {
    /// linear in the lane (or the same in every lane)
    One(Sum<'c>),
    /// one per lane, none depending on the lane any more
    PerLane(Vec<Sum<'c>>),
}

impl<'c> Index<'c> {
    /// the value in each of `lanes` lanes
    pub fn lanes(&self, lanes: u32) -> Vec<Sum<'c>> {
        match self {
            Index::One(sum) => (0..i64::from(lanes)).map(|k| sum.at_lane(k)).collect(),
            Index::PerLane(sums) => sums.clone(),
        }
    }

    /// the value in lane `k`
    pub fn at_lane(&self, k: u32) -> Sum<'c> {
        match self {
            Index::One(sum) => sum.at_lane(i64::from(k)),
            Index::PerLane(sums) => sums[k as usize].clone(),
        }
    }

    /// One sum where the lanes allow it: all equal, or with a constant step.
    pub fn simplified(self) -> Index<'c> {
        let Index::PerLane(sums) = &self else { return self };
        let [first, second, ..] = sums.as_slice() else { return Index::One(sums[0].clone()) };
        let Some(step) = second.distance(first) else { return self };
        let linear = sums.windows(2).all(|pair| pair[1].distance(&pair[0]) == Some(step));
        if !linear {
            return self;
        }
        let lane = Sum::atom(Atom::Lane { extent: sums.len() as i64 });
        Index::One(first.plus(&lane, step))
    }
}
