//! The slow evaluator of loop nests: the oracle of schedules.
//!
//! One scalar at a time, each operation rounded to its type; vectorised, unrolled and parallel loops run in order. What
//! no statement has written holds NaN, or a number nobody expects.

use std::collections::HashMap;
use std::ops::Range;

use lathe_graph::DType;

use super::{Kernel, LoopKind, Lowered, Place, Stmt};
use crate::expr::{BufferId, Expr, Scalar, Type, VarId};
use crate::program::Buffer;
use crate::program::eval::functions::{binary, cast, compare, unary};
use crate::program::eval::{Array, EvalError, Value, convert};
use crate::schedule::Schedule;

/// Runs `kernel` over the buffers behind its parameters, its parallel loop over `slice`.
pub fn run(kernel: &Kernel, params: &mut [Array], slice: Range<i64>) -> Result<(), EvalError> {
    let mut memory = Vec::new();
    for buffer in &kernel.buffers {
        memory.push(match buffer.place {
            Place::Param { index, .. } => match params.get(index as usize) {
                Some(array) if array.dtype == buffer.dtype => array.clone(),
                _ => return Err(EvalError::Operand(buffer.name.clone())),
            },
            Place::Workspace { .. } | Place::Register => unwritten(buffer.dtype, buffer.len),
        });
    }
    let mut machine = Machine { kernel, memory, slice, vars: HashMap::new(), locals: HashMap::new() };
    machine.all(&kernel.body)?;
    for (buffer, array) in kernel.buffers.iter().zip(machine.memory) {
        if let Place::Param { index, written: true } = buffer.place {
            params[index as usize] = array;
        }
    }
    Ok(())
}

/// Runs `kernels`, those of `schedule`, one after the other on `operands`, whose constants it packs first: what every
/// buffer of the program holds in the end.
pub fn run_all(
    schedule: &Schedule,
    kernels: &[Lowered],
    operands: &HashMap<BufferId, Array>,
) -> Result<Vec<Array>, EvalError> {
    let begin = |(k, b): (usize, &Buffer)| {
        let id = BufferId(k as u32);
        match (operands.get(&id), schedule.packings().get(&id)) {
            (Some(array), None) => array.clone(),
            (Some(array), Some(packing)) => {
                Array::from_bytes(b.dtype, &packing.pack(&array.to_bytes(), b.dtype.size()))
            }
            (None, _) => unwritten(b.dtype, b.elements()),
        }
    };
    let mut memory: Vec<Array> = schedule.program().buffers.iter().enumerate().map(begin).collect();
    for lowered in kernels {
        let mut params: Vec<Array> = lowered.params.iter().map(|b| memory[b.0 as usize].clone()).collect();
        run(&lowered.kernel, &mut params, 0..lowered.kernel.parallel)?;
        for (b, array) in lowered.params.iter().zip(params) {
            memory[b.0 as usize] = array;
        }
    }
    Ok(memory)
}

/// `len` elements nothing has written.
fn unwritten(dtype: DType, len: i64) -> Array {
    let value = if dtype.is_float() { Value::Float(f64::NAN) } else { convert(dtype, Value::Int(-77)) };
    Array { dtype, data: vec![value; len as usize] }
}

struct Machine<'a> {
    kernel: &'a Kernel,
    memory: Vec<Array>,
    slice: Range<i64>,
    vars: HashMap<VarId, i64>,
    locals: HashMap<u32, (Type, Value)>,
}

impl Machine<'_> {
    fn all(&mut self, body: &[Stmt]) -> Result<(), EvalError> {
        body.iter().try_for_each(|stmt| self.stmt(stmt))
    }

    fn stmt(&mut self, stmt: &Stmt) -> Result<(), EvalError> {
        match stmt {
            Stmt::For { var, extent, kind, body } => {
                let range = if *kind == LoopKind::Parallel { self.slice.clone() } else { 0..*extent };
                for i in range {
                    self.vars.insert(*var, i);
                    self.all(body)?;
                }
                Ok(())
            }
            Stmt::Store { buffer, index, value } => {
                let at = self.offset(*buffer, index)?;
                let (ty, value) = self.eval(value)?;
                let array = &mut self.memory[buffer.0 as usize];
                if ty != Type::Data(array.dtype) {
                    return Err(self.ill_typed());
                }
                array.data[at] = value;
                Ok(())
            }
            Stmt::Intrinsic { intrinsic, operands } => {
                self.stmt(&intrinsic.scalar_loops(operands, VarId(self.kernel.vars.len() as u32)))
            }
            Stmt::Prefetch { .. } => Ok(()),
            Stmt::If { cond, then, otherwise } => {
                let holds = self.eval(cond)?.1 != Value::Int(0);
                self.all(if holds { then } else { otherwise })
            }
        }
    }

    fn offset(&mut self, buffer: BufferId, index: &Expr) -> Result<usize, EvalError> {
        let (Type::Index, Value::Int(at)) = self.eval(index)? else { return Err(self.ill_typed()) };
        let len = self.memory[buffer.0 as usize].data.len();
        usize::try_from(at).ok().filter(|&at| at < len).ok_or_else(|| EvalError::OutOfRange {
            stage: self.kernel.name.clone(),
            buffer: self.kernel.buffers[buffer.0 as usize].name.clone(),
            index: vec![at],
        })
    }

    fn ill_typed(&self) -> EvalError {
        EvalError::IllTyped(self.kernel.name.clone())
    }

    /// Two operands of one type.
    fn pair(&mut self, a: &Expr, b: &Expr) -> Result<(Type, Value, Value), EvalError> {
        let ((ty, a), (other, b)) = (self.eval(a)?, self.eval(b)?);
        if ty == other { Ok((ty, a, b)) } else { Err(self.ill_typed()) }
    }

    fn eval(&mut self, e: &Expr) -> Result<(Type, Value), EvalError> {
        let result = match e {
            Expr::Var(v) => self.vars.get(v).map(|&at| (Type::Index, Value::Int(at))),
            Expr::Index(c) => Some((Type::Index, Value::Int(*c))),
            Expr::Const(Scalar::Float(d, v)) => Some((Type::Data(*d), convert(*d, Value::Float(*v)))),
            Expr::Const(Scalar::Int(d, v)) => Some((Type::Data(*d), convert(*d, Value::Int(*v)))),
            Expr::Load { buffer, index } => {
                let index = index.first().ok_or_else(|| self.ill_typed())?;
                let at = self.offset(*buffer, index)?;
                let array = &self.memory[buffer.0 as usize];
                Some((Type::Data(array.dtype), array.data[at]))
            }
            Expr::Unary(f, x) => {
                let (ty, x) = self.eval(x)?;
                unary(*f, ty, x)
            }
            Expr::Binary(f, a, b) => {
                let (ty, a, b) = self.pair(a, b)?;
                binary(*f, ty, a, b).map(|value| (ty, value))
            }
            Expr::Compare(f, a, b) => {
                let (ty, a, b) = self.pair(a, b)?;
                compare(*f, ty, a, b).map(|holds| (Type::Data(DType::Bool), Value::Int(i64::from(holds))))
            }
            Expr::Select(c, a, b) => {
                let holds = self.eval(c)?.1 != Value::Int(0);
                return self.eval(if holds { a } else { b });
            }
            Expr::Cast(to, x) => {
                let (from, x) = self.eval(x)?;
                Some((*to, cast(from, *to, x)))
            }
            Expr::Let { id, value, body } => {
                let value = self.eval(value)?;
                self.locals.insert(*id, value);
                return self.eval(body);
            }
            Expr::Local(id) => self.locals.get(id).copied(),
        };
        result.ok_or_else(|| self.ill_typed())
    }
}
