//! Functions of indices, and indices as LLVM integers.

use inkwell::IntPredicate;
use inkwell::types::IntType;
use inkwell::values::{InstructionOpcode, IntValue};
use lathe_tensor::{BinaryFn, UnaryFn};

use super::index::{Atom, Index, Range, Sum};
use super::ir::{V, built};
use super::value::Emitter;
use crate::error::CodegenError;

impl<'c> Emitter<'c, '_> {
    /// f(a, b) on indices.
    pub fn binary_index(&mut self, f: BinaryFn, a: Index<'c>, b: Index<'c>) -> Result<Index<'c>, CodegenError> {
        if let (Index::One(a), Index::One(b)) = (&a, &b) {
            if let Some(exact) = exact(f, a, b) {
                return Ok(Index::One(exact));
            }
            if let Some(split) = self.divide_split(f, a, b)? {
                return Ok(Index::One(split));
            }
            if a.stride() == 0 && b.stride() == 0 {
                return self.opaque_binary(f, a, b).map(Index::One);
            }
        }
        let pairs: Vec<_> = a.lanes(self.lanes).into_iter().zip(b.lanes(self.lanes)).collect();
        let sums: Result<Vec<_>, _> =
            pairs.iter().map(|(a, b)| exact(f, a, b).map_or_else(|| self.opaque_binary(f, a, b), Ok)).collect();
        Ok(Index::PerLane(sums?).simplified())
    }

    /// Quotient or remainder of a sum whose lane and other small terms stay below a divisor of the divisor: they do not
    /// take part in the division, so the lane keeps its stride.
    fn divide_split(&mut self, f: BinaryFn, a: &Sum<'c>, b: &Sum<'c>) -> Result<Option<Sum<'c>>, CodegenError> {
        let Some(divisor) = b.as_constant().filter(|d| *d > 0) else { return Ok(None) };
        if !matches!(f, BinaryFn::Div | BinaryFn::Rem) {
            return Ok(None);
        }
        let Some((g, whole, rest)) = a.split(divisor).filter(|(_, whole, _)| whole.stride() == 0) else {
            return Ok(None);
        };
        let outer = Sum::constant(divisor / g);
        let result = exact(f, &whole, &outer).map_or_else(|| self.opaque_binary(f, &whole, &outer), Ok)?;
        Ok(Some(if f == BinaryFn::Div { result } else { rest.plus(&result, g) }))
    }

    /// f(x) on an index.
    pub fn unary_index(&mut self, f: UnaryFn, x: Index<'c>) -> Result<Index<'c>, CodegenError> {
        let zero = Index::One(Sum::constant(0));
        match f {
            UnaryFn::Neg => self.binary_index(BinaryFn::Sub, zero, x),
            UnaryFn::Abs => {
                let negated = self.binary_index(BinaryFn::Sub, zero, x.clone())?;
                self.binary_index(BinaryFn::Max, x, negated)
            }
            _ => Err(self.unsupported(format!("{f:?} of an index"))),
        }
    }

    /// A function of lane-free sums that is not a sum itself, as instructions.
    fn opaque_binary(&mut self, f: BinaryFn, a: &Sum<'c>, b: &Sum<'c>) -> Result<Sum<'c>, CodegenError> {
        let depth = a.depth().max(b.depth());
        let (ranges, divisor_positive) = ((a.range(), b.range()), b.range().is_some_and(|(low, _)| low > 0));
        let (x, y): (V<'c>, V<'c>) = (self.materialise(a).into(), self.materialise(b).into());
        let (v, range) = match f {
            BinaryFn::Mul => {
                (built(self.ir.builder.build_int_nsw_mul(x.into_int_value(), y.into_int_value(), "")).into(), None)
            }
            BinaryFn::Div | BinaryFn::Rem => {
                // A divisor is positive wherever the result is used; elsewhere it must not trap.
                let one = self.ir.int(self.index_type, 1, 1);
                let y = if divisor_positive { y } else { self.integer_extremum(true, true, y, one) };
                self.floor_division(f == BinaryFn::Rem, x, y, ranges)
            }
            BinaryFn::Min | BinaryFn::Max => {
                let range = ranges.0.zip(ranges.1).map(|(a, b)| match f {
                    BinaryFn::Min => (a.0.min(b.0), a.1.min(b.1)),
                    _ => (a.0.max(b.0), a.1.max(b.1)),
                });
                (self.integer_extremum(f == BinaryFn::Max, true, x, y), range)
            }
            BinaryFn::And | BinaryFn::Or | BinaryFn::Xor | BinaryFn::Shl | BinaryFn::Shr => {
                (self.binary_integer(f, true, x, y), None)
            }
            BinaryFn::Add | BinaryFn::Sub | BinaryFn::Pow => {
                return Err(self.unsupported(format!("{f:?} of indices")));
            }
        };
        Ok(self.opaque(v.into_int_value(), depth, range))
    }

    /// Division rounding down, or its remainder, by a positive divisor.
    fn floor_division(
        &self,
        remainder: bool,
        x: V<'c>,
        y: V<'c>,
        (a, b): (Option<Range>, Option<Range>),
    ) -> (V<'c>, Option<Range>) {
        let ir = &self.ir;
        let divisor = b.filter(|(low, high)| low == high && *low > 0).map(|(d, _)| d);
        let range = match (remainder, divisor) {
            (true, _) => {
                let below = a.filter(|(low, _)| *low >= 0).map_or(i64::MAX, |(_, high)| high);
                b.map(|(_, high)| (0, (high - 1).max(0).min(below)))
            }
            (false, Some(d)) => a.map(|(low, high)| (low.div_euclid(d), high.div_euclid(d))),
            (false, None) => a.filter(|(low, _)| *low >= 0).map(|(_, high)| (0, high)),
        };
        if a.is_some_and(|(low, _)| low >= 0) {
            let opcode = if remainder { InstructionOpcode::URem } else { InstructionOpcode::UDiv };
            let fits = |r: Option<Range>| r.is_some_and(|(_, high)| high <= i64::from(u32::MAX));
            if !(fits(a) && fits(b)) {
                return (ir.op(opcode, x, y), range);
            }
            // 32-bit division is the cheaper one.
            let narrow = |v| ir.cast(InstructionOpcode::Trunc, v, ir.context.i32_type().into());
            let result = ir.op(opcode, narrow(x), narrow(y));
            return (ir.cast(InstructionOpcode::ZExt, result, self.index_type.into()), range);
        }
        let rest = ir.op(InstructionOpcode::SRem, x, y);
        let zero = ir.int_like(rest, 0);
        let below = ir.icmp(IntPredicate::SLT, rest, zero);
        if remainder {
            return (ir.select(below, ir.add(rest, y), rest), range);
        }
        let quotient = ir.op(InstructionOpcode::SDiv, x, y);
        (ir.select(below, ir.sub(quotient, ir.int_like(rest, 1)), quotient), range)
    }

    /// A sum of one value that is not a loop variable.
    pub fn opaque(&self, value: IntValue<'c>, depth: u32, range: Option<Range>) -> Sum<'c> {
        match value.get_sign_extended_constant() {
            Some(constant) => Sum::constant(constant),
            None => Sum::atom(Atom::Opaque { value, depth, range }),
        }
    }

    /// The value of a lane-free sum, added up from the outermost loop inwards, the constant last.
    pub fn materialise(&self, sum: &Sum<'c>) -> IntValue<'c> {
        let builder = &self.ir.builder;
        let constant = |k: i64| self.ir.int(self.index_type, k, 1).into_int_value();
        let mut total: Option<IntValue<'c>> = None;
        for (atom, coefficient) in &sum.terms {
            let value = match atom {
                Atom::Loop { value, .. } | Atom::Opaque { value, .. } => *value,
                Atom::Lane { .. } => continue,
            };
            let term = match coefficient {
                1 => value,
                c => built(builder.build_int_nsw_mul(value, constant(*c), "")),
            };
            total = Some(total.map_or(term, |t| built(builder.build_int_nsw_add(t, term, ""))));
        }
        match total {
            None => constant(sum.constant),
            Some(t) if sum.constant == 0 => t,
            Some(t) => built(builder.build_int_nsw_add(t, constant(sum.constant), "")),
        }
    }

    /// A lane-free sum as an integer of another width.
    pub fn truncated(&self, sum: &Sum<'c>, ty: IntType<'c>) -> V<'c> {
        let value: V<'c> = self.materialise(sum).into();
        let opcode = if ty.get_bit_width() < self.index_type.get_bit_width() {
            InstructionOpcode::Trunc
        } else {
            InstructionOpcode::SExt
        };
        self.ir.cast(opcode, value, ty.into())
    }

    /// An index as integers: a scalar where it is the same in every lane.
    pub fn index_vector(&self, index: &Index<'c>, ty: IntType<'c>) -> V<'c> {
        match index {
            Index::One(sum) if sum.stride() == 0 => self.truncated(sum, ty),
            Index::One(sum) => {
                let base = self.truncated(&sum.at_lane(0), ty);
                let steps: Vec<V<'c>> =
                    (0..i64::from(self.lanes)).map(|k| self.ir.int(ty, sum.stride().wrapping_mul(k), 1)).collect();
                self.ir.add(self.widen(base, self.lanes), self.ir.gather(&steps))
            }
            Index::PerLane(sums) => {
                let lanes: Vec<V<'c>> = sums.iter().map(|s| self.truncated(s, ty)).collect();
                self.ir.gather(&lanes)
            }
        }
    }
}

/// f(a, b) where it is a sum again.
fn exact<'c>(f: BinaryFn, a: &Sum<'c>, b: &Sum<'c>) -> Option<Sum<'c>> {
    match f {
        BinaryFn::Add => Some(a.plus(b, 1)),
        BinaryFn::Sub => Some(a.plus(b, -1)),
        BinaryFn::Mul => match (a.as_constant(), b.as_constant()) {
            (_, Some(k)) => Some(a.times(k)),
            (Some(k), _) => Some(b.times(k)),
            _ => None,
        },
        BinaryFn::Div => b.as_constant().filter(|d| *d > 0).and_then(|d| a.divide(d)).map(|(q, _)| q),
        BinaryFn::Rem => b.as_constant().filter(|d| *d > 0).and_then(|d| a.divide(d)).map(|(_, r)| r),
        BinaryFn::Min | BinaryFn::Max => {
            let (low, high) = a.plus(b, -1).range()?;
            let first = if f == BinaryFn::Min { high <= 0 } else { low >= 0 };
            let second = if f == BinaryFn::Min { low >= 0 } else { high <= 0 };
            if first {
                Some(a.clone())
            } else if second {
                Some(b.clone())
            } else {
                None
            }
        }
        _ => None,
    }
}
