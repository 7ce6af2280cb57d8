//! Values of expressions while a kernel is emitted, and the state they are evaluated in.

use std::collections::HashMap;

use inkwell::types::{BasicTypeEnum, IntType};
use inkwell::values::PointerValue;
use lathe_graph::DType;
use lathe_tensor::{Kernel, Target, Type};

use super::index::{Atom, Index};
use super::ir::{Ir, V, lanes};
use crate::error::CodegenError;

/// An element, or one per lane.
#[derive(Clone, Copy, Debug)]
pub struct Data<'c> {
    /// element type
    pub dtype: DType,
    /// scalar or vector; `bool` is `i1` here and `i8` in memory
    pub v: V<'c>,
}

impl Data<'_> {
    /// lanes (1: the same in every lane)
    pub fn lanes(&self) -> u32 {
        lanes(self.v)
    }
}

/// What an expression stands for.
#[derive(Clone, Debug)]
pub enum Value<'c> {
    /// index arithmetic
    Index(Index<'c>),
    /// an element
    Data(Data<'c>),
}

impl Value<'_> {
    /// its type
    pub fn ty(&self) -> Type {
        match self {
            Value::Index(_) => Type::Index,
            Value::Data(d) => Type::Data(d.dtype),
        }
    }
}

/// What a loop variable is at the moment.
#[derive(Clone, Copy, Debug)]
pub enum Variable<'c> {
    /// a constant: a copy of an unrolled loop
    Constant(i64),
    /// a running loop's variable or the lane
    Atom(Atom<'c>),
}

/// Emits one kernel.
pub struct Emitter<'c, 'k> {
    /// the instructions
    pub ir: Ir<'c>,
    /// what is emitted
    pub kernel: &'k Kernel,
    /// for which processor
    pub target: &'k Target,
    /// pointer width
    pub index_type: IntType<'c>,
    /// start of each buffer
    pub buffers: Vec<PointerValue<'c>>,
    /// the loop variables in scope
    pub variables: Vec<Option<Variable<'c>>>,
    /// `Let`s in scope
    pub locals: HashMap<u32, Value<'c>>,
    /// lanes of the enclosing vectorised loop; 1 outside
    pub lanes: u32,
    /// in a `Select` whose condition varies by lane: the lanes that take this side
    pub guard: Option<V<'c>>,
    /// running loops around
    pub depth: u32,
}

impl<'c> Emitter<'c, '_> {
    /// a loop nest that breaks the rules
    pub fn bad(&self, what: impl Into<String>) -> CodegenError {
        CodegenError::BadKernel { kernel: self.kernel.name.clone(), what: what.into() }
    }

    /// an expression without a meaning
    pub fn unsupported(&self, what: impl Into<String>) -> CodegenError {
        CodegenError::Unsupported { kernel: self.kernel.name.clone(), what: what.into() }
    }

    /// LLVM's type of an element in registers (`bool`: i1)
    pub fn register_type(&self, dtype: DType) -> BasicTypeEnum<'c> {
        if dtype == DType::Bool { self.ir.context.bool_type().into() } else { self.memory_type(dtype) }
    }

    /// LLVM's type of an element in memory (`bool`: i8)
    pub fn memory_type(&self, dtype: DType) -> BasicTypeEnum<'c> {
        memory_type(self.ir.context, dtype)
    }

    /// `v` in as many lanes as asked for
    pub fn widen(&self, v: V<'c>, to: u32) -> V<'c> {
        if lanes(v) == to { v } else { self.ir.splat(v, to) }
    }

    /// both in the lanes of the wider
    pub fn unify(&self, a: V<'c>, b: V<'c>) -> (V<'c>, V<'c>) {
        let to = lanes(a).max(lanes(b));
        (self.widen(a, to), self.widen(b, to))
    }
}

/// LLVM's type of an element in memory (`bool`: i8)
pub fn memory_type<'c>(context: &'c inkwell::context::Context, dtype: DType) -> BasicTypeEnum<'c> {
    match dtype {
        DType::F32 => context.f32_type().into(),
        DType::F16 => context.f16_type().into(),
        DType::F64 => context.f64_type().into(),
        DType::Bool | DType::I8 | DType::U8 => context.i8_type().into(),
        DType::I16 | DType::U16 => context.i16_type().into(),
        DType::I32 | DType::U32 => context.i32_type().into(),
        DType::I64 | DType::U64 => context.i64_type().into(),
    }
}
