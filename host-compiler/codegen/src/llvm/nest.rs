//! Statements: loops, stores, conditions.

use inkwell::IntPredicate;
use inkwell::values::{IntValue, PhiValue};
use lathe_tensor::{LoopKind, Stmt, VarId};

use super::index::Atom;
use super::ir::{V, built, lanes};
use super::value::{Emitter, Variable};
use crate::error::CodegenError;

impl<'c> Emitter<'c, '_> {
    /// Emits statements one after the other.
    pub fn statements(&mut self, statements: &[Stmt]) -> Result<(), CodegenError> {
        statements.iter().try_for_each(|s| self.statement(s))
    }

    fn statement(&mut self, statement: &Stmt) -> Result<(), CodegenError> {
        match statement {
            Stmt::For { kind: LoopKind::Parallel, .. } => Err(self.bad("a parallel loop lies inside another loop")),
            Stmt::For { kind: LoopKind::Tensorized, .. } => Err(self.bad("a tensorised loop was not lowered")),
            Stmt::For { var, extent, kind: LoopKind::Unrolled, body } => {
                for k in 0..*extent {
                    self.with_variable(*var, Variable::Constant(k), |e| e.statements(body))?;
                }
                Ok(())
            }
            Stmt::For { extent: ..=0, .. } => Ok(()),
            Stmt::For { var, extent: 1, body, .. } => {
                self.with_variable(*var, Variable::Constant(0), |e| e.statements(body))
            }
            Stmt::For { var, extent, kind: LoopKind::Vectorized, body } => self.vectorised(*var, *extent, body),
            Stmt::For { var, extent, kind: LoopKind::Serial, body } => {
                let constant = |k: i64| self.ir.int(self.index_type, k, 1).into_int_value();
                let (from, to) = (constant(0), constant(*extent));
                self.counted(*var, *extent, from, to, body)
            }
            Stmt::Store { buffer, index, value } => {
                let index = self.index(index)?;
                let value = self.data(value)?;
                self.store(*buffer, index, value)
            }
            Stmt::Intrinsic { intrinsic, operands } => self.intrinsic(intrinsic, operands),
            Stmt::Prefetch { buffer, index, elements } => self.prefetch(*buffer, index, *elements),
            Stmt::If { cond, then, otherwise } => {
                let condition = self.data(cond)?.v;
                self.conditional(condition, then, otherwise)
            }
        }
    }

    fn with_variable(
        &mut self,
        var: VarId,
        value: Variable<'c>,
        body: impl FnOnce(&mut Self) -> Result<(), CodegenError>,
    ) -> Result<(), CodegenError> {
        let slot = var.0 as usize;
        if slot >= self.variables.len() {
            return Err(self.bad(format!("variable {slot} has no name")));
        }
        let outer = self.variables[slot].replace(value);
        let result = body(self);
        self.variables[slot] = outer;
        result
    }

    fn vectorised(&mut self, var: VarId, extent: i64, body: &[Stmt]) -> Result<(), CodegenError> {
        if self.lanes != 1 {
            return Err(self.bad("a vectorised loop lies inside another"));
        }
        self.lanes = u32::try_from(extent).map_err(|_| self.bad("a vectorised loop is too long"))?;
        let result = self.with_variable(var, Variable::Atom(Atom::Lane { extent }), |e| e.statements(body));
        self.lanes = 1;
        result
    }

    /// `for var in from..to`, which runs at least once; `extent` bounds the variable.
    pub fn counted(
        &mut self,
        var: VarId,
        extent: i64,
        from: IntValue<'c>,
        to: IntValue<'c>,
        body: &[Stmt],
    ) -> Result<(), CodegenError> {
        let name = self.kernel.vars.get(var.0 as usize).map_or("loop", |s| s.as_str());
        let (before, header) = (self.ir.block(), self.ir.new_block(name));
        self.ir.jump(header);
        self.ir.builder.position_at_end(header);
        let phi: PhiValue<'c> = built(self.ir.builder.build_phi(self.index_type, name));
        phi.add_incoming(&[(&from, before)]);
        let value = phi.as_basic_value().into_int_value();
        self.depth += 1;
        let atom = Atom::Loop { var, value, depth: self.depth, extent };
        self.with_variable(var, Variable::Atom(atom), |e| e.statements(body))?;
        self.depth -= 1;
        let one = self.ir.int(self.index_type, 1, 1).into_int_value();
        let next = built(self.ir.builder.build_int_nsw_add(value, one, ""));
        let again = self.ir.icmp(IntPredicate::SLT, next.into(), to.into());
        let (latch, after) = (self.ir.block(), self.ir.new_block("after"));
        self.ir.branch(again, header, after);
        phi.add_incoming(&[(&next, latch)]);
        self.ir.builder.position_at_end(after);
        Ok(())
    }

    fn conditional(&mut self, condition: V<'c>, then: &[Stmt], otherwise: &[Stmt]) -> Result<(), CodegenError> {
        if let Some(known) = self.ir.known_bool(condition) {
            return self.statements(if known { then } else { otherwise });
        }
        if lanes(condition) > 1 {
            return Err(self.bad("the condition of an `if` in a vectorised loop varies by lane"));
        }
        let [yes, no, join] = ["then", "else", "join"].map(|name| self.ir.new_block(name));
        self.ir.branch(condition, yes, no);
        for (block, statements) in [(yes, then), (no, otherwise)] {
            self.ir.builder.position_at_end(block);
            self.statements(statements)?;
            self.ir.jump(join);
        }
        self.ir.builder.position_at_end(join);
        Ok(())
    }
}
