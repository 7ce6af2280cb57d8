//! What a kernel means, one scalar at a time: the reference of the numeric suite.
//!
//! Code generation is held against this bit by bit, so it is its own: integers are computed wide and wrapped, functions
//! are the C library's, and a mistake in the evaluator that schedules are tested against cannot hide one here.

use std::collections::HashMap;

use half::f16;
use lathe_graph::DType;
use lathe_tensor::loops::Place;
use lathe_tensor::{BinaryFn, CompareFn, Expr, Kernel, LoopKind, Scalar, Stmt, Type, UnaryFn, VarId};

/// A number: `u64` as its bits, `bool` as 0 or 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    Index(i64),
    Float(DType, f64),
    Int(DType, i64),
}
use super::libm;
use Number::{Float, Index, Int};

/// Runs a kernel over the bytes of its parameters, the parallel loop over `begin..end`.
pub fn run(kernel: &Kernel, params: &mut [Vec<u8>], begin: i64, end: i64) {
    let mut state = State {
        kernel,
        params,
        range: (begin, end),
        vars: HashMap::new(),
        locals: HashMap::new(),
        own: HashMap::new(),
    };
    for (k, buffer) in kernel.buffers.iter().enumerate() {
        if !matches!(buffer.place, Place::Param { .. }) {
            state.own.insert(k, vec![0; buffer.len as usize * buffer.dtype.size()]);
        }
    }
    state.all(&kernel.body);
}

struct State<'a> {
    kernel: &'a Kernel,
    params: &'a mut [Vec<u8>],
    range: (i64, i64),
    vars: HashMap<u32, i64>,
    locals: HashMap<u32, Number>,
    own: HashMap<usize, Vec<u8>>,
}

impl State<'_> {
    fn all(&mut self, statements: &[Stmt]) {
        statements.iter().for_each(|s| self.statement(s));
    }

    fn statement(&mut self, statement: &Stmt) {
        match statement {
            Stmt::For { var, extent, kind, body } => {
                let (from, to) = if *kind == LoopKind::Parallel { self.range } else { (0, *extent) };
                for k in from..to {
                    self.vars.insert(var.0, k);
                    self.all(body);
                }
            }
            Stmt::Store { buffer, index, value } => {
                let at = self.index(index);
                let value = self.eval(value);
                let dtype = self.kernel.buffers[buffer.0 as usize].dtype;
                let size = dtype.size();
                let bytes = self.bytes(buffer.0 as usize);
                bytes[at * size..][..size].copy_from_slice(&write(dtype, value));
            }
            Stmt::Intrinsic { intrinsic, operands } => {
                let first = VarId(self.kernel.vars.len() as u32);
                self.all(&[intrinsic.scalar_loops(operands, first)]);
            }
            Stmt::Prefetch { .. } => {}
            Stmt::If { cond, then, otherwise } => {
                if truth(self.eval(cond)) {
                    self.all(then)
                } else {
                    self.all(otherwise)
                }
            }
        }
    }

    fn bytes(&mut self, buffer: usize) -> &mut Vec<u8> {
        match self.kernel.buffers[buffer].place {
            Place::Param { index, .. } => &mut self.params[index as usize],
            _ => self.own.get_mut(&buffer).unwrap(),
        }
    }

    fn index(&mut self, expr: &Expr) -> usize {
        match self.eval(expr) {
            Index(k) => usize::try_from(k).unwrap(),
            other => panic!("{other:?} is no index"),
        }
    }

    fn eval(&mut self, expr: &Expr) -> Number {
        match expr {
            Expr::Var(v) => Index(self.vars[&v.0]),
            Expr::Index(k) => Index(*k),
            Expr::Const(Scalar::Float(d, x)) => Float(*d, round(*d, *x)),
            Expr::Const(Scalar::Int(d, x)) => Int(*d, wrap(*d, *x as i128)),
            Expr::Load { buffer, index } => {
                let at = self.index(&index[0]);
                let dtype = self.kernel.buffers[buffer.0 as usize].dtype;
                let size = dtype.size();
                read(dtype, &self.bytes(buffer.0 as usize)[at * size..][..size])
            }
            Expr::Unary(f, x) => unary(*f, self.eval(x)),
            Expr::Binary(f, a, b) => binary(*f, self.eval(a), self.eval(b)),
            Expr::Compare(f, a, b) => compare(*f, self.eval(a), self.eval(b)),
            Expr::Select(c, a, b) => {
                if truth(self.eval(c)) {
                    self.eval(a)
                } else {
                    self.eval(b)
                }
            }
            Expr::Cast(ty, x) => cast(*ty, self.eval(x)),
            Expr::Let { id, value, body } => {
                let value = self.eval(value);
                self.locals.insert(*id, value);
                self.eval(body)
            }
            Expr::Local(id) => self.locals[id],
        }
    }
}

/// Reads an element.
pub fn read(dtype: DType, bytes: &[u8]) -> Number {
    match dtype {
        DType::F32 => Float(dtype, f32::from_le_bytes(bytes.try_into().unwrap()).into()),
        DType::F16 => Float(dtype, f16::from_le_bytes(bytes.try_into().unwrap()).to_f64()),
        DType::F64 => Float(dtype, f64::from_le_bytes(bytes.try_into().unwrap())),
        _ => {
            let mut all = [0; 8];
            all[..bytes.len()].copy_from_slice(bytes);
            Int(dtype, wrap(dtype, i128::from(u64::from_le_bytes(all))))
        }
    }
}

/// An element's bytes.
pub fn write(dtype: DType, value: Number) -> Vec<u8> {
    match value {
        Float(DType::F32, x) => (x as f32).to_le_bytes().to_vec(),
        Float(DType::F16, x) => f16::from_f64(round_f16(x)).to_le_bytes().to_vec(),
        Float(_, x) => x.to_le_bytes().to_vec(),
        Int(_, x) | Index(x) => x.to_le_bytes()[..dtype.size()].to_vec(),
    }
}

fn truth(x: Number) -> bool {
    matches!(x, Int(DType::Bool, 1))
}

fn round(dtype: DType, x: f64) -> f64 {
    match dtype {
        DType::F32 => f64::from(x as f32),
        DType::F16 => round_f16(x),
        _ => x,
    }
}

/// The nearest f16, rounded once: `half::f16::from_f64` may go through f32 or drop bits.
fn round_f16(x: f64) -> f64 {
    if !x.is_finite() || x == 0.0 {
        return x;
    }
    let unit = super::ulp(DType::F16, x);
    let rounded = (x / unit).round_ties_even() * unit;
    if rounded.abs() > 65504.0 { f64::INFINITY.copysign(x) } else { rounded.copysign(x) }
}

fn wrap(dtype: DType, x: i128) -> i64 {
    match dtype {
        DType::Bool => i64::from(x != 0),
        DType::I8 => i64::from(x as i8),
        DType::U8 => i64::from(x as u8),
        DType::I16 => i64::from(x as i16),
        DType::U16 => i64::from(x as u16),
        DType::I32 => i64::from(x as i32),
        DType::U32 => i64::from(x as u32),
        _ => x as i64,
    }
}

/// The mathematical value of an integer.
fn exact(dtype: DType, x: i64) -> i128 {
    if dtype == DType::U64 { i128::from(x as u64) } else { i128::from(x) }
}

fn unary(f: UnaryFn, x: Number) -> Number {
    match x {
        Index(k) => match f {
            UnaryFn::Neg => Index(-k),
            UnaryFn::Abs => Index(k.abs()),
            _ => panic!("{f:?} of an index"),
        },
        Int(d, x) => match f {
            UnaryFn::Neg => Int(d, wrap(d, -exact(d, x))),
            UnaryFn::Abs => Int(d, wrap(d, exact(d, x).abs())),
            UnaryFn::Not if d == DType::Bool => Int(d, 1 - x),
            UnaryFn::Not => Int(d, wrap(d, i128::from(!x))),
            _ => panic!("{f:?} of {d}"),
        },
        Float(_, x) if f == UnaryFn::IsNan => Int(DType::Bool, i64::from(x.is_nan())),
        Float(d, x) => Float(d, round(d, elementary(f, x))),
    }
}

/// The functions of one f64.
pub fn elementary(f: UnaryFn, x: f64) -> f64 {
    match f {
        UnaryFn::Neg => -x,
        UnaryFn::Abs => x.abs(),
        UnaryFn::Sqrt => x.sqrt(),
        UnaryFn::Floor => x.floor(),
        UnaryFn::Ceil => x.ceil(),
        UnaryFn::Round => x.round_ties_even(),
        UnaryFn::Exp => x.exp(),
        UnaryFn::Log => x.ln(),
        UnaryFn::Erf => libm::erf(x),
        UnaryFn::Tanh => x.tanh(),
        UnaryFn::Sigmoid if x < 0.0 => x.exp() / (1.0 + x.exp()),
        UnaryFn::Sigmoid => 1.0 / (1.0 + (-x).exp()),
        UnaryFn::Sin => x.sin(),
        UnaryFn::Cos => x.cos(),
        UnaryFn::Tan => x.tan(),
        UnaryFn::Asin => x.asin(),
        UnaryFn::Acos => x.acos(),
        UnaryFn::Atan => x.atan(),
        UnaryFn::Sinh => x.sinh(),
        UnaryFn::Cosh => x.cosh(),
        UnaryFn::Asinh => libm::asinh(x),
        UnaryFn::Acosh => libm::acosh(x),
        UnaryFn::Atanh => libm::atanh(x),
        UnaryFn::Not | UnaryFn::IsNan => panic!("{f:?} of a float"),
    }
}

fn binary(f: BinaryFn, a: Number, b: Number) -> Number {
    match (a, b) {
        (Index(a), Index(b)) => Index(binary_index(f, a, b)),
        (Int(d, a), Int(_, b)) => Int(d, wrap(d, binary_integer(f, d, exact(d, a), exact(d, b)))),
        (Float(d, a), Float(_, b)) => Float(d, round(d, binary_float(f, d, a, b))),
        (a, b) => panic!("{f:?} of {a:?} and {b:?}"),
    }
}

fn binary_index(f: BinaryFn, a: i64, b: i64) -> i64 {
    match f {
        BinaryFn::Add => a + b,
        BinaryFn::Sub => a - b,
        BinaryFn::Mul => a * b,
        BinaryFn::Div => a.div_euclid(b),
        BinaryFn::Rem => a.rem_euclid(b),
        BinaryFn::Min => a.min(b),
        BinaryFn::Max => a.max(b),
        BinaryFn::And => a & b,
        BinaryFn::Or => a | b,
        BinaryFn::Xor => a ^ b,
        BinaryFn::Shl => a << b,
        BinaryFn::Shr => a >> b,
        BinaryFn::Pow => panic!("Pow of indices"),
    }
}

fn binary_integer(f: BinaryFn, d: DType, a: i128, b: i128) -> i128 {
    let bits = d.size() as i128 * 8;
    match f {
        BinaryFn::Add if d == DType::Bool => a | b,
        BinaryFn::Add => a + b,
        BinaryFn::Sub => a - b,
        BinaryFn::Mul => a * b,
        BinaryFn::Div | BinaryFn::Rem if b == 0 => 0,
        BinaryFn::Div => a / b,
        BinaryFn::Rem => a % b,
        BinaryFn::Min => a.min(b),
        BinaryFn::Max => a.max(b),
        BinaryFn::And => a & b,
        BinaryFn::Or => a | b,
        BinaryFn::Xor => a ^ b,
        BinaryFn::Shl if !(0..bits).contains(&b) => 0,
        BinaryFn::Shl => a << b,
        BinaryFn::Shr if !(0..bits).contains(&b) => {
            if a < 0 {
                -1
            } else {
                0
            }
        }
        BinaryFn::Shr => a >> b,
        BinaryFn::Pow if b >= 0 => (0..b).fold(1i64, |p, _| wrap(d, i128::from(p).wrapping_mul(a))).into(),
        BinaryFn::Pow if a == 1 || a == -1 => {
            if b % 2 == 0 {
                1
            } else {
                a
            }
        }
        BinaryFn::Pow => 0,
    }
}

fn binary_float(f: BinaryFn, _: DType, a: f64, b: f64) -> f64 {
    let nan = a.is_nan() || b.is_nan();
    match f {
        BinaryFn::Add => a + b,
        BinaryFn::Sub => a - b,
        BinaryFn::Mul => a * b,
        BinaryFn::Div => a / b,
        BinaryFn::Rem => a % b,
        BinaryFn::Min | BinaryFn::Max if nan => f64::NAN,
        BinaryFn::Min => a.min(b),
        BinaryFn::Max => a.max(b),
        BinaryFn::Pow => a.powf(b),
        _ => panic!("{f:?} of floats"),
    }
}

fn compare(f: CompareFn, a: Number, b: Number) -> Number {
    let order = match (a, b) {
        (Index(a), Index(b)) => Some(a.cmp(&b)),
        (Int(d, a), Int(_, b)) => Some(exact(d, a).cmp(&exact(d, b))),
        (Float(_, a), Float(_, b)) => a.partial_cmp(&b),
        (a, b) => panic!("{f:?} of {a:?} and {b:?}"),
    };
    let holds = match f {
        CompareFn::Eq => order.is_some_and(|o| o.is_eq()),
        CompareFn::Ne => !order.is_some_and(|o| o.is_eq()),
        CompareFn::Lt => order.is_some_and(|o| o.is_lt()),
        CompareFn::Le => order.is_some_and(|o| o.is_le()),
    };
    Int(DType::Bool, i64::from(holds))
}

fn cast(ty: Type, x: Number) -> Number {
    let to = match ty {
        Type::Index => DType::I64,
        Type::Data(d) => d,
    };
    let number = match x {
        Index(k) if to.is_float() => Float(to, round(to, k as f64)),
        Index(k) => Int(to, wrap(to, k.into())),
        Int(d, x) if to.is_float() => Float(to, int_to_float(to, exact(d, x))),
        Int(d, x) => Int(to, wrap(to, exact(d, x))),
        Float(_, x) if to == DType::Bool => Int(to, i64::from(x != 0.0)),
        Float(_, x) if to.is_float() => Float(to, round(to, x)),
        Float(_, x) => Int(to, saturate(to, x)),
    };
    match (ty, number) {
        (Type::Index, Int(_, k)) => Index(k),
        (_, number) => number,
    }
}

fn int_to_float(to: DType, x: i128) -> f64 {
    match to {
        DType::F32 => (x as f32).into(),
        DType::F16 => f16::from_f32(x as f32).to_f64(),
        _ => x as f64,
    }
}

fn saturate(to: DType, x: f64) -> i64 {
    match to {
        DType::I8 => (x as i8).into(),
        DType::U8 => (x as u8).into(),
        DType::I16 => (x as i16).into(),
        DType::U16 => (x as u16).into(),
        DType::I32 => (x as i32).into(),
        DType::U32 => (x as u32).into(),
        DType::I64 => x as i64,
        _ => x as u64 as i64,
    }
}
