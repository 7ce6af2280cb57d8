//! Loop nests: what code generation is given. One [`Kernel`] per barrier-separated phase of a scheduled program.
//!
//! Loops have constant extents and start at 0; buffers are flat; every index is an element offset.

mod build;
pub mod eval;
mod finish;
mod in_place;
mod lower;
mod node;
mod parallel;
mod partition;
mod pieces;
mod text;

pub use build::identity;
pub(crate) use build::{combine, store_of};
pub use in_place::{InPlaceError, verify_in_place};
pub use lower::{Lowered, lower};
pub use text::write_expr;

use std::sync::Arc;

use lathe_graph::DType;

use crate::expr::{BufferId, Expr, VarId};
use crate::intrinsic::Intrinsic;

/// How a loop is executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LoopKind {
    /// one iteration after the other
    Serial,
    /// the whole loop copied out, the variable a constant in each copy
    Unrolled,
    /// One vector operation of `extent` lanes. The body holds only stores (and `If`s whose condition does not vary by
    /// lane).
    Vectorized,
    /// Only the outermost loop of a kernel: the caller gives the slice `begin..end` of it. In schedules also loops right
    /// inside it, which lowering joins with it.
    Parallel,
    /// Part of an intrinsic: only in schedules, lowering makes one statement of the nest.
    Tensorized,
}

impl LoopKind {
    /// What text forms call such a loop.
    pub fn word(self) -> &'static str {
        match self {
            LoopKind::Serial => "for",
            LoopKind::Unrolled => "unroll",
            LoopKind::Vectorized => "vectorize",
            LoopKind::Parallel => "parallel",
            LoopKind::Tensorized => "tensorize",
        }
    }
}

/// A statement of a loop nest.
#[derive(Clone, Debug, PartialEq)]
pub enum Stmt {
    /// `for var in 0..extent`
    For {
        /// the loop variable
        var: VarId,
        /// iterations
        extent: i64,
        /// how
        kind: LoopKind,
        /// what
        body: Vec<Stmt>,
    },
    /// `buffer[index] = value`
    Store {
        /// the buffer
        buffer: BufferId,
        /// element offset (type `Index`)
        index: Expr,
        /// the value, of the buffer's type
        value: Expr,
    },
    /// an instruction that does a small nest at once
    Intrinsic {
        /// which
        intrinsic: Arc<Intrinsic>,
        /// buffer and first element of each of its operands
        operands: Vec<(BufferId, Expr)>,
    },
    /// Brings elements that are read later into the first cache. Changes no value; the place may lie outside the buffer.
    Prefetch {
        /// the buffer, in memory
        buffer: BufferId,
        /// offset of the first element (type `Index`)
        index: Expr,
        /// so many from there on
        elements: i64,
    },
    /// `if cond { then } else { otherwise }`
    If {
        /// the condition (bool)
        cond: Expr,
        /// where it holds
        then: Vec<Stmt>,
        /// where it does not
        otherwise: Vec<Stmt>,
    },
}

/// Where a kernel's buffer lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// `args[index]`; distinct parameters never overlap, a result written over an operand is one parameter with it
    Param {
        /// position in the args table
        index: u32,
        /// whether the kernel writes it
        written: bool,
    },
    /// at this byte offset of the worker's workspace, a multiple of the target's alignment
    Workspace {
        /// bytes from the workspace's start
        offset: usize,
    },
    /// In registers: every index is a constant once unrolled loops are copied out, plus the lane of a vectorised
    /// loop. All accesses of one element use the same vector.
    Register,
}

/// A buffer of a kernel.
#[derive(Clone, Debug, PartialEq)]
pub struct KernelBuffer {
    /// name, for reading
    pub name: String,
    /// element type
    pub dtype: DType,
    /// elements
    pub len: i64,
    /// where it lives
    pub place: Place,
}

/// A function over its buffers; its calling convention is in `device-runtime/artifact/SPEC.md`.
#[derive(Clone, Debug, PartialEq)]
pub struct Kernel {
    /// symbol name
    pub name: String,
    /// all buffers
    pub buffers: Vec<KernelBuffer>,
    /// names of the loop variables, by [`VarId`]
    pub vars: Vec<String>,
    /// iterations of the outer parallel loop (1 when there is none: the kernel is called with 0..1)
    pub parallel: i64,
    /// what is done; a parallel loop, if any, is the only top-level statement
    pub body: Vec<Stmt>,
    /// bytes of workspace a worker needs
    pub workspace: usize,
}
