//! Runs loop nests over f32 buffers, statement by statement: the oracle of lowering. Small integers are f32 too.

use std::collections::HashMap;

use lathe_graph::DType;
use lathe_tensor::loops::{Place, Stmt};
use lathe_tensor::{BinaryFn, BufferId, CompareFn, Expr, Kernel, Scalar, Type, UnaryFn, VarId};

/// A value of an expression.
#[derive(Clone, Copy, Debug)]
enum Value {
    Index(i64),
    Float(f32),
    Bool(bool),
}

struct Machine<'a> {
    kernel: &'a Kernel,
    memory: Vec<Vec<f32>>,
    vars: HashMap<VarId, i64>,
}

/// Runs `kernel`; `params` holds the buffers behind its parameters, written ones replaced.
pub fn run(kernel: &Kernel, params: &mut [Vec<f32>]) {
    let memory = kernel.buffers.iter().map(|b| match b.place {
        Place::Param { index, .. } => params[index as usize].clone(),
        Place::Workspace { .. } | Place::Register => vec![f32::NAN; b.len as usize],
    });
    let mut m = Machine { kernel, memory: memory.collect(), vars: HashMap::new() };
    kernel.body.iter().for_each(|s| m.stmt(s));
    for (b, data) in kernel.buffers.iter().zip(m.memory) {
        if let Place::Param { index, .. } = b.place {
            params[index as usize] = data;
        }
    }
}

impl Machine<'_> {
    fn stmt(&mut self, s: &Stmt) {
        match s {
            Stmt::For { var, extent, body, .. } => {
                for i in 0..*extent {
                    self.vars.insert(*var, i);
                    body.iter().for_each(|s| self.stmt(s));
                }
            }
            Stmt::Store { buffer, index, value } => {
                let (at, value) = (self.index(index), self.float(value));
                let name = &self.kernel.buffers[buffer.0 as usize].name;
                let data = &mut self.memory[buffer.0 as usize];
                assert!(at >= 0 && (at as usize) < data.len(), "store to {name}[{at}] of {}", data.len());
                data[at as usize] = value;
            }
            Stmt::Intrinsic { intrinsic, operands } => {
                self.stmt(&intrinsic.scalar_loops(operands, VarId(self.kernel.vars.len() as u32)));
            }
            Stmt::If { cond, then, otherwise } => {
                let body = if self.truth(cond) { then } else { otherwise };
                body.iter().for_each(|s| self.stmt(s));
            }
        }
    }

    fn index(&self, e: &Expr) -> i64 {
        match self.eval(e) {
            Value::Index(i) => i,
            other => panic!("{other:?} is no index"),
        }
    }

    fn float(&self, e: &Expr) -> f32 {
        match self.eval(e) {
            Value::Float(v) => v,
            other => panic!("{other:?} is no f32"),
        }
    }

    fn truth(&self, e: &Expr) -> bool {
        match self.eval(e) {
            Value::Bool(v) => v,
            other => panic!("{other:?} is no condition"),
        }
    }

    fn eval(&self, e: &Expr) -> Value {
        match e {
            Expr::Var(v) => Value::Index(self.vars[v]),
            Expr::Index(c) => Value::Index(*c),
            Expr::Const(Scalar::Float(DType::F32, v)) => Value::Float(*v as f32),
            Expr::Const(Scalar::Int(DType::I32 | DType::U32, v)) => Value::Float(*v as f32),
            Expr::Const(Scalar::Int(DType::Bool, v)) => Value::Bool(*v != 0),
            Expr::Load { buffer, index } => Value::Float(self.load(*buffer, &index[0])),
            Expr::Unary(f, x) => Value::Float(unary(*f, self.float(x))),
            Expr::Binary(f, a, b) => match (self.eval(a), self.eval(b)) {
                (Value::Index(a), Value::Index(b)) => Value::Index(index_op(*f, a, b)),
                (Value::Float(a), Value::Float(b)) => Value::Float(float_op(*f, a, b)),
                (Value::Bool(a), Value::Bool(b)) => Value::Bool(match f {
                    BinaryFn::And => a && b,
                    BinaryFn::Or => a || b,
                    other => panic!("{other:?} of bools"),
                }),
                other => panic!("operands {other:?}"),
            },
            Expr::Compare(f, a, b) => {
                let (a, b) = match (self.eval(a), self.eval(b)) {
                    (Value::Index(a), Value::Index(b)) => (a as f64, b as f64),
                    (Value::Float(a), Value::Float(b)) => (f64::from(a), f64::from(b)),
                    other => panic!("operands {other:?}"),
                };
                Value::Bool(match f {
                    CompareFn::Eq => a == b,
                    CompareFn::Ne => a != b,
                    CompareFn::Lt => a < b,
                    CompareFn::Le => a <= b,
                })
            }
            Expr::Select(c, a, b) => self.eval(if self.truth(c) { a } else { b }),
            Expr::Cast(Type::Data(DType::F32 | DType::I32 | DType::U32), x) => match self.eval(x) {
                Value::Index(i) => Value::Float(i as f32),
                v => v,
            },
            other => panic!("{other:?} is not part of these tests"),
        }
    }

    fn load(&self, buffer: BufferId, index: &Expr) -> f32 {
        let at = self.index(index);
        let data = &self.memory[buffer.0 as usize];
        let name = &self.kernel.buffers[buffer.0 as usize].name;
        assert!(at >= 0 && (at as usize) < data.len(), "load of {name}[{at}] of {}", data.len());
        data[at as usize]
    }
}

fn unary(f: UnaryFn, x: f32) -> f32 {
    match f {
        UnaryFn::Neg => -x,
        UnaryFn::Abs => x.abs(),
        UnaryFn::Exp => x.exp(),
        UnaryFn::Sqrt => x.sqrt(),
        other => panic!("{other:?} is not part of these tests"),
    }
}

fn index_op(f: BinaryFn, a: i64, b: i64) -> i64 {
    match f {
        BinaryFn::Add => a + b,
        BinaryFn::Sub => a - b,
        BinaryFn::Mul => a * b,
        BinaryFn::Div => a.div_euclid(b),
        BinaryFn::Rem => a.rem_euclid(b),
        BinaryFn::Min => a.min(b),
        BinaryFn::Max => a.max(b),
        other => panic!("{other:?} of indices"),
    }
}

fn float_op(f: BinaryFn, a: f32, b: f32) -> f32 {
    match f {
        BinaryFn::Add => a + b,
        BinaryFn::Sub => a - b,
        BinaryFn::Mul => a * b,
        BinaryFn::Div => a / b,
        BinaryFn::Min => a.min(b),
        BinaryFn::Max => a.max(b),
        other => panic!("{other:?} of floats"),
    }
}
