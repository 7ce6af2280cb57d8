//! Remainder of floats with the sign of the dividend (C's `fmod`), exact.
//!
//! `r - round(r / b)·b` is exact in one fused multiply-add when the quotient is rounded to the format's digits, and
//! leaves at most 2^-52 of r, of either sign: repeat with its magnitude until that is below |b|. Where the quotient is
//! infinite, r is first taken modulo b·2^1200 and b·2^600, which are exact. LLVM would call `fmod` out; on
//! microcontrollers it may, and finds it among the builtins.

use inkwell::FloatPredicate;
use inkwell::basic_block::BasicBlock;
use inkwell::module::Linkage;
use inkwell::values::{FunctionValue, InstructionOpcode};
use lathe_graph::DType;

use super::entry::set_attributes;
use super::ir::{V, built, lanes};
use super::value::{Emitter, memory_type};

/// Name of the internal function.
const NAME: &str = "lathe.fmod";

/// What is left of a dividend: a number that differs from it by a multiple of the divisor.
#[derive(Clone, Copy)]
struct Rest<'c> {
    magnitude: V<'c>,
    negative: V<'c>,
}

impl<'c> Emitter<'c, '_> {
    /// a - trunc(a / b)·b, lane by lane in f64.
    pub fn float_remainder(&mut self, a: V<'c>, b: V<'c>) -> V<'c> {
        if self.ir.capabilities.remainder_builtin {
            return self.ir.op(InstructionOpcode::FRem, a, b);
        }
        let function = self.ir.module.get_function(NAME).unwrap_or_else(|| self.define_fmod());
        let element = self.ir.element(a);
        let f64_type = self.memory_type(DType::F64);
        let results: Vec<V<'c>> = (0..lanes(a))
            .map(|k| {
                let wide = |v| self.ir.cast(InstructionOpcode::FPExt, self.ir.lane(v, k), f64_type);
                let r = self.ir.call(function, &[wide(a), wide(b)]);
                self.ir.cast(InstructionOpcode::FPTrunc, r, element)
            })
            .collect();
        self.ir.gather(&results)
    }

    /// The function, beside the one being filled.
    fn define_fmod(&self) -> FunctionValue<'c> {
        let ir = &self.ir;
        let ty = memory_type(ir.context, DType::F64);
        let f64_type = ty.into_float_type();
        let function = ir.module.add_function(
            NAME,
            f64_type.fn_type(&[f64_type.into(), f64_type.into()], false),
            Some(Linkage::Internal),
        );
        set_attributes(ir, function);
        let resume = ir.block();
        let [entry, huge, large, small, done] =
            ["entry", "huge", "large", "small", "done"].map(|name| ir.context.append_basic_block(function, name));
        let params = function.get_params();
        ir.builder.position_at_end(entry);
        let a = ir.intrinsic("llvm.fabs", &[params[0]]);
        let b = ir.intrinsic("llvm.fabs", &[params[1]]);
        let infinity = ir.float(f64_type, f64::INFINITY, 1);
        // Scaled to infinity, a divisor leaves what it is to divide as it is.
        let scale = ir.float(f64_type, 2f64.powi(600), 1);
        let b_large = ir.fmul(b, scale);
        let b_huge = ir.fmul(b_large, scale);
        ir.branch(ir.fcmp(FloatPredicate::OLT, ir.fdiv(a, b), infinity), small, huge);
        ir.builder.position_at_end(huge);
        let whole = Rest { magnitude: a, negative: ir.int(ir.context.bool_type(), 0, 1) };
        let reduced = self.reduce(&[(whole, entry)], b_huge, huge, large);
        ir.builder.position_at_end(large);
        let reduced = self.reduce(&[(reduced, huge)], b_large, large, small);
        ir.builder.position_at_end(small);
        let Rest { magnitude, negative } = self.reduce(&[(whole, entry), (reduced, large)], b, small, done);
        ir.builder.position_at_end(done);
        let some = ir.fcmp(FloatPredicate::OGT, magnitude, ir.float(f64_type, 0.0, 1));
        let reduced = ir.select(ir.and(negative, some), ir.fsub(b, magnitude), magnitude);
        let infinite = ir.fcmp(FloatPredicate::OEQ, b, infinity);
        let finite_a = ir.fcmp(FloatPredicate::OLT, a, infinity);
        let zero = ir.fcmp(FloatPredicate::OEQ, b, ir.float(f64_type, 0.0, 1));
        let r = ir.select(ir.and(infinite, finite_a), a, reduced);
        // inf - inf and 0/0 give NaN where C does.
        let r = ir.select(zero, ir.float(f64_type, f64::NAN, 1), r);
        let r = ir.select(finite_a, r, ir.float(f64_type, f64::NAN, 1));
        let nan = ir.fcmp(FloatPredicate::UNO, params[0], params[1]);
        let r = ir.select(nan, ir.float(f64_type, f64::NAN, 1), r);
        let signed = ir.intrinsic("llvm.copysign", &[r, params[0]]);
        built(ir.builder.build_return(Some(&signed)));
        ir.builder.position_at_end(resume);
        function
    }

    /// Fills `block`, a loop that takes `r`, which comes in from other blocks, modulo `b` until r < b (or either is no
    /// number), then goes to `next`.
    fn reduce(
        &self,
        incoming: &[(Rest<'c>, BasicBlock<'c>)],
        b: V<'c>,
        block: BasicBlock<'c>,
        next: BasicBlock<'c>,
    ) -> Rest<'c> {
        let ir = &self.ir;
        let [magnitude, sign] =
            [b.get_type(), ir.context.bool_type().into()].map(|ty| built(ir.builder.build_phi(ty, "")));
        for (rest, before) in incoming {
            magnitude.add_incoming(&[(&rest.magnitude, *before)]);
            sign.add_incoming(&[(&rest.negative, *before)]);
        }
        let (r, negative) = (magnitude.as_basic_value(), sign.as_basic_value());
        let smaller = ir.fcmp(FloatPredicate::OLT, r, b);
        let quotient = ir.intrinsic("llvm.roundeven", &[ir.fdiv(r, b)]);
        let rest = ir.select(smaller, r, ir.fma(ir.fneg(quotient), b, r));
        let below = ir.fcmp(FloatPredicate::OLT, rest, ir.float_like(rest, 0.0));
        let negative = ir.xor(negative, below);
        let rest = ir.intrinsic("llvm.fabs", &[rest]);
        let again = ir.fcmp(FloatPredicate::OGE, rest, b);
        let finite = ir.fcmp(FloatPredicate::OLT, rest, ir.float_like(rest, f64::INFINITY));
        let progress = ir.fcmp(FloatPredicate::OLT, rest, r);
        ir.branch(ir.and(ir.and(again, finite), progress), block, next);
        magnitude.add_incoming(&[(&rest, block)]);
        sign.add_incoming(&[(&negative, block)]);
        Rest { magnitude: rest, negative }
    }
}
