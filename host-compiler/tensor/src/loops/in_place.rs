//! The proof that a result may be written over an operand: every element is read before it is written.
//!
//! What is shown is more than enough: one kernel fills the result; no later kernel reads the operand; in that kernel the
//! operand is read only in the store of the same element; and there are no more stores than elements, so that each,
//! since all are stored, is stored once.

use super::{Lowered, Place, Stmt};
use crate::expr::{BufferId, Expr};
use crate::program::{InPlace, Program};

/// Why a result cannot be written over an operand with this schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{output}` cannot be written over `{over}`: {what}")]
pub struct InPlaceError {
    /// the result
    pub output: String,
    /// the operand
    pub over: String,
    /// what is not as it must be
    pub what: &'static str,
}

/// Checks every result that `program` writes over an operand in the kernels it was lowered to.
pub fn verify_in_place(program: &Program, phases: &[Lowered]) -> Result<(), InPlaceError> {
    for pair in &program.in_place {
        if let Some(what) = broken(pair, phases) {
            let name = |b: BufferId| program.buffer(b).name.clone();
            return Err(InPlaceError { output: name(pair.output), over: name(pair.over), what });
        }
    }
    Ok(())
}

fn broken(pair: &InPlace, phases: &[Lowered]) -> Option<&'static str> {
    let writes = |l: &Lowered| {
        let param = position(l, pair.output);
        let is_written = |k: u32| l.kernel.buffers.iter().any(|b| b.place == Place::Param { index: k, written: true });
        param.is_some_and(is_written)
    };
    let mut writers = (0..phases.len()).filter(|&k| writes(&phases[k]));
    let (Some(writer), None) = (writers.next(), writers.next()) else { return Some("several kernels fill it") };
    if phases[writer + 1..].iter().any(|l| position(l, pair.over).is_some()) {
        return Some("a later kernel reads the operand");
    }
    let kernel = &phases[writer].kernel;
    let index = position(&phases[writer], pair.output)?;
    let shared: Vec<BufferId> = (0u32..)
        .zip(&kernel.buffers)
        .filter(|(_, b)| matches!(b.place, Place::Param { index: k, .. } if k == index))
        .map(|(k, _)| BufferId(k))
        .collect();
    let len = kernel.buffers[shared.first()?.0 as usize].len;
    let mut nest = Nest { shared: &shared, stores: 0, reads_elsewhere: false };
    nest.walk(&kernel.body, 1);
    if nest.reads_elsewhere {
        return Some("an element is read apart from its own store");
    }
    (nest.stores > len).then_some("an element may be stored twice")
}

fn position(l: &Lowered, buffer: BufferId) -> Option<u32> {
    l.params.iter().position(|p| *p == buffer).map(|k| k as u32)
}

/// What the statements of a kernel do with the buffers of one memory.
struct Nest<'a> {
    shared: &'a [BufferId],
    /// at most so many stores are executed
    stores: i64,
    reads_elsewhere: bool,
}

impl Nest<'_> {
    fn walk(&mut self, body: &[Stmt], times: i64) {
        for stmt in body {
            match stmt {
                Stmt::For { extent, body, .. } => self.walk(body, times.saturating_mul(*extent)),
                Stmt::Store { buffer, index, value } => {
                    let own = self.shared.contains(buffer).then_some(index);
                    self.stores += if own.is_some() { times } else { 0 };
                    self.reads(index, None);
                    self.reads(value, own);
                }
                Stmt::Intrinsic { operands, .. } => {
                    self.reads_elsewhere |= operands.iter().any(|(b, _)| self.shared.contains(b));
                    operands.iter().for_each(|(_, first)| self.reads(first, None));
                }
                Stmt::Prefetch { .. } => {}
                Stmt::If { cond, then, otherwise } => {
                    self.reads(cond, None);
                    let before = self.stores;
                    self.walk(then, times);
                    let after_then = std::mem::replace(&mut self.stores, before);
                    self.walk(otherwise, times);
                    self.stores = self.stores.max(after_then);
                }
            }
        }
    }

    /// Looks for reads of the memory at another element than `own`.
    fn reads(&mut self, expr: &Expr, own: Option<&Expr>) {
        expr.visit(&mut |e| {
            if let Expr::Load { buffer, index } = e
                && self.shared.contains(buffer)
            {
                self.reads_elsewhere |= !matches!((index.as_slice(), own), ([at], Some(own)) if at == own);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loops::lower;
    use crate::schedule::Schedule;

    const ADD: &str = "program add
buffer in0: input f32[6,8]
buffer in1: input f32[6,8]
buffer out0: output f32[6,8]
stage add[i:6, j:8] -> out0 = (in0[i, j] + in1[i, j])
in_place out0 in1
";

    fn verdict(program: &str, steps: &str) -> Result<(), InPlaceError> {
        let program = Program::parse(program).unwrap();
        program.verify().unwrap();
        let mut s = Schedule::new(program.clone());
        steps.lines().for_each(|step| s.apply(step.parse().unwrap()).unwrap());
        let phases = lower(&s, 64);
        let kernel = &phases.last().unwrap().kernel;
        let shared = kernel.buffers.iter().filter(|b| matches!(b.place, Place::Param { written: true, .. })).count();
        assert_eq!(shared, 2, "{kernel}");
        verify_in_place(&program, &phases)
    }

    #[test]
    fn any_order_of_one_store_per_element_is_proved() {
        for steps in ["", "reorder add.j add.i", "split add.j 4\nvectorize add.j.1\nparallel add.i", "split add.j 3"] {
            verdict(ADD, steps).unwrap();
        }
    }

    #[test]
    fn an_operand_read_ahead_is_refused() {
        let error = verdict(ADD, "cache_read in1 add\ncompute_at in1.cache add.i").unwrap_err();
        assert!(error.to_string().contains("`out0` cannot be written over `in1`"), "{error}");
    }

    #[test]
    fn an_element_read_for_another_is_refused() {
        let moved = "program shift
buffer in0: input f32[8]
buffer t: temp f32[8]
buffer out0: output f32[8]
stage copy[i:8] -> t = in0[i]
stage shift[i:8] -> out0 = t[(7 - i)]
in_place out0 in0
";
        assert!(verdict(moved, "inline copy").is_err());
    }
}
