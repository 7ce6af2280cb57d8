//! Inputs and outputs as C sees them.

use std::ffi::{CString, c_char};

use lathe_runtime_std::{DType, Tensor};

/// `lathe_dtype`: the number of an element type.
pub type LatheDtype = u32;

/// `lathe_tensor`: an input or output. The field's meanings stand in the header.
#[derive(Debug)]
#[repr(C)]
pub struct LatheTensor {
    /// Its name in the model.
    pub name: *const c_char,
    /// Its dimensions, outermost first.
    pub dims: *const u32,
    /// Number of dimensions.
    pub rank: usize,
    /// Its size.
    pub bytes: usize,
    /// Its element type.
    pub dtype: LatheDtype,
    /// The stored value that means zero.
    pub zero_point: i32,
    /// Step between two stored values; 0 for tensors that are not quantised.
    pub scale: f32,
}

/// A [`LatheTensor`] with what it points to.
#[derive(Debug)]
pub(crate) struct Described {
    pub tensor: LatheTensor,
    _name: CString,
    _dims: Vec<u32>,
}

impl Described {
    pub fn new(tensor: &Tensor<'_>) -> Described {
        let name = CString::new(tensor.name.replace('\0', "\\0")).unwrap_or_default();
        let dims: Vec<u32> = tensor.shape.dims().collect();
        let (zero_point, scale) = tensor.quantization.map_or((0, 0.0), |q| (q.zero_point, q.scale));
        let tensor = LatheTensor {
            name: name.as_ptr(),
            dims: dims.as_ptr(),
            rank: dims.len(),
            bytes: tensor.bytes as usize,
            dtype: tensor.dtype as u32,
            zero_point,
            scale,
        };
        Described { tensor, _name: name, _dims: dims }
    }
}

/// The element type of a number.
pub(crate) fn dtype(number: LatheDtype) -> Option<DType> {
    u8::try_from(number).ok().and_then(DType::from_byte)
}
