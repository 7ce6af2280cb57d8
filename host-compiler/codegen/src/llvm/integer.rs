//! Integer elements: wrapping arithmetic, division that never traps, shifts of any distance.

use inkwell::IntPredicate;
use inkwell::values::InstructionOpcode;
use lathe_tensor::{BinaryFn, UnaryFn};

use super::ir::{V, lanes};
use super::value::{Data, Emitter};

impl<'c> Emitter<'c, '_> {
    /// f(x) on an integer or bool; `None` where it has no meaning.
    pub fn unary_integer(&self, f: UnaryFn, x: Data<'c>) -> Option<V<'c>> {
        let ir = &self.ir;
        let zero = ir.int_like(x.v, 0);
        Some(match f {
            UnaryFn::Not => ir.xor(x.v, ir.int_like(x.v, -1)),
            UnaryFn::Floor | UnaryFn::Ceil | UnaryFn::Round => x.v,
            UnaryFn::IsNan => ir.int(ir.context.bool_type(), 0, lanes(x.v)),
            UnaryFn::Neg if x.dtype.is_int() => ir.sub(zero, x.v),
            UnaryFn::Abs if !x.dtype.is_signed_int() => x.v,
            UnaryFn::Abs => {
                let negative = ir.icmp(IntPredicate::SLT, x.v, zero);
                ir.select(negative, ir.sub(zero, x.v), x.v)
            }
            _ => return None,
        })
    }

    /// f(a, b) on integers of one type.
    pub fn binary_integer(&mut self, f: BinaryFn, signed: bool, a: V<'c>, b: V<'c>) -> V<'c> {
        let op = |opcode| self.ir.op(opcode, a, b);
        match f {
            BinaryFn::Add => op(InstructionOpcode::Add),
            BinaryFn::Sub => op(InstructionOpcode::Sub),
            BinaryFn::Mul => op(InstructionOpcode::Mul),
            BinaryFn::And => op(InstructionOpcode::And),
            BinaryFn::Or => op(InstructionOpcode::Or),
            BinaryFn::Xor => op(InstructionOpcode::Xor),
            BinaryFn::Min => self.integer_extremum(false, signed, a, b),
            BinaryFn::Max => self.integer_extremum(true, signed, a, b),
            BinaryFn::Div => self.divide(signed, false, a, b),
            BinaryFn::Rem => self.divide(signed, true, a, b),
            BinaryFn::Shl | BinaryFn::Shr => self.shift(f == BinaryFn::Shl, signed, a, b),
            BinaryFn::Pow => self.integer_power(signed, a, b),
        }
    }

    /// Quotient or remainder; 0 where the divisor is 0. The most negative value by -1 wraps.
    fn divide(&self, signed: bool, remainder: bool, a: V<'c>, b: V<'c>) -> V<'c> {
        let ir = &self.ir;
        let [zero, one] = [0, 1].map(|k| ir.int_like(b, k));
        let opcode = match (signed, remainder) {
            (true, false) => InstructionOpcode::SDiv,
            (true, true) => InstructionOpcode::SRem,
            (false, false) => InstructionOpcode::UDiv,
            (false, true) => InstructionOpcode::URem,
        };
        let by_zero = ir.icmp(IntPredicate::EQ, b, zero);
        let mut divisor = ir.select(by_zero, one, b);
        let minus_one = ir.icmp(IntPredicate::EQ, b, ir.int_like(b, -1));
        if signed {
            divisor = ir.select(minus_one, one, divisor);
        }
        let mut result = ir.op(opcode, a, divisor);
        if signed && !remainder {
            result = ir.select(minus_one, ir.sub(zero, a), result);
        }
        ir.select(by_zero, zero, result)
    }

    /// A shift by the width or more gives what shifting bit by bit would.
    fn shift(&self, left: bool, signed: bool, a: V<'c>, b: V<'c>) -> V<'c> {
        let ir = &self.ir;
        let width = i64::from(ir.element(a).into_int_type().get_bit_width());
        let too_far = ir.icmp(IntPredicate::UGE, b, ir.int_like(b, width));
        let last = ir.int_like(b, width - 1);
        let distance = ir.select(too_far, last, b);
        if !left && signed {
            return ir.op(InstructionOpcode::AShr, a, distance);
        }
        let opcode = if left { InstructionOpcode::Shl } else { InstructionOpcode::LShr };
        ir.select(too_far, ir.int_like(a, 0), ir.op(opcode, a, distance))
    }

    /// a to the power b, wrapping; a negative exponent gives the truncated real result (0, 1 or -1; 0 for base 0).
    fn integer_power(&self, signed: bool, a: V<'c>, b: V<'c>) -> V<'c> {
        let ir = &self.ir;
        let [zero, one] = [0, 1].map(|k| ir.int_like(a, k));
        let width = ir.element(a).into_int_type().get_bit_width();
        let (mut result, mut square) = (one, a);
        for bit in 0..width {
            let set = ir.icmp(IntPredicate::NE, ir.and(b, ir.int_like(b, 1i64 << bit)), zero);
            result = ir.select(set, ir.op(InstructionOpcode::Mul, result, square), result);
            square = ir.op(InstructionOpcode::Mul, square, square);
        }
        if !signed {
            return result;
        }
        let unit = ir.or(ir.icmp(IntPredicate::EQ, a, one), ir.icmp(IntPredicate::EQ, a, ir.int_like(a, -1)));
        let negative = ir.icmp(IntPredicate::SLT, b, zero);
        // ±1 to a negative power: the two's complement bits of the exponent have the right parity.
        ir.select(ir.and(negative, ir.xor(unit, ir.int_like(unit, -1))), zero, result)
    }
}
