//! Shape and type inference: what an operator's results are, from its attributes and operand types alone.
//!
//! One file per operator family. Operands and attributes come from untrusted models: all arithmetic is checked, and
//! every fault is an [`InferError`] in the user's words. An accepted node can be evaluated and compiled without any
//! further check of its shapes.

mod convolution;
mod elementwise;
mod indexing;
mod movement;
mod normalization;
mod product;
mod quantization;
mod recurrent;
mod reduction;

use lathe_artifact::DType;
use thiserror::Error;

use crate::op::Op;
use crate::tensor::TensorType;

pub use elementwise::broadcast_shapes;
pub(crate) use product::Equation;

/// Why an operator cannot be applied to its operands.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum InferError {
    /// The operator takes another number of operands.
    #[error("{op} takes {expected} operand(s), {got} given")]
    OperandCount {
        /// the operator
        op: &'static str,
        /// how many it takes
        expected: String,
        /// how many were given
        got: usize,
    },
    /// An operand has an element type the operator does not work on.
    #[error("{op}: operand {index} is {got}; {expected} is needed")]
    ElementType {
        /// the operator
        op: &'static str,
        /// the operand, from 0
        index: usize,
        /// its element type
        got: DType,
        /// what the operator takes
        expected: &'static str,
    },
    /// Two operands that must share an element type do not.
    #[error("{op}: operands {a} and {b} must have the same element type, but are {a_dtype} and {b_dtype}")]
    DifferentTypes {
        /// the operator
        op: &'static str,
        /// one operand, from 0
        a: usize,
        /// the other operand
        b: usize,
        /// element type of `a`
        a_dtype: DType,
        /// element type of `b`
        b_dtype: DType,
    },
    /// Two shapes do not broadcast together.
    #[error("{op}: shapes {a:?} and {b:?} cannot be broadcast together")]
    Broadcast {
        /// the operator
        op: &'static str,
        /// one shape
        a: Vec<usize>,
        /// the other shape
        b: Vec<usize>,
    },
    /// An operand has too few or too many dimensions.
    #[error("{op}: operand {index} has shape {got:?}; {expected} dimension(s) are needed")]
    Rank {
        /// the operator
        op: &'static str,
        /// the operand, from 0
        index: usize,
        /// its shape
        got: Vec<usize>,
        /// how many dimensions the operator takes
        expected: String,
    },
    /// An axis names a dimension the operand does not have.
    #[error("{op}: axis {axis} does not exist in a tensor of {rank} dimension(s)")]
    Axis {
        /// the operator
        op: &'static str,
        /// the axis
        axis: usize,
        /// dimensions of the operand
        rank: usize,
    },
    /// An attribute lists a wrong number of entries.
    #[error("{op}: {attribute} has {got} entries, {expected} are needed")]
    AttributeLength {
        /// the operator
        op: &'static str,
        /// the attribute
        attribute: &'static str,
        /// its entries
        got: usize,
        /// entries needed
        expected: usize,
    },
    /// Extents that must agree do not, or an attribute does not fit the operands.
    #[error("{op}: {problem}")]
    Shape {
        /// the operator
        op: &'static str,
        /// what is wrong, with the extents
        problem: String,
    },
    /// The result exceeds [`TensorType::MAX_BYTES`].
    #[error("{op}: a result of shape {shape:?} ({dtype}) is larger than the limit of {} bytes", TensorType::MAX_BYTES)]
    TooLarge {
        /// the operator
        op: &'static str,
        /// the result's shape
        shape: Vec<usize>,
        /// the result's element type
        dtype: DType,
    },
}

/// The types of `op`'s results for operands of these types.
pub fn infer(op: &Op, inputs: &[&TensorType]) -> Result<Vec<TensorType>, InferError> {
    let x = Operands { op: op.name(), types: inputs };
    for ty in inputs {
        x.check_size(ty)?;
    }
    let types = match op {
        Op::Unary(_) | Op::Binary(_) | Op::Select | Op::Cast(_) => elementwise::infer(op, &x),
        Op::Reshape { .. }
        | Op::Transpose { .. }
        | Op::Expand { .. }
        | Op::Slice { .. }
        | Op::Concat { .. }
        | Op::Pad { .. }
        | Op::Tile { .. }
        | Op::Trilu { .. } => movement::infer(op, &x),
        Op::Gather { .. }
        | Op::GatherElements { .. }
        | Op::GatherNd { .. }
        | Op::ScatterNd { .. }
        | Op::ScatterElements { .. }
        | Op::OneHot { .. } => indexing::infer(op, &x),
        Op::CumSum { .. } | Op::Reduce { .. } | Op::ArgReduce { .. } | Op::TopK { .. } | Op::Softmax { .. } => {
            reduction::infer(op, &x)
        }
        Op::Conv { .. } | Op::ConvTranspose { .. } | Op::Pool { .. } | Op::Resize { .. } => convolution::infer(op, &x),
        Op::MatMul { .. } | Op::Einsum { .. } => product::infer(op, &x),
        Op::LayerNorm { .. } | Op::RmsNorm { .. } | Op::BatchNorm { .. } | Op::InstanceNorm { .. } => {
            normalization::infer(op, &x)
        }
        Op::Lstm { .. } | Op::Gru { .. } => recurrent::infer(op, &x),
        Op::Quantize { .. } | Op::Dequantize { .. } => quantization::infer(op, &x),
    }?;
    for ty in &types {
        x.check_size(ty)?;
    }
    Ok(types)
}

/// The operand types of one application, with the checks the families share.
struct Operands<'a> {
    op: &'static str,
    types: &'a [&'a TensorType],
}

impl Operands<'_> {
    fn check_size(&self, ty: &TensorType) -> Result<(), InferError> {
        let too_large = || InferError::TooLarge { op: self.op, shape: ty.shape.clone(), dtype: ty.dtype };
        ty.checked_bytes().map(|_| ()).ok_or_else(too_large)
    }

    /// Checks that there are exactly `n` operands.
    fn exactly(&self, n: usize) -> Result<(), InferError> {
        self.between(n, n)
    }

    /// Checks that there are `min` to `max` operands.
    fn between(&self, min: usize, max: usize) -> Result<(), InferError> {
        if (min..=max).contains(&self.types.len()) {
            return Ok(());
        }
        let expected = if min == max { min.to_string() } else { format!("{min} to {max}") };
        Err(InferError::OperandCount { op: self.op, expected, got: self.types.len() })
    }

    fn shape(&self, index: usize) -> &[usize] {
        &self.types[index].shape
    }

    fn dtype(&self, index: usize) -> DType {
        self.types[index].dtype
    }

    /// Checks an operand's element type against `accept`, which `expected` says in words.
    fn dtype_is(&self, index: usize, expected: &'static str, accept: impl Fn(DType) -> bool) -> Result<(), InferError> {
        let got = self.dtype(index);
        if accept(got) { Ok(()) } else { Err(InferError::ElementType { op: self.op, index, got, expected }) }
    }

    fn float(&self, index: usize) -> Result<(), InferError> {
        self.dtype_is(index, "a floating-point type", DType::is_float)
    }

    fn number(&self, index: usize) -> Result<(), InferError> {
        self.dtype_is(index, "a numeric type", |d| d != DType::Bool)
    }

    fn index_type(&self, index: usize) -> Result<(), InferError> {
        self.dtype_is(index, "i32 or i64", |d| matches!(d, DType::I32 | DType::I64))
    }

    /// Checks that the operands `others` have operand 0's element type.
    fn same_dtype(&self, others: std::ops::Range<usize>) -> Result<(), InferError> {
        for b in others {
            if self.dtype(b) != self.dtype(0) {
                let (a_dtype, b_dtype) = (self.dtype(0), self.dtype(b));
                return Err(InferError::DifferentTypes { op: self.op, a: 0, b, a_dtype, b_dtype });
            }
        }
        Ok(())
    }

    fn rank(&self, index: usize, expected: usize) -> Result<(), InferError> {
        self.rank_if(index, expected.to_string(), |r| r == expected)
    }

    fn rank_at_least(&self, index: usize, least: usize) -> Result<(), InferError> {
        self.rank_if(index, format!("at least {least}"), |r| r >= least)
    }

    fn rank_if(&self, index: usize, expected: String, ok: impl Fn(usize) -> bool) -> Result<(), InferError> {
        let got = self.shape(index);
        if ok(got.len()) {
            return Ok(());
        }
        Err(InferError::Rank { op: self.op, index, got: got.to_vec(), expected })
    }

    /// Checks that operand `index` has exactly this shape.
    fn shape_is(&self, index: usize, expected: &[usize]) -> Result<(), InferError> {
        if self.shape(index) == expected {
            return Ok(());
        }
        Err(self.error(format!("operand {index} has shape {:?}, {expected:?} is needed", self.shape(index))))
    }

    fn axis(&self, axis: usize, rank: usize) -> Result<(), InferError> {
        if axis < rank { Ok(()) } else { Err(InferError::Axis { op: self.op, axis, rank }) }
    }

    /// Checks that `axes` exist, ascend and do not repeat.
    fn axes(&self, axes: &[usize], rank: usize) -> Result<(), InferError> {
        for &axis in axes {
            self.axis(axis, rank)?;
        }
        if axes.windows(2).all(|w| w[0] < w[1]) {
            return Ok(());
        }
        Err(self.error(format!("axes {axes:?} must ascend without repeats")))
    }

    fn entries(&self, attribute: &'static str, got: usize, expected: usize) -> Result<(), InferError> {
        if got == expected {
            return Ok(());
        }
        Err(InferError::AttributeLength { op: self.op, attribute, got, expected })
    }

    fn error(&self, problem: impl Into<String>) -> InferError {
        InferError::Shape { op: self.op, problem: problem.into() }
    }

    /// The error for extents whose arithmetic overflows.
    fn overflow(&self) -> InferError {
        self.error("extents are too large")
    }

    /// One result of `dtype` and `shape`.
    fn one(&self, dtype: DType, shape: impl Into<Vec<usize>>) -> Result<Vec<TensorType>, InferError> {
        Ok(vec![TensorType::new(dtype, shape)])
    }
}
