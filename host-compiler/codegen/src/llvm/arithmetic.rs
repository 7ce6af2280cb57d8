//! Functions of one and two operands on elements.

use inkwell::values::{BasicValue, BasicValueEnum};
use inkwell::{FloatPredicate, IntPredicate};
use lathe_graph::DType;
use lathe_tensor::{BinaryFn, UnaryFn};

use super::ir::V;
use super::math::{self, Math};
use super::value::{Data, Emitter};
use crate::error::CodegenError;

impl<'c> Emitter<'c, '_> {
    /// f(x) on an element.
    pub fn unary_data(&mut self, f: UnaryFn, x: Data<'c>) -> Result<Data<'c>, CodegenError> {
        if x.dtype == DType::F16 && !(self.ir.capabilities.f16 && is_basic(f)) {
            let wide = self.unary_data(f, self.convert(DType::F32, x))?;
            return Ok(if wide.dtype == DType::F32 { self.convert(DType::F16, wide) } else { wide });
        }
        let v = if x.dtype.is_float() { Some(self.unary_float(f, x.v)) } else { self.unary_integer(f, x) };
        let v = v.ok_or_else(|| self.unsupported(format!("{f:?} of {}", x.dtype)))?;
        let dtype = if f == UnaryFn::IsNan { DType::Bool } else { x.dtype };
        Ok(Data { dtype, v })
    }

    fn unary_float(&self, f: UnaryFn, x: V<'c>) -> V<'c> {
        let ir = &self.ir;
        match f {
            UnaryFn::Neg => ir.fneg(x),
            UnaryFn::Abs => ir.intrinsic("llvm.fabs", &[x]),
            UnaryFn::Not => {
                let zero = ir.float_like(x, 0.0);
                let is_zero = ir.fcmp(FloatPredicate::OEQ, x, zero);
                ir.select(is_zero, ir.float_like(x, 1.0), zero)
            }
            UnaryFn::Sqrt => ir.intrinsic("llvm.sqrt", &[x]),
            UnaryFn::Floor => ir.floor(x),
            UnaryFn::Ceil => ir.ceil(x),
            UnaryFn::Round => ir.round_even(x),
            UnaryFn::IsNan => ir.fcmp(FloatPredicate::UNO, x, x),
            _ => math::unary(f, &Math::new(ir, x), x),
        }
    }

    /// f(a, b) on elements of one type.
    pub fn binary_data(&mut self, f: BinaryFn, a: Data<'c>, b: Data<'c>) -> Result<Data<'c>, CodegenError> {
        let dtype = a.dtype;
        let basic = matches!(f, BinaryFn::Add | BinaryFn::Sub | BinaryFn::Mul | BinaryFn::Div);
        if dtype == DType::F16 && !(self.ir.capabilities.f16 && basic) {
            let (a, b) = (self.convert(DType::F32, a), self.convert(DType::F32, b));
            let wide = self.binary_data(f, a, b)?;
            return Ok(self.convert(DType::F16, wide));
        }
        let (x, y) = self.unify(a.v, b.v);
        let v = match dtype {
            DType::F32 | DType::F64 | DType::F16 => self.binary_float(f, x, y),
            DType::Bool => self.binary_bool(f, x, y),
            _ => Some(self.binary_integer(f, dtype.is_signed_int(), x, y)),
        };
        let v = v.ok_or_else(|| self.unsupported(format!("{f:?} of {dtype}")))?;
        Ok(Data { dtype, v })
    }

    fn binary_float(&mut self, f: BinaryFn, a: V<'c>, b: V<'c>) -> Option<V<'c>> {
        Some(match f {
            BinaryFn::Add => self.ir.fadd(a, b),
            BinaryFn::Sub => self.ir.fsub(a, b),
            BinaryFn::Mul => self.ir.fmul(a, b),
            BinaryFn::Div => self.ir.fdiv(a, b),
            BinaryFn::Rem => self.float_remainder(a, b),
            BinaryFn::Min => self.extremum(false, a, b),
            BinaryFn::Max => self.extremum(true, a, b),
            BinaryFn::Pow => math::pow::pow(&Math::new(&self.ir, a), a, b),
            _ => return None,
        })
    }

    /// Smaller or larger of two floats, NaN if either is.
    ///
    /// x86's `min` and `max` give their second operand when either is NaN, so with a constant that is not NaN one
    /// instruction does; else a blend repairs the case of a NaN in the first. Where `llvm.maximum` is one instruction
    /// (NEON), that is it.
    fn extremum(&self, larger: bool, a: V<'c>, b: V<'c>) -> V<'c> {
        let ir = &self.ir;
        if ir.capabilities.maximum {
            return ir.intrinsic(if larger { "llvm.maximum" } else { "llvm.minimum" }, &[a, b]);
        }
        let predicate = if larger { FloatPredicate::OGT } else { FloatPredicate::OLT };
        if is_number(a) {
            return ir.select(ir.fcmp(predicate, a, b), a, b);
        }
        let ordered = ir.select(ir.fcmp(predicate, b, a), b, a);
        if is_number(b) {
            return ordered;
        }
        ir.select(ir.fcmp(FloatPredicate::UNO, b, b), b, ordered)
    }

    fn binary_bool(&self, f: BinaryFn, a: V<'c>, b: V<'c>) -> Option<V<'c>> {
        Some(match f {
            BinaryFn::And | BinaryFn::Min | BinaryFn::Mul => self.ir.and(a, b),
            BinaryFn::Or | BinaryFn::Max | BinaryFn::Add => self.ir.or(a, b),
            BinaryFn::Xor => self.ir.xor(a, b),
            _ => return None,
        })
    }

    /// Whether the larger (or smaller) of two integers: also used by index arithmetic.
    pub fn integer_extremum(&self, larger: bool, signed: bool, a: V<'c>, b: V<'c>) -> V<'c> {
        let predicate = match (larger, signed) {
            (true, true) => IntPredicate::SGT,
            (true, false) => IntPredicate::UGT,
            (false, true) => IntPredicate::SLT,
            (false, false) => IntPredicate::ULT,
        };
        self.ir.select(self.ir.icmp(predicate, a, b), a, b)
    }
}

/// Whether native f16 hardware computes it directly.
fn is_basic(f: UnaryFn) -> bool {
    matches!(
        f,
        UnaryFn::Neg | UnaryFn::Abs | UnaryFn::Sqrt | UnaryFn::Floor | UnaryFn::Ceil | UnaryFn::Round | UnaryFn::IsNan
    )
}

/// Whether `v` is a constant and no NaN (of a vector: a splat, judged by its first lane).
fn is_number(v: V<'_>) -> bool {
    if !v.is_const() {
        return false;
    }
    let first = match v {
        BasicValueEnum::VectorValue(v) if v.is_constant_data_vector() || v.is_constant_vector() => {
            v.get_element_as_constant(0)
        }
        BasicValueEnum::VectorValue(_) => return v.into_vector_value().is_null(),
        other => other,
    };
    let BasicValueEnum::FloatValue(x) = first else { return false };
    x.get_constant().is_some_and(|(value, _)| !value.is_nan())
}
