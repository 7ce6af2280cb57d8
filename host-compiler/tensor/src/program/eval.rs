//! The slow evaluator of programs: the oracle schedules and kernels are tested against.
//!
//! Every operation is rounded to its type as a processor would (`f32` sums in `f32`), reductions run in axis order.

pub(crate) mod functions;

use std::collections::HashMap;

use lathe_graph::DType;

use super::{Body, Program, Role, Stage};
use crate::expr::{BufferId, Expr, Scalar, Type};

pub use functions::{Value, convert};

/// A buffer's elements, row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// element type
    pub dtype: DType,
    /// the elements
    pub data: Vec<Value>,
}

impl Array {
    /// Elements from their little-endian bytes; bytes beyond the last whole element are left.
    pub fn from_bytes(dtype: DType, bytes: &[u8]) -> Array {
        Array { dtype, data: bytes.chunks_exact(dtype.size()).map(|b| functions::decode(dtype, b)).collect() }
    }

    /// The elements' bytes, little-endian.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.data.iter().flat_map(|&value| functions::encode(self.dtype, value)).collect()
    }
}

/// Why an evaluation stopped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    /// An operand is missing, or has the wrong type or length.
    #[error("operand `{0}` is missing or does not fit")]
    Operand(String),
    /// A load or store outside its buffer.
    #[error("`{stage}` accesses `{buffer}` at {index:?}")]
    OutOfRange {
        /// the stage, or the kernel
        stage: String,
        /// the buffer
        buffer: String,
        /// the index
        index: Vec<i64>,
    },
    /// A stage or kernel that does not verify.
    #[error("`{0}` is not well typed")]
    IllTyped(String),
}

/// The elements of every buffer of `program`, given its operands.
pub fn evaluate(program: &Program, operands: &HashMap<BufferId, Array>) -> Result<Vec<Array>, EvalError> {
    let mut memory = vec![];
    for (k, buffer) in program.buffers.iter().enumerate() {
        let len = buffer.elements() as usize;
        let array = match buffer.role {
            Role::Input | Role::Constant => match operands.get(&BufferId(k as u32)) {
                Some(a) if a.dtype == buffer.dtype && a.data.len() == len => a.clone(),
                _ => return Err(EvalError::Operand(buffer.name.clone())),
            },
            Role::Output | Role::Temp => {
                Array { dtype: buffer.dtype, data: vec![convert(buffer.dtype, Value::Int(0)); len] }
            }
        };
        memory.push(array);
    }
    let mut evaluation = Evaluation { program, memory, locals: HashMap::new(), point: vec![], stage: 0 };
    let mut k = 0;
    while k < program.stages.len() {
        match program.scans.iter().find(|s| s.first.0 as usize == k) {
            Some(scan) => {
                let steps = program.stages[k].axes.first().map_or(0, |a| a.extent);
                let last = scan.last.0 as usize;
                for step in 0..steps {
                    (k..=last).try_for_each(|s| evaluation.stage(s, Some(step)))?;
                }
                k = last + 1;
            }
            None => {
                evaluation.stage(k, None)?;
                k += 1;
            }
        }
    }
    Ok(evaluation.memory)
}

struct Evaluation<'a> {
    program: &'a Program,
    memory: Vec<Array>,
    locals: HashMap<u32, (Type, Value)>,
    point: Vec<i64>,
    stage: usize,
}

impl Evaluation<'_> {
    /// Runs stage `k`, or only the points whose first axis is `step`.
    fn stage(&mut self, k: usize, step: Option<i64>) -> Result<(), EvalError> {
        let stage = &self.program.stages[k];
        self.stage = k;
        let out = stage.output.0 as usize;
        let extents: Vec<i64> = stage.axes.iter().map(|a| a.extent).collect();
        let reduce: Vec<i64> = stage.reduce.iter().map(|a| a.extent).collect();
        for (flat, point) in points(&extents).enumerate() {
            if step.is_some_and(|s| point[0] != s) {
                continue;
            }
            self.point = point;
            match &stage.body {
                Body::Map(value) => self.memory[out].data[flat] = self.value(value)?,
                Body::Reduce(combiner, value) => {
                    let dtype = self.memory[out].dtype;
                    let mut total = scalar(combiner.identity(dtype));
                    for inner in points(&reduce) {
                        self.point.truncate(extents.len());
                        self.point.extend(inner);
                        let value = self.value(value)?;
                        total = functions::binary(combiner.function(), Type::Data(dtype), total, value)
                            .ok_or_else(|| EvalError::IllTyped(stage.name.clone()))?;
                    }
                    self.memory[out].data[flat] = total;
                }
                Body::Update { .. } => self.update(stage)?,
            }
        }
        Ok(())
    }

    fn update(&mut self, stage: &Stage) -> Result<(), EvalError> {
        let Body::Update { index, combiner, value } = &stage.body else { return Ok(()) };
        let buffer = self.program.buffer(stage.output);
        let at = index.iter().map(|i| self.index(i)).collect::<Result<Vec<_>, _>>()?;
        let Some(flat) = flatten(&at, &buffer.shape) else { return Ok(()) };
        let value = self.value(value)?;
        let slot = &mut self.memory[stage.output.0 as usize].data[flat];
        *slot = match combiner {
            None => value,
            Some(c) => functions::binary(c.function(), Type::Data(buffer.dtype), *slot, value)
                .ok_or_else(|| EvalError::IllTyped(stage.name.clone()))?,
        };
        Ok(())
    }

    fn value(&mut self, expr: &Expr) -> Result<Value, EvalError> {
        self.eval(expr).map(|(_, v)| v)
    }

    fn index(&mut self, expr: &Expr) -> Result<i64, EvalError> {
        match self.eval(expr)? {
            (Type::Index, Value::Int(i)) => Ok(i),
            _ => Err(self.ill_typed()),
        }
    }

    fn ill_typed(&self) -> EvalError {
        EvalError::IllTyped(self.program.stages[self.stage].name.clone())
    }

    fn eval(&mut self, expr: &Expr) -> Result<(Type, Value), EvalError> {
        match expr {
            Expr::Var(v) => {
                let at = self.point.get(v.0 as usize).copied().ok_or_else(|| self.ill_typed())?;
                Ok((Type::Index, Value::Int(at)))
            }
            Expr::Index(i) => Ok((Type::Index, Value::Int(*i))),
            Expr::Const(s) => Ok((Type::Data(s.dtype()), scalar(*s))),
            Expr::Load { buffer, index } => {
                let at = index.iter().map(|i| self.index(i)).collect::<Result<Vec<_>, _>>()?;
                let shape = &self.program.buffer(*buffer).shape;
                let array = &self.memory[buffer.0 as usize];
                match flatten(&at, shape) {
                    Some(flat) => Ok((Type::Data(array.dtype), array.data[flat])),
                    None => Err(EvalError::OutOfRange {
                        stage: self.program.stages[self.stage].name.clone(),
                        buffer: self.program.buffer(*buffer).name.clone(),
                        index: at,
                    }),
                }
            }
            Expr::Unary(f, x) => {
                let (ty, x) = self.eval(x)?;
                functions::unary(*f, ty, x).ok_or_else(|| self.ill_typed())
            }
            Expr::Binary(f, a, b) => {
                let (ty, a) = self.eval(a)?;
                let (_, b) = self.eval(b)?;
                functions::binary(*f, ty, a, b).map(|v| (ty, v)).ok_or_else(|| self.ill_typed())
            }
            Expr::Compare(f, a, b) => {
                let (ty, a) = self.eval(a)?;
                let (_, b) = self.eval(b)?;
                let held = functions::compare(*f, ty, a, b).ok_or_else(|| self.ill_typed())?;
                Ok((Type::Data(DType::Bool), Value::Int(i64::from(held))))
            }
            Expr::Select(c, a, b) => match self.value(c)? {
                Value::Int(0) => self.eval(b),
                _ => self.eval(a),
            },
            Expr::Cast(to, x) => {
                let (from, x) = self.eval(x)?;
                Ok((*to, functions::cast(from, *to, x)))
            }
            Expr::Let { id, value, body } => {
                let value = self.eval(value)?;
                self.locals.insert(*id, value);
                self.eval(body)
            }
            Expr::Local(id) => self.locals.get(id).copied().ok_or_else(|| self.ill_typed()),
        }
    }
}

fn scalar(s: Scalar) -> Value {
    match s {
        Scalar::Float(d, v) => convert(d, Value::Float(v)),
        Scalar::Int(d, v) => convert(d, Value::Int(v)),
    }
}

/// All points of a box, in row-major order.
fn points(extents: &[i64]) -> impl Iterator<Item = Vec<i64>> {
    let total: i64 = extents.iter().product();
    let extents = extents.to_vec();
    (0..total).map(move |mut flat| {
        let mut point = vec![0; extents.len()];
        for (slot, &extent) in point.iter_mut().zip(&extents).rev() {
            *slot = flat % extent;
            flat /= extent;
        }
        point
    })
}

fn flatten(at: &[i64], shape: &[i64]) -> Option<usize> {
    if at.len() != shape.len() {
        return None;
    }
    let mut flat = 0;
    for (&i, &extent) in at.iter().zip(shape) {
        if !(0..extent).contains(&i) {
            return None;
        }
        flat = flat * extent + i;
    }
    usize::try_from(flat).ok()
}
