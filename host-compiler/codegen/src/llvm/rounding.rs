//! Floats to whole floats: floor, ceil, nearest even.
//!
//! An instruction where the processor has one, a builtin where there is no float arithmetic at all. A Cortex-M4 adds
//! but does not round: `|x| + 2^23 - 2^23` is the nearest even integer, and one less or more the floor or ceiling.

use inkwell::FloatPredicate;

use super::ir::{Ir, V};

impl<'c> Ir<'c> {
    /// the largest integer not above x
    pub fn floor(&self, x: V<'c>) -> V<'c> {
        self.rounded(x, "llvm.floor", |ir, nearest| {
            let above = ir.fcmp(FloatPredicate::OGT, nearest, x);
            ir.select(above, ir.fsub(nearest, ir.float_like(x, 1.0)), nearest)
        })
    }

    /// the smallest integer not below x
    pub fn ceil(&self, x: V<'c>) -> V<'c> {
        self.rounded(x, "llvm.ceil", |ir, nearest| {
            let below = ir.fcmp(FloatPredicate::OLT, nearest, x);
            ir.select(below, ir.fadd(nearest, ir.float_like(x, 1.0)), nearest)
        })
    }

    /// the nearest integer, the even one of two
    pub fn round_even(&self, x: V<'c>) -> V<'c> {
        self.rounded(x, self.capabilities.round_even, |_, nearest| nearest)
    }

    fn rounded(&self, x: V<'c>, intrinsic: &str, correct: impl FnOnce(&Self, V<'c>) -> V<'c>) -> V<'c> {
        let f32_type = self.context.f32_type().into();
        if !self.capabilities.rounds_by_addition || self.element(x) != f32_type {
            return self.intrinsic(intrinsic, &[x]);
        }
        let whole = self.float_like(x, 8_388_608.0);
        let magnitude = self.intrinsic("llvm.fabs", &[x]);
        let nearest = self.fsub(self.fadd(magnitude, whole), whole);
        let nearest = self.copysign(nearest, x);
        // The sign of a zero result is that of x.
        let corrected = self.copysign(correct(self, nearest), x);
        let fraction = self.fcmp(FloatPredicate::OLT, magnitude, whole);
        self.select(fraction, corrected, x)
    }
}
