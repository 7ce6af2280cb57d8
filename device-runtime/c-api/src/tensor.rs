//! Inputs and outputs as C sees them.

use core::ffi::c_char;

use lathe_executor::artifact::Tensor;

/// `lathe_dtype`: the number of an element type.
pub type LatheDtype = u32;

/// `lathe_tensor`: an input or output. The field's meanings stand in the header.
#[derive(Clone, Copy, Debug)]
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

impl LatheTensor {
    /// `tensor`, whose name and dimensions are kept at `name` and `dims`.
    pub(crate) fn new(tensor: &Tensor<'_>, name: *const c_char, dims: *const u32) -> LatheTensor {
        let (zero_point, scale) = tensor.quantization.map_or((0, 0.0), |q| (q.zero_point, q.scale));
        LatheTensor {
            name,
            dims,
            rank: tensor.shape.rank(),
            bytes: tensor.bytes as usize,
            dtype: tensor.dtype as u32,
            zero_point,
            scale,
        }
    }
}
