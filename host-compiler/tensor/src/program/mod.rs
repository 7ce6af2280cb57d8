//! Tensor programs: what a fused group computes, as stages over axes, before any loop order is chosen.
//!
//! A program is a list of [`Stage`]s in dependency order. Each stage fills one buffer, one element for each point of
//! its axes, from an expression that reads other buffers. Nothing here says how: that is the schedule's.

pub mod build;
pub mod eval;
pub mod prune;
pub mod text;
pub mod typing;
pub mod verify;

#[cfg(test)]
mod tests;

use lathe_graph::DType;

use crate::expr::{BufferId, Expr};

/// Names a stage: an index into [`Program::stages`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StageId(pub u32);

/// Where a buffer's memory comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// an operand computed elsewhere; never written here
    Input,
    /// an operand known at compile time: a schedule may repack it
    Constant,
    /// a result
    Output,
    /// an intermediate of this program: may be inlined, kept in registers, in a worker's workspace or in the arena
    Temp,
}

/// A dense row-major array of elements.
#[derive(Clone, Debug, PartialEq)]
pub struct Buffer {
    /// name, unique in the program
    pub name: String,
    /// element type
    pub dtype: DType,
    /// extents, outermost first; a scalar is empty
    pub shape: Vec<i64>,
    /// where its memory comes from
    pub role: Role,
}

impl Buffer {
    /// Number of elements.
    pub fn elements(&self) -> i64 {
        self.shape.iter().product()
    }
}

/// One dimension a stage iterates over.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// name, unique in the stage
    pub name: String,
    /// points, from 0
    pub extent: i64,
}

/// How a reduction combines values. Sums and products may be reassociated by a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Combiner {
    /// a + b from 0
    Sum,
    /// a * b from 1
    Prod,
    /// larger from the type's lowest (-inf)
    Max,
    /// smaller from the type's highest (+inf)
    Min,
}

/// What a stage computes for one point of its axes.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// `out[axes] = value`
    Map(Expr),
    /// `out[axes] = combine of value over the reduce axes`
    Reduce(Combiner, Expr),
    /// `out[index] = value`, or combined with what is there, for each point of the axes in order. The buffer was
    /// filled by an earlier stage. Indices outside the buffer are skipped. Never parallel.
    Update {
        /// where to write, one index per dimension of the output
        index: Vec<Expr>,
        /// how to combine with what is there; `None` replaces
        combiner: Option<Combiner>,
        /// the value
        value: Expr,
    },
}

/// One stage. Axis `k` is `Expr::Var(VarId(k))` in the body: spatial axes first, then reduce axes.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// name, unique in the program
    pub name: String,
    /// the buffer this stage fills
    pub output: BufferId,
    /// spatial axes: for `Map` and `Reduce` one per dimension of the output, of its extent
    pub axes: Vec<Axis>,
    /// reduce axes
    pub reduce: Vec<Axis>,
    /// what is computed
    pub body: Body,
}

/// Stages `first..=last` are computed together for each point of their common first axis, in ascending order, so that
/// they may read what was written for earlier points (a recurrence: read at `t - 1`, guarded at 0 by `Select`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scan {
    /// first stage
    pub first: StageId,
    /// last stage
    pub last: StageId,
}

/// A result that is written over an operand: they are one memory, and the operand is gone afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InPlace {
    /// the result
    pub output: BufferId,
    /// the operand whose memory it takes
    pub over: BufferId,
}

/// A tensor program.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Program {
    /// kernel name by the project's grammar: operator, dtype, variant
    pub name: String,
    /// all buffers
    pub buffers: Vec<Buffer>,
    /// stages in dependency order
    pub stages: Vec<Stage>,
    /// recurrences; disjoint
    pub scans: Vec<Scan>,
    /// results written over operands
    pub in_place: Vec<InPlace>,
}

impl Program {
    /// The buffer `id`.
    pub fn buffer(&self, id: BufferId) -> &Buffer {
        &self.buffers[id.0 as usize]
    }

    /// The stage `id`.
    pub fn stage(&self, id: StageId) -> &Stage {
        &self.stages[id.0 as usize]
    }

    /// Adds a buffer; the name is made unique.
    pub fn add_buffer(&mut self, name: &str, dtype: DType, shape: Vec<i64>, role: Role) -> BufferId {
        let mut unique = name.to_string();
        let mut n = 1;
        while self.buffers.iter().any(|b| b.name == unique) {
            n += 1;
            unique = format!("{name}.{n}");
        }
        self.buffers.push(Buffer { name: unique, dtype, shape, role });
        BufferId((self.buffers.len() - 1) as u32)
    }

    /// Adds a stage after all others.
    pub fn add_stage(&mut self, stage: Stage) -> StageId {
        self.stages.push(stage);
        StageId((self.stages.len() - 1) as u32)
    }
}

impl Body {
    /// Every sub-expression of the body.
    pub fn visit(&self, f: &mut impl FnMut(&Expr)) {
        match self {
            Body::Map(value) | Body::Reduce(_, value) => value.visit(f),
            Body::Update { index, value, .. } => {
                index.iter().for_each(|e| e.visit(f));
                value.visit(f);
            }
        }
    }

    /// The body with each of its top-level expressions replaced.
    pub fn map(&self, f: &mut impl FnMut(&Expr) -> Expr) -> Body {
        match self {
            Body::Map(value) => Body::Map(f(value)),
            Body::Reduce(combiner, value) => Body::Reduce(*combiner, f(value)),
            Body::Update { index, combiner, value } => {
                let index = index.iter().map(&mut *f).collect();
                Body::Update { index, combiner: *combiner, value: f(value) }
            }
        }
    }
}
