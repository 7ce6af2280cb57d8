//! Tensor programs, schedules, loop nests and recipes.
//!
//! A [`program::Program`] says *what* a fused group computes, as stages over axes; one definition per operator serves
//! every target. A schedule ([`schedule`]) is a list of primitive steps that turns the program's loops into a
//! [`loops::Kernel`] per barrier-separated phase. Recipes ([`recipes`]) write programs for graph operators and default
//! schedules for a target description.
#![forbid(unsafe_code)]

pub mod default_schedule;
pub mod expr;
pub mod index;
pub mod intrinsic;
pub mod loops;
pub mod program;
pub mod recipes;
pub mod schedule;
pub mod target;

pub use expr::{BinaryFn, BufferId, CompareFn, Expr, Scalar, Type, UnaryFn, VarId};
pub use intrinsic::Intrinsic;
pub use loops::{Kernel, LoopKind, Stmt};
pub use program::{Axis, Body, Buffer, Combiner, Program, Role, Stage, StageId};
pub use target::{CACHE_LINE, Target};
