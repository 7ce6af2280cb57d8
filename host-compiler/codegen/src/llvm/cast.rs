//! Conversions between element types, and between elements and indices.

use inkwell::values::InstructionOpcode;
use inkwell::{FloatPredicate, IntPredicate};
use lathe_graph::DType;

use super::index::{Index, Sum};
use super::ir::{V, lanes, shape};
use super::value::{Data, Emitter};

impl<'c> Emitter<'c, '_> {
    /// An element in another type.
    pub fn convert(&self, to: DType, x: Data<'c>) -> Data<'c> {
        let from = x.dtype;
        let v = if from == to {
            x.v
        } else if to == DType::Bool {
            self.is_nonzero(x)
        } else if from == DType::Bool {
            self.bool_to_number(to, x.v)
        } else {
            match (from.is_float(), to.is_float()) {
                (true, true) => self.float_to_float(from, to, x.v),
                (true, false) => self.float_to_integer(to, x),
                (false, true) => self.integer_to_float(from.is_signed_int(), to, x.v),
                (false, false) => self.resize(from.is_signed_int(), to, x.v),
            }
        };
        Data { dtype: to, v }
    }

    fn is_nonzero(&self, x: Data<'c>) -> V<'c> {
        if x.dtype.is_float() {
            self.ir.fcmp(FloatPredicate::UNE, x.v, self.ir.float_like(x.v, 0.0))
        } else {
            self.ir.icmp(IntPredicate::NE, x.v, self.ir.int_like(x.v, 0))
        }
    }

    fn bool_to_number(&self, to: DType, v: V<'c>) -> V<'c> {
        if to.is_float() {
            let ty = self.register_type(to).into_float_type();
            let n = lanes(v);
            self.ir.select(v, self.ir.float(ty, 1.0, n), self.ir.float(ty, 0.0, n))
        } else {
            self.ir.cast(InstructionOpcode::ZExt, v, self.register_type(to))
        }
    }

    fn float_to_float(&self, from: DType, to: DType, v: V<'c>) -> V<'c> {
        let ty = self.register_type(to);
        if to.size() > from.size() {
            return self.ir.cast(InstructionOpcode::FPExt, v, ty);
        }
        if (from, to) == (DType::F64, DType::F16) {
            let odd = self.round_to_odd_f32(v);
            return self.ir.cast(InstructionOpcode::FPTrunc, odd, ty);
        }
        self.ir.cast(InstructionOpcode::FPTrunc, v, ty)
    }

    /// f64 to f32 with the last bit set when inexact, so that rounding again to f16 gives the nearest f16. (x86 has no
    /// direct instruction and LLVM would call one out.)
    fn round_to_odd_f32(&self, v: V<'c>) -> V<'c> {
        let ir = &self.ir;
        let (f32_type, f64_type) = (self.memory_type(DType::F32), self.memory_type(DType::F64));
        let i32_type = self.memory_type(DType::I32);
        let nearest = ir.cast(InstructionOpcode::FPTrunc, v, f32_type);
        let back = ir.cast(InstructionOpcode::FPExt, nearest, f64_type);
        let fabs = |x| ir.intrinsic("llvm.fabs", &[x]);
        let bits = ir.bitcast(nearest, i32_type);
        let away = ir.fcmp(FloatPredicate::OGT, fabs(back), fabs(v));
        let toward_zero = ir.select(away, ir.sub(bits, ir.int_like(bits, 1)), bits);
        let inexact = ir.fcmp(FloatPredicate::UNE, back, v);
        let odd = ir.or(toward_zero, ir.int_like(bits, 1));
        ir.bitcast(ir.select(inexact, odd, bits), f32_type)
    }

    /// Toward zero, saturating, NaN to 0.
    fn float_to_integer(&self, to: DType, x: Data<'c>) -> V<'c> {
        let x = if x.dtype == DType::F16 { self.convert(DType::F32, x) } else { x };
        let ty = shape(self.register_type(to), lanes(x.v));
        let name = if to.is_signed_int() { "llvm.fptosi.sat" } else { "llvm.fptoui.sat" };
        self.ir.intrinsic_of(name, &[ty, x.v.get_type()], &[x.v])
    }

    fn integer_to_float(&self, signed: bool, to: DType, v: V<'c>) -> V<'c> {
        let opcode = if signed { InstructionOpcode::SIToFP } else { InstructionOpcode::UIToFP };
        // Integers below 65520 are exact in f32, larger ones are infinite in f16: two roundings give the right one.
        let step = if to == DType::F16 { DType::F32 } else { to };
        let float = self.ir.cast(opcode, v, self.register_type(step));
        self.narrow_float(step, to, float)
    }

    fn narrow_float(&self, from: DType, to: DType, v: V<'c>) -> V<'c> {
        if from == to { v } else { self.float_to_float(from, to, v) }
    }

    fn resize(&self, signed: bool, to: DType, v: V<'c>) -> V<'c> {
        let ty = self.register_type(to);
        let (from_bits, to_bits) =
            (self.ir.element(v).into_int_type().get_bit_width(), ty.into_int_type().get_bit_width());
        let opcode = match to_bits.cmp(&from_bits) {
            std::cmp::Ordering::Less => InstructionOpcode::Trunc,
            std::cmp::Ordering::Equal => return v,
            std::cmp::Ordering::Greater if signed => InstructionOpcode::SExt,
            std::cmp::Ordering::Greater => InstructionOpcode::ZExt,
        };
        self.ir.cast(opcode, v, ty)
    }

    /// An index as elements.
    pub fn index_to_data(&self, to: DType, index: &Index<'c>) -> Data<'c> {
        let small = |v: i64| i32::try_from(v).is_ok();
        let narrow = match index {
            Index::One(sum) => sum.range().is_some_and(|(low, high)| small(low) && small(high)),
            Index::PerLane(sums) => sums.iter().all(|s| s.range().is_some_and(|(low, high)| small(low) && small(high))),
        };
        let (ty, dtype) = if narrow || self.index_type.get_bit_width() == 32 {
            (self.ir.context.i32_type(), DType::I32)
        } else {
            (self.index_type, DType::I64)
        };
        let v = self.index_vector(index, ty);
        self.convert(to, Data { dtype, v })
    }

    /// An element as an index.
    pub fn data_to_index(&self, x: Data<'c>) -> Index<'c> {
        let wide = self.convert(if x.dtype == DType::U64 { DType::U64 } else { DType::I64 }, x);
        let width = self.index_type.get_bit_width();
        let resized =
            if width < 64 { self.ir.cast(InstructionOpcode::Trunc, wide.v, self.index_type.into()) } else { wide.v };
        let range = match x.dtype {
            DType::Bool => Some((0, 1)),
            DType::I8 => Some((-128, 127)),
            DType::U8 => Some((0, 255)),
            DType::I16 => Some((-32768, 32767)),
            DType::U16 => Some((0, 65535)),
            DType::I32 => Some((i64::from(i32::MIN), i64::from(i32::MAX))),
            DType::U32 => Some((0, i64::from(u32::MAX))),
            _ => None,
        };
        let sums: Vec<Sum<'c>> =
            (0..x.lanes()).map(|k| self.opaque(self.ir.lane(resized, k).into_int_value(), self.depth, range)).collect();
        match <[Sum<'c>; 1]>::try_from(sums) {
            Ok([sum]) => Index::One(sum),
            Err(sums) => Index::PerLane(sums),
        }
    }
}
