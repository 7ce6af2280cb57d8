//! The Rust types of tensor elements.

use lathe_artifact::DType;

/// A Rust type whose values are the elements of a tensor.
///
/// # Safety
/// Every bit pattern is a value, there is no padding, and size and alignment are `DTYPE.size()`'s or less.
pub unsafe trait Element: Copy + 'static {
    /// The element type of the tensor.
    const DTYPE: DType;
}

macro_rules! elements {
    ($($rust:ty => $dtype:ident),* $(,)?) => {$(
        // SAFETY: a primitive number, of which every bit pattern is a value.
        unsafe impl Element for $rust {
            const DTYPE: DType = DType::$dtype;
        }
    )*};
}

elements! {
    f32 => F32, f64 => F64,
    i8 => I8, u8 => U8, i16 => I16, u16 => U16, i32 => I32, u32 => U32, i64 => I64, u64 => U64,
}
