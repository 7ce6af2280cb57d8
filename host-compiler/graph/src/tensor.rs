//! Tensors: a type (element type and static shape) and, for constants, the data.

mod element;

use std::fmt;
use std::sync::Arc;

use lathe_artifact::DType;

pub use element::Element;
pub(crate) use element::{widen_f64, widen_i64};

/// Element type and static shape. A scalar has an empty shape.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TensorType {
    /// Element type.
    pub dtype: DType,
    /// Extent of each dimension, outermost first.
    pub shape: Vec<usize>,
}

impl TensorType {
    /// A type from its parts.
    pub fn new(dtype: DType, shape: impl Into<Vec<usize>>) -> Self {
        TensorType { dtype, shape: shape.into() }
    }

    /// Number of dimensions.
    pub fn rank(&self) -> usize {
        self.shape.len()
    }

    /// Number of elements (1 for a scalar).
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }

    /// Size in bytes, without padding.
    pub fn bytes(&self) -> usize {
        self.elements() * self.dtype.size()
    }

    /// Size in bytes, or `None` when it exceeds [`TensorType::MAX_BYTES`]. Extents of zero count as one, so that every
    /// stride of an accepted type can be computed without overflow.
    pub fn checked_bytes(&self) -> Option<usize> {
        let bytes = self.shape.iter().try_fold(self.dtype.size(), |acc, &d| acc.checked_mul(d.max(1)))?;
        (bytes <= Self::MAX_BYTES).then(|| self.bytes())
    }

    /// The largest tensor a graph may hold: 1 TiB.
    pub const MAX_BYTES: usize = 1 << 40;
}

impl fmt::Display for TensorType {
    /// `f32[1,3,224,224]`, a scalar is `f32[]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dims: Vec<String> = self.shape.iter().map(usize::to_string).collect();
        write!(f, "{}[{}]", self.dtype, dims.join(","))
    }
}

/// A constant tensor: row-major, little-endian bytes, shared cheaply.
#[derive(Clone, PartialEq)]
pub struct Tensor {
    ty: TensorType,
    bytes: Arc<Vec<u8>>,
}

impl fmt::Debug for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tensor({})", self.ty)
    }
}

impl Tensor {
    /// A tensor over row-major little-endian `bytes`; `None` when the length does not fit the type.
    pub fn new(ty: TensorType, bytes: Vec<u8>) -> Option<Tensor> {
        (Some(bytes.len()) == ty.checked_bytes()).then(|| Tensor { ty, bytes: Arc::new(bytes) })
    }

    /// Element type and shape.
    pub fn ty(&self) -> &TensorType {
        &self.ty
    }

    /// Element type.
    pub fn dtype(&self) -> DType {
        self.ty.dtype
    }

    /// Shape.
    pub fn shape(&self) -> &[usize] {
        &self.ty.shape
    }

    /// Row-major little-endian bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The same data under another shape of as many elements; `None` when the counts differ.
    pub fn reshaped(&self, shape: &[usize]) -> Option<Tensor> {
        let ty = TensorType::new(self.ty.dtype, shape);
        (ty.checked_bytes()? == self.ty.bytes()).then(|| Tensor { ty, bytes: self.bytes.clone() })
    }
}
