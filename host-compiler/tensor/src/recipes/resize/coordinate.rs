//! Where a result position lies in the input: an exact rational function of the position.
//!
//! `at(o) = (p * o + q) / r` in integers. Scales are `f32` roundings of fractions; the fraction is recovered as the
//! first convergent of the scale's continued fraction that agrees with the scale to its precision, and, for nearest
//! sampling, picks the same elements as double-precision arithmetic on the scale where some convergent does.

use lathe_graph::op::{CoordinateMap, Interpolation, NearestRound};

use super::super::error::Refusal;
use super::Sampling;
use crate::expr::Expr;
use crate::program::build::{clamp_index, offset, scaled};

/// Positions of one dimension.
#[derive(Clone, Debug)]
pub(super) struct Coordinate {
    p: i64,
    q: i64,
    r: i64,
    extent: i64,
    size: i64,
    round: NearestRound,
}

/// Products of index arithmetic stay below this, for processors with 32-bit indices.
const INDEX_LIMIT: i64 = 1 << 30;

impl Coordinate {
    /// Positions of `size` results in an input of `extent` elements.
    pub(super) fn new(extent: i64, size: i64, scale: f32, sampling: Sampling) -> Result<Coordinate, Refusal> {
        let (round, checked) = match sampling.interpolation {
            Interpolation::Nearest(round) => (round, true),
            _ => (NearestRound::Floor, false),
        };
        let exact = |p, q, r| Coordinate { p, q, r, extent, size, round }.reduced();
        match sampling.map {
            CoordinateMap::AlignCorners if size > 1 => return Ok(exact(extent - 1, 0, size - 1)),
            CoordinateMap::AlignCorners => return Ok(exact(0, 0, 1)),
            CoordinateMap::PytorchHalfPixel if size <= 1 => return Ok(exact(0, 0, 1)),
            _ => {}
        }
        let wanted = 1.0 / f64::from(scale);
        if !wanted.is_finite() || wanted <= 0.0 {
            return Err(Refusal::Malformed("a scale that is not positive"));
        }
        let mut found: Option<Coordinate> = None;
        for (a, c) in convergents(wanted) {
            let candidate = match sampling.map {
                CoordinateMap::Asymmetric => exact(a, 0, c),
                CoordinateMap::HalfPixelSymmetric => exact(2 * a, a - c + extent * c - size * a, 2 * c),
                _ => exact(2 * a, a - c, 2 * c),
            };
            if 4 * (candidate.p * size + candidate.q.abs() + candidate.r) > INDEX_LIMIT {
                break;
            }
            if (a as f64 / c as f64 - wanted).abs() > 1e-7 * wanted {
                continue;
            }
            if !checked || candidate.agrees(sampling.map, f64::from(scale)) {
                return Ok(candidate);
            }
            found.get_or_insert(candidate);
        }
        found.ok_or_else(|| Refusal::Unsupported(format!("a scale of {scale} on {size} elements")))
    }

    fn reduced(self) -> Coordinate {
        let g = gcd(gcd(self.p.abs(), self.q.abs()), self.r);
        Coordinate { p: self.p / g, q: self.q / g, r: self.r / g, ..self }
    }

    /// Whether every result position picks the element that double precision picks.
    fn agrees(&self, map: CoordinateMap, scale: f64) -> bool {
        let (extent, size) = (self.extent as f64, self.size as f64);
        (0..self.size).all(|o| {
            let at = match map {
                CoordinateMap::Asymmetric => o as f64 / scale,
                CoordinateMap::HalfPixelSymmetric => {
                    extent / 2.0 * (1.0 - size / (scale * extent)) + (o as f64 + 0.5) / scale - 0.5
                }
                _ => (o as f64 + 0.5) / scale - 0.5,
            };
            let picked = match self.round {
                NearestRound::HalfDown => (at - 0.5).ceil(),
                NearestRound::HalfUp => (at + 0.5).floor(),
                NearestRound::Floor => at.floor(),
                NearestRound::Ceil => at.ceil(),
            };
            let (p, q, r) = self.rounded();
            (p * o + q).div_euclid(r).clamp(0, self.extent - 1) == (picked as i64).clamp(0, self.extent - 1)
        })
    }

    /// `(p, q, r)` with the nearest element at `floor((p * o + q) / r)`.
    fn rounded(&self) -> (i64, i64, i64) {
        let &Coordinate { p, q, r, .. } = self;
        match self.round {
            NearestRound::Floor => (p, q, r),
            NearestRound::Ceil => (p, q + r - 1, r),
            NearestRound::HalfUp => (2 * p, 2 * q + r, 2 * r),
            NearestRound::HalfDown => (2 * p, 2 * q + r - 1, 2 * r),
        }
    }

    /// The nearest element to result position `o`, inside the input.
    pub(super) fn nearest(&self, o: Expr) -> Expr {
        let (p, q, r) = self.rounded();
        let at = divided(offset(scaled(o, p), q), r);
        self.inside(at, q.div_euclid(r), (p * (self.size - 1) + q).div_euclid(r))
    }

    /// The element at or below result position `o`, `shift` elements on, moved inside the input.
    pub(super) fn sample(&self, o: Expr, shift: i64) -> Expr {
        self.inside(self.unclamped(o, shift), self.floor(0) + shift, self.floor(self.size - 1) + shift)
    }

    /// As [`Coordinate::sample`], possibly outside.
    pub(super) fn unclamped(&self, o: Expr, shift: i64) -> Expr {
        offset(divided(offset(scaled(o, self.p), self.q), self.r), shift)
    }

    /// Moves `at`, which lies in `low..=high`, inside the input.
    pub(super) fn inside(&self, at: Expr, low: i64, high: i64) -> Expr {
        if low >= 0 && high < self.extent { at } else { clamp_index(at, 0, self.extent - 1) }
    }

    fn floor(&self, o: i64) -> i64 {
        (self.p * o + self.q).div_euclid(self.r)
    }

    /// `r` times the fraction of result position `o`, and `r`.
    pub(super) fn fraction(&self, o: Expr) -> (Expr, i64) {
        let numerator = offset(scaled(o, self.p), self.q);
        if self.r == 1 { (Expr::Index(0), 1) } else { (numerator % Expr::Index(self.r), self.r) }
    }

    /// Input elements.
    pub(super) fn extent(&self) -> i64 {
        self.extent
    }

    /// Result elements.
    pub(super) fn size(&self) -> i64 {
        self.size
    }
}

fn divided(e: Expr, by: i64) -> Expr {
    if by == 1 { e } else { e / Expr::Index(by) }
}

fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a.max(1) } else { gcd(b, a % b) }
}

/// Fractions that approach `x` > 0, best ones of growing denominator.
fn convergents(x: f64) -> Vec<(i64, i64)> {
    let (mut before, mut last) = ((0i64, 1i64), (1i64, 0i64));
    let mut rest = x;
    let mut list = vec![];
    for _ in 0..24 {
        let whole = rest.floor();
        if whole > 1e9 {
            break;
        }
        let next = |b: i64, l: i64| (whole as i64).checked_mul(l).and_then(|v| v.checked_add(b));
        let (Some(a), Some(c)) = (next(before.0, last.0), next(before.1, last.1)) else { break };
        if a > INDEX_LIMIT || c > INDEX_LIMIT {
            break;
        }
        (before, last) = (last, (a, c));
        list.push((a, c));
        if rest == whole {
            break;
        }
        rest = 1.0 / (rest - whole);
    }
    list
}
