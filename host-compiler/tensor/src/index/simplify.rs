//! The canonical form of index expressions: a sum of distinct atoms with coefficients and a constant.
//!
//! `(o*16 + i) / 16` becomes `o` where `i` is known to lie in `0..16`. Everything around indices (loads, conditions of
//! padding) is simplified with them, so a condition that always holds disappears.

use lathe_graph::DType;

use super::range::Ranges;
use crate::expr::{BinaryFn, Expr, Scalar, Type, VarId};

/// A sum of atoms (variables, or terms that do not decompose) times coefficients, plus a constant.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Sum {
    /// distinct atoms with coefficients, none zero, in order of first appearance
    pub terms: Vec<(Expr, i64)>,
    /// the constant
    pub constant: i64,
}

impl Sum {
    fn add(&mut self, atom: Expr, coefficient: i64) {
        if let Some(term) = self.terms.iter_mut().find(|t| t.0 == atom) {
            term.1 += coefficient;
        } else {
            self.terms.push((atom, coefficient));
        }
        self.terms.retain(|t| t.1 != 0);
        self.join_quotients();
    }

    /// `(x / d) * (c*d) + (x % d) * c` is `x * c`.
    fn join_quotients(&mut self) {
        for i in 0..self.terms.len() {
            let (Expr::Binary(BinaryFn::Rem, x, d), c) = &self.terms[i] else { continue };
            let Expr::Index(d) = **d else { continue };
            // the quotient of a quotient is kept as one division
            let quotient = match &**x {
                Expr::Binary(BinaryFn::Div, inner, a) => match **a {
                    Expr::Index(a) => (**inner).clone() / Expr::Index(a * d),
                    _ => continue,
                },
                _ => (**x).clone() / Expr::Index(d),
            };
            let (x, c) = ((**x).clone(), *c);
            let Some(j) = self.terms.iter().position(|t| t.0 == quotient && t.1 == c * d) else { continue };
            self.terms.remove(i.max(j));
            self.terms.remove(i.min(j));
            let parts = Sum::of(&x, &Ranges::default());
            self.add_scaled(&parts, c);
            return;
        }
    }

    fn add_scaled(&mut self, other: &Sum, scale: i64) {
        for (atom, c) in &other.terms {
            self.add(atom.clone(), c * scale);
        }
        self.constant += other.constant * scale;
    }

    /// The sum form of an index expression.
    pub fn of(e: &Expr, ranges: &Ranges) -> Sum {
        let mut sum = Sum::default();
        match e {
            Expr::Index(c) => sum.constant = *c,
            Expr::Binary(BinaryFn::Add, a, b) => {
                sum = Sum::of(a, ranges);
                sum.add_scaled(&Sum::of(b, ranges), 1);
            }
            Expr::Binary(BinaryFn::Sub, a, b) => {
                sum = Sum::of(a, ranges);
                sum.add_scaled(&Sum::of(b, ranges), -1);
            }
            Expr::Binary(BinaryFn::Mul, a, b) => {
                let (a, b) = (Sum::of(a, ranges), Sum::of(b, ranges));
                match (a.terms.is_empty(), b.terms.is_empty()) {
                    (_, true) => sum.add_scaled(&a, b.constant),
                    (true, _) => sum.add_scaled(&b, a.constant),
                    _ => sum.add(a.expr() * b.expr(), 1),
                }
            }
            Expr::Binary(BinaryFn::Div, a, b) => match &**b {
                Expr::Index(d) if *d > 0 => sum = Sum::of(a, ranges).divided(*d, ranges),
                _ => sum.add(simplify_operands(e, ranges), 1),
            },
            Expr::Binary(BinaryFn::Rem, a, b) => match &**b {
                Expr::Index(d) if *d > 0 => sum = Sum::of(a, ranges).remainder(*d, ranges),
                _ => sum.add(simplify_operands(e, ranges), 1),
            },
            Expr::Var(_) => sum.add(e.clone(), 1),
            _ => match simplify_operands(e, ranges) {
                Expr::Index(c) => sum.constant = c,
                atom @ (Expr::Binary(BinaryFn::Add | BinaryFn::Sub | BinaryFn::Mul, ..) | Expr::Var(_)) => {
                    sum = Sum::of(&atom, ranges);
                }
                atom => sum.add(atom, 1),
            },
        }
        sum
    }

    /// `self = d * whole + rest`, with every multiple of `d` in `whole` and the rest's constant in `0..d`.
    fn parts(self, d: i64) -> (Sum, Sum) {
        let (mut whole, mut rest) = (Sum::default(), Sum::default());
        for (atom, c) in self.terms {
            if c % d == 0 {
                whole.terms.push((atom, c / d));
            } else {
                rest.terms.push((atom, c));
            }
        }
        whole.constant = self.constant.div_euclid(d);
        rest.constant = self.constant.rem_euclid(d);
        (whole, rest)
    }

    fn divided(self, d: i64, ranges: &Ranges) -> Sum {
        if d == 1 {
            return self;
        }
        let (mut whole, rest) = self.parts(d);
        let rest_expr = rest.clone().expr();
        if let Some(r) = ranges.of(&rest_expr) {
            let low = r.min.div_euclid(d);
            if low == r.max.div_euclid(d) {
                whole.constant += low;
                return whole;
            }
        }
        // (x / a) / d is x / (a * d)
        if let ([(Expr::Binary(BinaryFn::Div, x, a), 1)], 0) = (rest.terms.as_slice(), rest.constant)
            && let Expr::Index(a) = **a
        {
            whole.add(Expr::Binary(BinaryFn::Div, x.clone(), Box::new(Expr::Index(a * d))), 1);
            return whole;
        }
        // a factor common to every term and the divisor cancels; the constant's remainder cannot matter then
        let g = rest.terms.iter().fold(d, |g, t| gcd(g, t.1.abs()));
        if g > 1 {
            let reduced = Sum {
                terms: rest.terms.into_iter().map(|(a, c)| (a, c / g)).collect(),
                constant: rest.constant.div_euclid(g),
            };
            whole.add_scaled(&reduced.divided(d / g, ranges), 1);
            return whole;
        }
        // what stays below a common factor of the other terms and the divisor cannot matter
        if let Some((high, g)) = rest.above(d, ranges) {
            let reduced = Sum { terms: high.terms.into_iter().map(|(a, c)| (a, c / g)).collect(), constant: 0 };
            whole.add_scaled(&reduced.divided(d / g, ranges), 1);
            return whole;
        }
        whole.add(rest_expr / Expr::Index(d), 1);
        whole
    }

    /// The terms that are multiples of some factor `g` of `d`, where the rest is known to lie in `0..g`.
    fn above(&self, d: i64, ranges: &Ranges) -> Option<(Sum, i64)> {
        let mut factors: Vec<i64> = self.terms.iter().map(|t| gcd(d, t.1.abs())).filter(|g| *g > 1).collect();
        factors.sort_unstable();
        factors.dedup();
        factors.into_iter().rev().find_map(|g| {
            let (high, low): (Vec<_>, Vec<_>) = self.terms.iter().cloned().partition(|t| t.1 % g == 0);
            let low = Sum { terms: low, constant: self.constant };
            let fits = ranges.of(&low.expr()).is_some_and(|r| r.within(g));
            fits.then_some((Sum { terms: high, constant: 0 }, g))
        })
    }

    fn remainder(self, d: i64, ranges: &Ranges) -> Sum {
        let mut sum = Sum::default();
        let (_, rest) = self.parts(d);
        let rest_expr = rest.clone().expr();
        match ranges.of(&rest_expr) {
            Some(r) if r.within(d) => return rest,
            Some(r) if r.min.div_euclid(d) == r.max.div_euclid(d) => {
                sum.add_scaled(&rest, 1);
                sum.constant -= r.min.div_euclid(d) * d;
            }
            _ if d == 1 => {}
            _ => match rest.above(d, ranges) {
                Some((high, g)) => {
                    let low = rest.terms.iter().filter(|t| !high.terms.contains(t)).cloned().collect();
                    sum.add_scaled(&Sum { terms: low, constant: rest.constant }, 1);
                    let reduced = Sum { terms: high.terms.into_iter().map(|(a, c)| (a, c / g)).collect(), constant: 0 };
                    sum.add_scaled(&reduced.remainder(d / g, ranges), g);
                }
                None => sum.add(rest_expr % Expr::Index(d), 1),
            },
        }
        sum
    }

    /// The sum as an expression: terms in order, then the constant.
    pub fn expr(self) -> Expr {
        let mut parts = self.terms.into_iter().map(|(atom, c)| if c == 1 { atom } else { atom * Expr::Index(c) });
        let Some(first) = parts.next() else { return Expr::Index(self.constant) };
        let sum = parts.fold(first, |a, b| a + b);
        if self.constant == 0 { sum } else { sum + Expr::Index(self.constant) }
    }
}

/// The greatest common divisor, not negative.
pub fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a.abs() } else { gcd(b, a % b) }
}

/// Whether an expression is index arithmetic.
pub fn is_index(e: &Expr) -> bool {
    match e {
        Expr::Var(_) | Expr::Index(_) => true,
        Expr::Binary(_, a, _) | Expr::Unary(_, a) => is_index(a),
        Expr::Select(_, a, _) => is_index(a),
        Expr::Cast(ty, _) => *ty == Type::Index,
        Expr::Let { body, .. } => is_index(body),
        Expr::Const(_) | Expr::Load { .. } | Expr::Compare(..) | Expr::Local(_) => false,
    }
}

/// `e` in canonical form under what is known of the variables.
pub fn simplify(e: &Expr, ranges: &Ranges) -> Expr {
    if is_index(e) {
        return Sum::of(e, ranges).expr();
    }
    simplify_operands(e, ranges)
}

fn simplify_operands(e: &Expr, ranges: &Ranges) -> Expr {
    let e = e.clone().map_operands(&mut |x| simplify(&x, ranges));
    match e {
        Expr::Compare(f, a, b) if is_index(&a) && is_index(&b) => {
            let difference = simplify(&((*a).clone() - (*b).clone()), ranges);
            match ranges.of(&difference).and_then(|range| range.compared_with_zero(f)) {
                Some(truth) => Expr::Const(Scalar::Int(DType::Bool, i64::from(truth))),
                None => Expr::Compare(f, a, b),
            }
        }
        Expr::Select(c, a, b) => match truth(&c) {
            Some(true) => *a,
            Some(false) => *b,
            None => Expr::Select(c, a, b),
        },
        Expr::Binary(f @ (BinaryFn::And | BinaryFn::Or), a, b) => match (truth(&a), truth(&b)) {
            (Some(x), _) if x == (f == BinaryFn::Or) => *a,
            (Some(_), _) => *b,
            (_, Some(x)) if x == (f == BinaryFn::Or) => *b,
            (_, Some(_)) => *a,
            _ => Expr::Binary(f, a, b),
        },
        Expr::Binary(f @ (BinaryFn::Min | BinaryFn::Max), a, b) if is_index(&a) => {
            let difference = ranges.of(&simplify(&((*a).clone() - (*b).clone()), ranges));
            match difference {
                Some(d) if d.max <= 0 => {
                    if f == BinaryFn::Min {
                        *a
                    } else {
                        *b
                    }
                }
                Some(d) if d.min >= 0 => {
                    if f == BinaryFn::Min {
                        *b
                    } else {
                        *a
                    }
                }
                _ => Expr::Binary(f, a, b),
            }
        }
        e => e,
    }
}

fn truth(e: &Expr) -> Option<bool> {
    match e {
        Expr::Const(Scalar::Int(DType::Bool, v)) => Some(*v != 0),
        _ => None,
    }
}

/// `e` with variables replaced; `None` keeps a variable.
pub fn substitute(e: &Expr, with: &impl Fn(VarId) -> Option<Expr>) -> Expr {
    match e {
        Expr::Var(v) => with(*v).unwrap_or_else(|| e.clone()),
        _ => e.clone().map_operands(&mut |x| substitute(&x, with)),
    }
}
