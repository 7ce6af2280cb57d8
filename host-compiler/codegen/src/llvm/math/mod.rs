//! Elementary functions as inlined polynomials, on scalars and vectors of f32 and f64: one file per function.
//!
//! Every error bound stated in these files is measured by `tests/math.rs` against the standard library's f64.
//! Coefficients are our own fits: weighted least squares on Chebyshev nodes, iterated toward the minimax polynomial.

mod asin;
mod atan;
mod erf;
mod exp;
mod hyperbolic;
mod inverse_hyperbolic;
mod log;
pub mod pow;
mod sigmoid;
mod tanh;
mod trigonometric;

use inkwell::FloatPredicate;
use inkwell::types::FloatType;
use inkwell::values::InstructionOpcode;
use lathe_tensor::UnaryFn;

use super::ir::{Ir, V, lanes, shape};

/// f(x) for the functions that are not single instructions.
pub fn unary<'c>(f: UnaryFn, m: &Math<'_, 'c>, x: V<'c>) -> V<'c> {
    match f {
        UnaryFn::Exp => exp::exp(m, x),
        UnaryFn::Log => log::log(m, x),
        UnaryFn::Erf => erf::erf(m, x),
        UnaryFn::Tanh => tanh::tanh(m, x),
        UnaryFn::Sigmoid => sigmoid::sigmoid(m, x),
        UnaryFn::Sin => trigonometric::sin(m, x),
        UnaryFn::Cos => trigonometric::cos(m, x),
        UnaryFn::Tan => trigonometric::tan(m, x),
        UnaryFn::Asin => asin::asin(m, x),
        UnaryFn::Acos => asin::acos(m, x),
        UnaryFn::Atan => atan::atan(m, x),
        UnaryFn::Sinh => hyperbolic::sinh(m, x),
        UnaryFn::Cosh => hyperbolic::cosh(m, x),
        UnaryFn::Asinh => inverse_hyperbolic::asinh(m, x),
        UnaryFn::Acosh => inverse_hyperbolic::acosh(m, x),
        UnaryFn::Atanh => inverse_hyperbolic::atanh(m, x),
        UnaryFn::Neg
        | UnaryFn::Abs
        | UnaryFn::Not
        | UnaryFn::Sqrt
        | UnaryFn::Floor
        | UnaryFn::Ceil
        | UnaryFn::Round
        | UnaryFn::IsNan => x,
    }
}

/// Arithmetic on values of one float type and lane count.
pub struct Math<'a, 'c> {
    /// the instructions
    pub ir: &'a Ir<'c>,
    /// element type
    pub ty: FloatType<'c>,
    /// lanes
    pub lanes: u32,
}

impl<'a, 'c> Math<'a, 'c> {
    /// For values in the shape of `like`.
    pub fn new(ir: &'a Ir<'c>, like: V<'c>) -> Self {
        Math { ir, ty: ir.element(like).into_float_type(), lanes: lanes(like) }
    }

    /// whether the elements are f64
    pub fn wide(&self) -> bool {
        self.ty.get_bit_width() == 64
    }

    /// one of two coefficient tables, by precision
    pub fn pick<T>(&self, f32_table: T, f64_table: T) -> T {
        if self.wide() { f64_table } else { f32_table }
    }

    /// a constant
    pub fn c(&self, x: f64) -> V<'c> {
        self.ir.float(self.ty, x, self.lanes)
    }

    /// an integer constant as wide as the elements
    pub fn bits(&self, x: i64) -> V<'c> {
        self.ir.int(self.ir.bits_of(self.ty), x, self.lanes)
    }

    /// a + b
    pub fn add(&self, a: V<'c>, b: V<'c>) -> V<'c> {
        self.ir.fadd(a, b)
    }

    /// a - b
    pub fn sub(&self, a: V<'c>, b: V<'c>) -> V<'c> {
        self.ir.fsub(a, b)
    }

    /// a * b
    pub fn mul(&self, a: V<'c>, b: V<'c>) -> V<'c> {
        self.ir.fmul(a, b)
    }

    /// a / b
    pub fn div(&self, a: V<'c>, b: V<'c>) -> V<'c> {
        self.ir.fdiv(a, b)
    }

    /// a * b + c
    pub fn fma(&self, a: V<'c>, b: V<'c>, c: V<'c>) -> V<'c> {
        self.ir.fma(a, b, c)
    }

    /// a * b + c with one rounding, whatever it costs
    pub fn fused(&self, a: V<'c>, b: V<'c>, c: V<'c>) -> V<'c> {
        self.ir.intrinsic("llvm.fma", &[a, b, c])
    }

    /// |a|
    pub fn abs(&self, a: V<'c>) -> V<'c> {
        self.ir.intrinsic("llvm.fabs", &[a])
    }

    /// square root
    pub fn sqrt(&self, a: V<'c>) -> V<'c> {
        self.ir.intrinsic("llvm.sqrt", &[a])
    }

    /// |a| with the sign of b
    pub fn copysign(&self, a: V<'c>, b: V<'c>) -> V<'c> {
        self.ir.copysign(a, b)
    }

    /// a < b (false for NaN)
    pub fn lt(&self, a: V<'c>, b: V<'c>) -> V<'c> {
        self.ir.fcmp(FloatPredicate::OLT, a, b)
    }

    /// a > b (false for NaN)
    pub fn gt(&self, a: V<'c>, b: V<'c>) -> V<'c> {
        self.ir.fcmp(FloatPredicate::OGT, a, b)
    }

    /// a == b (false for NaN)
    pub fn eq(&self, a: V<'c>, b: V<'c>) -> V<'c> {
        self.ir.fcmp(FloatPredicate::OEQ, a, b)
    }

    /// `a` where the condition holds, else `b`
    pub fn select(&self, condition: V<'c>, a: V<'c>, b: V<'c>) -> V<'c> {
        self.ir.select(condition, a, b)
    }

    /// x limited to `low..=high`; NaN stays
    pub fn clamp(&self, x: V<'c>, low: f64, high: f64) -> V<'c> {
        let (low, high) = (self.c(low), self.c(high));
        let x = self.select(self.lt(x, low), low, x);
        self.select(self.gt(x, high), high, x)
    }

    /// the polynomial with these coefficients, highest power first
    pub fn poly(&self, x: V<'c>, coefficients: &[f64]) -> V<'c> {
        let mut rest = coefficients.iter().map(|k| self.c(*k));
        let Some(first) = rest.next() else { return self.c(0.0) };
        rest.fold(first, |sum, k| self.fma(sum, x, k))
    }

    /// the bits of a float as integers
    pub fn to_bits(&self, x: V<'c>) -> V<'c> {
        self.ir.bitcast(x, self.ir.bits_of(self.ty).into())
    }

    /// integers as the bits of floats
    pub fn of_bits(&self, x: V<'c>) -> V<'c> {
        self.ir.bitcast(x, self.ty.into())
    }

    /// bits shifted left
    pub fn shl(&self, x: V<'c>, by: i64) -> V<'c> {
        self.ir.op(InstructionOpcode::Shl, x, self.bits(by))
    }

    /// bits shifted right, sign kept
    pub fn ashr(&self, x: V<'c>, by: i64) -> V<'c> {
        self.ir.op(InstructionOpcode::AShr, x, self.bits(by))
    }

    /// bits of a fraction without its leading one
    pub fn mantissa_bits(&self) -> i64 {
        self.pick(23, 52)
    }

    /// the exponent of 1.0
    pub fn bias(&self) -> i64 {
        self.pick(127, 1023)
    }

    /// The nearest integer to `x·factor` (|result| below 2^21), as a float and as an integer. The sum with 1.5·2^23
    /// (2^52) has the integer in its last bits.
    pub fn nearest(&self, x: V<'c>, factor: f64) -> (V<'c>, V<'c>) {
        let magic = self.c(1.5 * 2f64.powi(self.mantissa_bits() as i32));
        let sum = self.fma(x, self.c(factor), magic);
        let integer = self.ir.sub(self.to_bits(sum), self.to_bits(magic));
        (self.sub(sum, magic), integer)
    }

    /// The same math on f64 values of as many lanes.
    pub fn widened(&self) -> Math<'a, 'c> {
        Math { ir: self.ir, ty: self.ir.context.f64_type(), lanes: self.lanes }
    }

    /// a value of this type as f64
    pub fn to_f64(&self, x: V<'c>) -> V<'c> {
        self.ir.cast(InstructionOpcode::FPExt, x, self.ir.context.f64_type().into())
    }

    /// an f64 value as this type
    pub fn of_f64(&self, x: V<'c>) -> V<'c> {
        let ty = shape(self.ty.into(), self.lanes);
        if ty == x.get_type() { x } else { self.ir.cast(InstructionOpcode::FPTrunc, x, self.ty.into()) }
    }
}
