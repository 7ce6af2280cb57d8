//! Default schedules: every checked program is also scheduled for several targets, and its kernels are run.

use std::collections::HashMap;

use lathe_graph::DType;

use crate::default_schedule::default_schedule;
use crate::expr::{BufferId, Expr, Scalar, Type, VarId};
use crate::loops::{Kernel, LoopKind, Place, Stmt, lower};
use crate::program::Role;
use crate::program::eval::functions::{binary, cast, compare, unary};
use crate::program::eval::{Array, Value, convert};
use crate::recipes::GroupProgram;
use crate::schedule::Schedule;
use crate::target::Target;

fn target(name: &str, vector_bits: u32, vector_registers: u32, multiply_by_lane: bool) -> Target {
    Target {
        name: name.to_string(),
        triple: String::new(),
        cpu: String::new(),
        features: vec![],
        vector_bits,
        vector_registers,
        multiply_by_lane,
        fma_per_cycle: 2,
        fma_latency: 4,
        l1_bytes: 32 << 10,
        l2_bytes: 512 << 10,
    }
}

/// AVX2-like, NEON-like and vectorless processors.
pub(super) fn targets() -> [Target; 3] {
    [target("avx2", 256, 16, false), target("neon", 128, 32, true), target("scalar", 0, 16, false)]
}

/// The default schedule of `group` gives the results that evaluating the program gave.
pub(super) fn schedules_agree(group: &GroupProgram, operands: &HashMap<BufferId, Array>, evaluated: &[Array]) {
    for target in targets() {
        let context = || format!("{} on {}\n{}", group.program.name, target.name, group.program);
        let schedule = default_schedule(group, &target).unwrap_or_else(|e| panic!("{e}\n{}", context()));
        let memory = run_schedule(&schedule, operands, &context);
        for (k, b) in group.program.buffers.iter().enumerate().filter(|(_, b)| b.role == Role::Output) {
            for (i, (found, expected)) in memory[k].data.iter().zip(&evaluated[k].data).enumerate() {
                let close = close(b.dtype, found, expected);
                assert!(close, "{}[{i}]: {found:?}, not {expected:?}\n{}\n{}", b.name, schedule.text(None), context());
            }
        }
    }
}

/// Equal but for reassociated sums.
fn close(dtype: DType, found: &Value, expected: &Value) -> bool {
    let tolerance = match dtype {
        DType::F16 => 2e-3,
        DType::F64 => 1e-12,
        _ => 1e-5,
    };
    match (found, expected) {
        (Value::Float(f), Value::Float(e)) if e.is_finite() => (f - e).abs() <= tolerance * e.abs().max(1.0),
        (f, e) => f == e,
    }
}

fn run_schedule(s: &Schedule, operands: &HashMap<BufferId, Array>, context: &dyn Fn() -> String) -> Vec<Array> {
    let mut memory: Vec<Array> = vec![];
    for (k, b) in s.program().buffers.iter().enumerate() {
        let id = BufferId(k as u32);
        memory.push(match (operands.get(&id), s.packings().get(&id)) {
            (Some(array), None) => array.clone(),
            (Some(array), Some(packing)) => packed(array, |bytes| packing.pack(bytes, 8)),
            (None, _) => unwritten(b.dtype, b.elements()),
        });
    }
    for lowered in lower(s, 64) {
        verify(&lowered.kernel).unwrap_or_else(|e| panic!("{e}\n{}\n{}", lowered.kernel, context()));
        let params = lowered.params.iter().map(|b| memory[b.0 as usize].clone()).collect();
        let mut machine = Machine::new(&lowered.kernel, params);
        lowered.kernel.body.iter().for_each(|stmt| machine.stmt(stmt));
        for (b, kb) in lowered.kernel.buffers.iter().zip(machine.memory) {
            if let Place::Param { index, .. } = b.place {
                memory[lowered.params[index as usize].0 as usize] = kb;
            }
        }
    }
    memory
}

/// Elements no kernel has written: NaN, or a number no test expects.
fn unwritten(dtype: DType, len: i64) -> Array {
    let value = if dtype.is_float() { Value::Float(f64::NAN) } else { convert(dtype, Value::Int(-77)) };
    Array { dtype, data: vec![value; len as usize] }
}

/// `array` rearranged by a function of 8-byte elements.
fn packed(array: &Array, pack: impl Fn(&[u8]) -> Vec<u8>) -> Array {
    let bits = |v: &Value| match v {
        Value::Float(f) => f.to_bits(),
        Value::Int(i) => *i as u64,
    };
    let bytes: Vec<u8> = array.data.iter().flat_map(|v| bits(v).to_le_bytes()).collect();
    let value = |c: &[u8]| {
        let bits = c.iter().rev().fold(0u64, |bits, &byte| bits << 8 | u64::from(byte));
        if array.dtype.is_float() { Value::Float(f64::from_bits(bits)) } else { Value::Int(bits as i64) }
    };
    Array { dtype: array.dtype, data: pack(&bytes).chunks(8).map(value).collect() }
}

/// What code generation relies on: vectorised bodies are stores without branches that vary by lane, and registers are
/// addressed by constants once loops are unrolled.
fn verify(kernel: &Kernel) -> Result<(), String> {
    let mut kinds = HashMap::new();
    kernel.body.iter().try_for_each(|s| verify_stmt(kernel, s, &mut kinds, None))
}

fn verify_stmt(
    kernel: &Kernel,
    stmt: &Stmt,
    kinds: &mut HashMap<VarId, LoopKind>,
    lane: Option<VarId>,
) -> Result<(), String> {
    let uses = |e: &Expr, var: VarId| {
        let mut found = false;
        e.visit(&mut |e| found |= *e == Expr::Var(var));
        found
    };
    match stmt {
        Stmt::For { var, kind, body, .. } => {
            if lane.is_some() {
                return Err("a loop inside a vectorised one".to_string());
            }
            kinds.insert(*var, *kind);
            let lane = (*kind == LoopKind::Vectorized).then_some(*var);
            body.iter().try_for_each(|s| verify_stmt(kernel, s, kinds, lane))
        }
        Stmt::If { cond, then, otherwise } => {
            if lane.is_some_and(|v| uses(cond, v)) {
                return Err("a branch that varies by lane".to_string());
            }
            then.iter().chain(otherwise).try_for_each(|s| verify_stmt(kernel, s, kinds, lane))
        }
        Stmt::Intrinsic { intrinsic, operands } => {
            let loops = intrinsic.scalar_loops(operands, VarId(kernel.vars.len() as u32));
            verify_stmt(kernel, &loops, kinds, lane)
        }
        Stmt::Store { buffer, index, value } => {
            let mut result = Ok(());
            let mut access = |buffer: &BufferId, index: &Expr| {
                let registers = kernel.buffers[buffer.0 as usize].place == Place::Register;
                index.visit(&mut |e| {
                    if let Expr::Var(v) = e
                        && registers
                        && !matches!(kinds.get(v), Some(LoopKind::Unrolled | LoopKind::Vectorized))
                    {
                        result = Err(format!("a register addressed by {}", kernel.vars[v.0 as usize]));
                    }
                });
            };
            access(buffer, index);
            value.visit(&mut |e| {
                if let Expr::Load { buffer, index } = e {
                    access(buffer, &index[0]);
                }
            });
            result
        }
    }
}

/// Runs a loop nest statement by statement, over elements of any type.
struct Machine<'a> {
    kernel: &'a Kernel,
    memory: Vec<Array>,
    vars: HashMap<VarId, i64>,
    locals: HashMap<u32, (Type, Value)>,
}

impl Machine<'_> {
    fn new(kernel: &Kernel, params: Vec<Array>) -> Machine<'_> {
        let memory = kernel.buffers.iter().map(|b| match b.place {
            Place::Param { index, .. } => params[index as usize].clone(),
            Place::Workspace { .. } | Place::Register => unwritten(b.dtype, b.len),
        });
        Machine { kernel, memory: memory.collect(), vars: HashMap::new(), locals: HashMap::new() }
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::For { var, extent, body, .. } => {
                for i in 0..*extent {
                    self.vars.insert(*var, i);
                    body.iter().for_each(|s| self.stmt(s));
                }
            }
            Stmt::Store { buffer, index, value } => {
                let at = self.offset(*buffer, index);
                let (ty, value) = self.eval(value);
                let array = &mut self.memory[buffer.0 as usize];
                assert_eq!(ty, Type::Data(array.dtype), "a store of another type");
                array.data[at] = value;
            }
            Stmt::Intrinsic { intrinsic, operands } => {
                self.stmt(&intrinsic.scalar_loops(operands, VarId(self.kernel.vars.len() as u32)));
            }
            Stmt::If { cond, then, otherwise } => {
                let body = if self.eval(cond).1 == Value::Int(0) { otherwise } else { then };
                body.iter().for_each(|s| self.stmt(s));
            }
        }
    }

    fn offset(&mut self, buffer: BufferId, index: &Expr) -> usize {
        let name = &self.kernel.buffers[buffer.0 as usize].name;
        let (Type::Index, Value::Int(at)) = self.eval(index) else { panic!("an index into {name} that is none") };
        let len = self.memory[buffer.0 as usize].data.len();
        assert!((0..len as i64).contains(&at), "{name}[{at}] of {len}\n{}", self.kernel);
        at as usize
    }

    fn eval(&mut self, e: &Expr) -> (Type, Value) {
        let typed = "the nest is well typed";
        match e {
            Expr::Var(v) => (Type::Index, Value::Int(self.vars[v])),
            Expr::Index(c) => (Type::Index, Value::Int(*c)),
            Expr::Const(Scalar::Float(d, v)) => (Type::Data(*d), convert(*d, Value::Float(*v))),
            Expr::Const(Scalar::Int(d, v)) => (Type::Data(*d), convert(*d, Value::Int(*v))),
            Expr::Load { buffer, index } => {
                let at = self.offset(*buffer, &index[0]);
                let array = &self.memory[buffer.0 as usize];
                (Type::Data(array.dtype), array.data[at])
            }
            Expr::Unary(f, x) => {
                let (ty, x) = self.eval(x);
                unary(*f, ty, x).expect(typed)
            }
            Expr::Binary(f, a, b) => {
                let ((ty, a), (other, b)) = (self.eval(a), self.eval(b));
                assert_eq!(ty, other, "operands of {f:?}");
                (ty, binary(*f, ty, a, b).expect(typed))
            }
            Expr::Compare(f, a, b) => {
                let ((ty, a), (other, b)) = (self.eval(a), self.eval(b));
                assert_eq!(ty, other, "operands of {f:?}");
                (Type::Data(DType::Bool), Value::Int(i64::from(compare(*f, ty, a, b).expect(typed))))
            }
            Expr::Select(c, a, b) => match self.eval(c).1 {
                Value::Int(0) => self.eval(b),
                _ => self.eval(a),
            },
            Expr::Cast(to, x) => {
                let (from, x) = self.eval(x);
                (*to, cast(from, *to, x))
            }
            Expr::Let { id, value, body } => {
                let value = self.eval(value);
                self.locals.insert(*id, value);
                self.eval(body)
            }
            Expr::Local(id) => self.locals[id],
        }
    }
}
