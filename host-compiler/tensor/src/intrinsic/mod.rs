//! Tensor intrinsics: instructions of an accelerator or a vector unit that do a small loop nest at once, as data.
//!
//! An intrinsic is a text: what the instruction computes (its *pattern*, a tensor program of one reduction over flat
//! buffers) and what to emit for it (an LLVM intrinsic and the order of its operands). The schedule step
//! `tensorize LOOP INTRINSIC` replaces loops that match the pattern by the instruction.
//!
//! ```text
//! intrinsic neon_sdot                       the name `tensorize` is given
//! features dotprod                          CPU features the instruction needs, by the target's names
//! pattern                                   what it computes: one buffer per operand, flat, and one reduction
//!   buffer acc: output i32[4]               one operand is the output: read, added to, written
//!   buffer a: input i8[16]
//!   buffer b: input i8[4]
//!   stage dot[lane:4] sum[step:4] -> acc = (cast<i32>(a[((lane * 4) + step)]) * cast<i32>(b[step]))
//! emit llvm.aarch64.neon.sdot.v4i32.v16i8(acc, a, b*4)
//! ```
//!
//! Every index must be linear in the pattern's axes. In `emit`, an operand is a vector of all its buffer's elements;
//! `b*4` repeats that vector four times (a broadcast), and `b as i32` passes the same bits as elements of another
//! type. The result is a vector of the output's elements. Lines that begin with `#` are comments.
//!
//! To declare an instruction of another accelerator: write such a text, read it with [`Intrinsic::parse`], and give it
//! to [`crate::schedule::Schedule::declare`]; nothing else in the compiler names single instructions. On a target
//! without the features (or a backend without the LLVM intrinsic) the statement stands for its scalar loops, see
//! [`Intrinsic::scalar_loops`].

pub(crate) mod matching;
mod parse;
#[cfg(test)]
mod tests;

use std::sync::{Arc, OnceLock};

use lathe_graph::DType;

pub use parse::IntrinsicError;

use crate::expr::{BufferId, Expr, VarId};
use crate::index::substitute;
use crate::loops::{LoopKind, Stmt};
use crate::program::{Axis, Program, Stage};

/// An operand of the instruction to emit.
#[derive(Clone, Debug, PartialEq)]
pub struct Argument {
    /// which of the pattern's buffers
    pub operand: usize,
    /// how many times its elements are repeated
    pub repeat: u32,
    /// the element type its bits are passed as, if not its own
    pub dtype: Option<DType>,
}

/// An instruction that computes a small loop nest.
#[derive(Clone, Debug, PartialEq)]
pub struct Intrinsic {
    /// name in schedules
    pub name: String,
    /// CPU features it needs, by the target's names
    pub features: Vec<String>,
    /// what it computes: flat buffers (the operands, in this order) and one reduction
    pub pattern: Program,
    /// full name of the LLVM intrinsic
    pub llvm: String,
    /// what it is called with
    pub arguments: Vec<Argument>,
    /// what one iteration stores, loads by the pattern's buffers
    value: Expr,
    /// flat index and elements moved per iteration of each loop, for each operand
    access: Vec<(Expr, Vec<i64>)>,
}

impl Intrinsic {
    /// Reads a declaration; see the module's documentation.
    pub fn parse(text: &str) -> Result<Intrinsic, IntrinsicError> {
        parse::parse(text)
    }

    /// The intrinsics every schedule knows.
    pub fn builtin() -> &'static [Arc<Intrinsic>] {
        static ALL: OnceLock<Vec<Arc<Intrinsic>>> = OnceLock::new();
        ALL.get_or_init(|| {
            let texts = [include_str!("neon_sdot.txt"), include_str!("neon_udot.txt")];
            let parsed = texts.iter().map(|t| Intrinsic::parse(t).map(Arc::new));
            parsed.collect::<Result<_, _>>().expect("the built-in declarations are well formed")
        })
    }

    /// Which operand is the output.
    pub fn output(&self) -> usize {
        self.stage().output.0 as usize
    }

    fn stage(&self) -> &Stage {
        &self.pattern.stages[0]
    }

    /// The pattern's loops: spatial ones, then reduce ones.
    pub(crate) fn loops(&self) -> impl Iterator<Item = (&Axis, bool)> {
        let stage = self.stage();
        stage.axes.iter().map(|a| (a, false)).chain(stage.reduce.iter().map(|a| (a, true)))
    }

    /// The same computation as plain (unrolled) loops over `operands` (buffer and first element of each); the loops'
    /// variables are numbered from `first`.
    pub fn scalar_loops(&self, operands: &[(BufferId, Expr)], first: VarId) -> Stmt {
        let var = |k: u32| VarId(first.0 + k);
        let place = |k: usize| {
            let (index, _) = &self.access[k];
            operands[k].1.clone() + substitute(index, &|v| Some(Expr::Var(var(v.0))))
        };
        let output = self.output();
        let value = with_loads(&self.value, &|b| Expr::load(operands[b.0 as usize].0, vec![place(b.0 as usize)]));
        let store = Stmt::Store { buffer: operands[output].0, index: place(output), value };
        let extents: Vec<i64> = self.loops().map(|(a, _)| a.extent).collect();
        extents.iter().enumerate().rev().fold(store, |inner, (k, &extent)| Stmt::For {
            var: var(k as u32),
            extent,
            kind: LoopKind::Unrolled,
            body: vec![inner],
        })
    }
}

/// `e` with every load replaced by what `load` gives for its buffer.
fn with_loads(e: &Expr, load: &impl Fn(BufferId) -> Expr) -> Expr {
    match e {
        Expr::Load { buffer, .. } => load(*buffer),
        e => e.clone().map_operands(&mut |x| with_loads(&x, load)),
    }
}
