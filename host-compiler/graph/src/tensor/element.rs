//! Tensors from and to numbers: typed slices, and every element type widened to `f64` or `i64`.

use half::f16;
use lathe_artifact::DType;

use super::{Tensor, TensorType};

#[cfg(target_endian = "big")]
compile_error!("tensor data is little-endian; the compiler runs on little-endian hosts only");

/// A Rust type that is the element type of a tensor. `bool` tensors are read and written through the widened forms.
pub trait Element: bytemuck::Pod {
    /// The element type it stands for.
    const DTYPE: DType;
}

macro_rules! element {
    ($($ty:ty => $dtype:ident),*) => { $(impl Element for $ty { const DTYPE: DType = DType::$dtype; })* };
}
element!(f32 => F32, f16 => F16, f64 => F64, i8 => I8, u8 => U8, i16 => I16, u16 => U16, i32 => I32, u32 => U32);
element!(i64 => I64, u64 => U64);

/// The bytes of `values`, each turned into a `T`.
fn encode<S: Copy, T: Element>(values: &[S], f: impl Fn(S) -> T) -> Vec<u8> {
    let typed: Vec<T> = values.iter().map(|&v| f(v)).collect();
    bytemuck::cast_slice(&typed).to_vec()
}

/// `bytes` read as `T`s, each turned into an `R`.
fn decode<T: Element, R>(bytes: &[u8], f: impl Fn(T) -> R) -> Vec<R> {
    bytes.chunks_exact(size_of::<T>()).map(|c| f(bytemuck::pod_read_unaligned(c))).collect()
}

/// What [`Tensor::to_f64s`] gives, for some of a tensor's bytes.
pub(crate) fn widen_f64(dtype: DType, b: &[u8]) -> Vec<f64> {
    match dtype {
        DType::F32 => decode(b, |v: f32| f64::from(v)),
        DType::F16 => decode(b, |v: f16| v.to_f64()),
        DType::F64 => decode(b, |v: f64| v),
        DType::U64 => decode(b, |v: u64| v as f64),
        _ => widen_i64(dtype, b).into_iter().map(|v| v as f64).collect(),
    }
}

/// What [`Tensor::to_i64s`] gives, for some of a tensor's bytes.
pub(crate) fn widen_i64(dtype: DType, b: &[u8]) -> Vec<i64> {
    match dtype {
        DType::F32 | DType::F16 | DType::F64 => widen_f64(dtype, b).into_iter().map(|v| v as i64).collect(),
        DType::Bool => decode(b, |v: u8| i64::from(v != 0)),
        DType::I8 => decode(b, |v: i8| i64::from(v)),
        DType::U8 => decode(b, |v: u8| i64::from(v)),
        DType::I16 => decode(b, |v: i16| i64::from(v)),
        DType::U16 => decode(b, |v: u16| i64::from(v)),
        DType::I32 => decode(b, |v: i32| i64::from(v)),
        DType::U32 => decode(b, |v: u32| i64::from(v)),
        DType::I64 => decode(b, |v: i64| v),
        DType::U64 => decode(b, |v: u64| v as i64),
    }
}

impl Tensor {
    /// A tensor of `values` in row-major order; `None` when their number does not fit the shape.
    pub fn from_slice<T: Element>(shape: &[usize], values: &[T]) -> Option<Tensor> {
        Tensor::new(TensorType::new(T::DTYPE, shape), bytemuck::cast_slice(values).to_vec())
    }

    /// The elements in row-major order; `None` when `T` is not the tensor's element type.
    pub fn to_vec<T: Element>(&self) -> Option<Vec<T>> {
        (T::DTYPE == self.dtype()).then(|| decode(self.bytes(), |v: T| v))
    }

    /// Every element as `f64` (booleans as 0 or 1; 64-bit integers lose digits above 2^53).
    pub fn to_f64s(&self) -> Vec<f64> {
        widen_f64(self.dtype(), self.bytes())
    }

    /// Every element as `i64`: floats truncate toward zero and saturate, `u64` keeps its bits.
    pub fn to_i64s(&self) -> Vec<i64> {
        widen_i64(self.dtype(), self.bytes())
    }

    /// A tensor of `values` rounded to `dtype` (integers truncate and saturate, nonzero is true); `None` when their
    /// number does not fit the shape.
    pub fn from_f64s(dtype: DType, shape: &[usize], values: &[f64]) -> Option<Tensor> {
        let bytes = match dtype {
            DType::F32 => encode(values, |v| v as f32),
            DType::F16 => encode(values, f16::from_f64),
            DType::F64 => encode(values, |v| v),
            DType::Bool => encode(values, |v| u8::from(v != 0.0)),
            DType::I8 => encode(values, |v| v as i8),
            DType::U8 => encode(values, |v| v as u8),
            DType::I16 => encode(values, |v| v as i16),
            DType::U16 => encode(values, |v| v as u16),
            DType::I32 => encode(values, |v| v as i32),
            DType::U32 => encode(values, |v| v as u32),
            DType::I64 => encode(values, |v| v as i64),
            DType::U64 => encode(values, |v| v as u64),
        };
        Tensor::new(TensorType::new(dtype, shape), bytes)
    }

    /// A tensor of `values` wrapped to `dtype`'s width (nonzero is true, floats round); `None` when their number does
    /// not fit the shape.
    pub fn from_i64s(dtype: DType, shape: &[usize], values: &[i64]) -> Option<Tensor> {
        let bytes = match dtype {
            DType::F32 => encode(values, |v| v as f32),
            DType::F16 => encode(values, |v| f16::from_f64(v as f64)),
            DType::F64 => encode(values, |v| v as f64),
            DType::Bool => encode(values, |v| u8::from(v != 0)),
            DType::I8 => encode(values, |v| v as i8),
            DType::U8 => encode(values, |v| v as u8),
            DType::I16 => encode(values, |v| v as i16),
            DType::U16 => encode(values, |v| v as u16),
            DType::I32 => encode(values, |v| v as i32),
            DType::U32 => encode(values, |v| v as u32),
            DType::I64 => encode(values, |v| v),
            DType::U64 => encode(values, |v| v as u64),
        };
        Tensor::new(TensorType::new(dtype, shape), bytes)
    }

    /// A tensor whose every element is `value` rounded to `dtype`; `None` when it would exceed the size limit.
    pub fn splat(dtype: DType, shape: &[usize], value: f64) -> Option<Tensor> {
        let ty = TensorType::new(dtype, shape);
        let bytes = ty.checked_bytes()?;
        let one = Tensor::scalar(dtype, value);
        Tensor::new(ty, one.bytes().iter().copied().cycle().take(bytes).collect())
    }

    /// A scalar (rank 0) of `value` rounded to `dtype`.
    pub fn scalar(dtype: DType, value: f64) -> Tensor {
        Tensor::from_f64s(dtype, &[], &[value]).unwrap_or_else(|| unreachable!("one value fills a scalar"))
    }

    /// The value all elements share bit for bit, if they do and `f64` holds it exactly.
    pub fn uniform(&self) -> Option<f64> {
        let size = self.dtype().size();
        let (first, rest) = self.bytes().split_at_checked(size)?;
        if !rest.chunks_exact(size).all(|c| c == first) {
            return None;
        }
        let one = Tensor::new(TensorType::new(self.dtype(), []), first.to_vec())?;
        let value = *one.to_f64s().first()?;
        let exact = !self.dtype().is_int() || Tensor::scalar(self.dtype(), value) == one;
        exact.then_some(value)
    }
}
