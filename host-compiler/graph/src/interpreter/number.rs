//! The two kinds of arithmetic: floats in `f64`, everything else in wrapping `i64`.

use lathe_artifact::DType;

use crate::tensor::{Tensor, TensorType, widen_f64, widen_i64};

/// A number the interpreter computes with.
pub(super) trait Number: Copy + PartialOrd {
    const ZERO: Self;
    const ONE: Self;
    fn add(self, other: Self) -> Self;
    fn mul(self, other: Self) -> Self;
    /// Decodes some of a tensor's bytes.
    fn decode(dtype: DType, bytes: &[u8]) -> Vec<Self>;
    /// A tensor of these elements, rounded or wrapped to the element type.
    fn store(ty: &TensorType, values: &[Self]) -> Option<Tensor>;
    /// Smallest and largest number of an element type (infinities of floats), as [`Number::ordered`] orders them.
    fn limits(dtype: DType) -> (Self, Self);
    /// A number that compares as `self` does in its element type (`u64` is held in an `i64`); its own inverse.
    fn ordered(self, dtype: DType) -> Self;

    fn load(tensor: &Tensor) -> Vec<Self> {
        Self::decode(tensor.dtype(), tensor.bytes())
    }

    /// The larger of two (ordered) numbers; NaN wins.
    fn larger(self, other: Self) -> Self {
        if other > self || other.partial_cmp(&other).is_none() { other } else { self }
    }

    /// The smaller of two (ordered) numbers; NaN wins.
    fn smaller(self, other: Self) -> Self {
        if other < self || other.partial_cmp(&other).is_none() { other } else { self }
    }
}

impl Number for f64 {
    const ZERO: f64 = 0.0;
    const ONE: f64 = 1.0;

    fn add(self, other: f64) -> f64 {
        self + other
    }

    fn mul(self, other: f64) -> f64 {
        self * other
    }

    fn decode(dtype: DType, bytes: &[u8]) -> Vec<f64> {
        widen_f64(dtype, bytes)
    }

    fn store(ty: &TensorType, values: &[f64]) -> Option<Tensor> {
        Tensor::from_f64s(ty.dtype, &ty.shape, values)
    }

    fn limits(_: DType) -> (f64, f64) {
        (f64::NEG_INFINITY, f64::INFINITY)
    }

    fn ordered(self, _: DType) -> f64 {
        self
    }
}

impl Number for i64 {
    const ZERO: i64 = 0;
    const ONE: i64 = 1;

    fn add(self, other: i64) -> i64 {
        self.wrapping_add(other)
    }

    fn mul(self, other: i64) -> i64 {
        self.wrapping_mul(other)
    }

    fn decode(dtype: DType, bytes: &[u8]) -> Vec<i64> {
        widen_i64(dtype, bytes)
    }

    fn store(ty: &TensorType, values: &[i64]) -> Option<Tensor> {
        Tensor::from_i64s(ty.dtype, &ty.shape, values)
    }

    fn limits(dtype: DType) -> (i64, i64) {
        match dtype {
            DType::Bool => (0, 1),
            DType::I8 => (i8::MIN.into(), i8::MAX.into()),
            DType::U8 => (0, u8::MAX.into()),
            DType::I16 => (i16::MIN.into(), i16::MAX.into()),
            DType::U16 => (0, u16::MAX.into()),
            DType::I32 => (i32::MIN.into(), i32::MAX.into()),
            DType::U32 => (0, u32::MAX.into()),
            _ => (i64::MIN, i64::MAX),
        }
    }

    fn ordered(self, dtype: DType) -> i64 {
        if dtype == DType::U64 { self ^ i64::MIN } else { self }
    }
}

/// `v` rounded to the precision of a floating-point element type.
pub(super) fn round_to(dtype: DType, v: f64) -> f64 {
    match dtype {
        DType::F32 => f64::from(v as f32),
        DType::F16 => half::f16::from_f64(v).to_f64(),
        _ => v,
    }
}
