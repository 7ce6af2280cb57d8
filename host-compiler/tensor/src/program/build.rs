//! Building programs: what recipes write stages with.
//!
//! A [`Builder`] holds the program under construction. Recipes take [`Operand`]s, append stages and return the
//! operands they filled; names are made unique here. Half-precision operands are read as `f32` and rounded where a
//! stage stores ([`Builder::read`], [`Builder::map`]).

use lathe_graph::DType;

use super::{Axis, Body, Combiner, Program, Role, Stage, StageId};
use crate::expr::{BinaryFn, BufferId, CompareFn, Expr, Scalar, Type, VarId};

/// A buffer as a recipe sees it.
#[derive(Clone, Debug)]
pub struct Operand {
    /// the buffer
    pub buffer: BufferId,
    /// element type
    pub dtype: DType,
    /// extents
    pub shape: Vec<i64>,
    /// the value of an operand that is one constant element: reads become a constant
    pub scalar: Option<Scalar>,
    /// known at compile time to be zero everywhere
    pub zero: bool,
}

impl Operand {
    /// Number of dimensions.
    pub fn rank(&self) -> usize {
        self.shape.len()
    }

    /// Number of elements.
    pub fn elements(&self) -> i64 {
        self.shape.iter().product()
    }
}

/// The type arithmetic on `dtype` is done in: `f32` for `f16`, else the type itself.
pub fn compute_type(dtype: DType) -> DType {
    if dtype == DType::F16 { DType::F32 } else { dtype }
}

/// Axis `k` of a stage.
pub fn var(k: usize) -> Expr {
    Expr::Var(VarId(k as u32))
}

/// The first `n` axes of a stage.
pub fn vars(n: usize) -> Vec<Expr> {
    (0..n).map(var).collect()
}

/// Axes with these names and extents.
pub fn axes<N: AsRef<str>>(names: &[N], extents: &[i64]) -> Vec<Axis> {
    names.iter().zip(extents).map(|(n, &extent)| Axis { name: n.as_ref().to_string(), extent }).collect()
}

/// Axes named `prefix0`, `prefix1`, … with these extents.
pub fn numbered_axes(prefix: &str, extents: &[i64]) -> Vec<Axis> {
    let name = |(k, &extent): (usize, &i64)| Axis { name: format!("{prefix}{k}"), extent };
    extents.iter().enumerate().map(name).collect()
}

/// `expr + offset` on indices, without a zero.
pub fn offset(expr: Expr, offset: i64) -> Expr {
    match (expr, offset) {
        (e, 0) => e,
        (Expr::Index(i), o) => Expr::Index(i + o),
        (e, o) if o < 0 => e - Expr::Index(-o),
        (e, o) => e + Expr::Index(o),
    }
}

/// `expr * factor` on indices, without a one.
pub fn scaled(expr: Expr, factor: i64) -> Expr {
    match (expr, factor) {
        (e, 1) => e,
        (_, 0) => Expr::Index(0),
        (Expr::Index(i), f) => Expr::Index(i * f),
        (e, f) => e * Expr::Index(f),
    }
}

/// `a + b` on indices, without zeros.
pub fn plus(a: Expr, b: Expr) -> Expr {
    match (a, b) {
        (a, Expr::Index(i)) => offset(a, i),
        (Expr::Index(0), b) => b,
        (a, b) => a + b,
    }
}

/// `min(max(expr, low), high)` on indices.
pub fn clamp_index(expr: Expr, low: i64, high: i64) -> Expr {
    let raised = Expr::binary(BinaryFn::Max, expr, Expr::Index(low));
    Expr::binary(BinaryFn::Min, raised, Expr::Index(high))
}

/// `0 <= index < extent`.
pub fn in_range(index: Expr, extent: i64) -> Expr {
    let above = Expr::compare(CompareFn::Le, Expr::Index(0), index.clone());
    Expr::and(above, Expr::compare(CompareFn::Lt, index, Expr::Index(extent)))
}

/// All conditions hold; `None` when there are none.
pub fn all(conditions: impl IntoIterator<Item = Expr>) -> Option<Expr> {
    conditions.into_iter().reduce(Expr::and)
}

/// `then` where every condition holds, else `otherwise`; `then` alone without conditions.
pub fn guarded(conditions: Vec<Expr>, then: Expr, otherwise: Expr) -> Expr {
    match all(conditions) {
        Some(cond) => Expr::select(cond, then, otherwise),
        None => then,
    }
}

/// The index with which an operand of `shape` is read at `point` of a result it is broadcast to (aligned right).
pub fn broadcast_index(shape: &[i64], point: &[Expr]) -> Vec<Expr> {
    let skip = point.len() - shape.len();
    let at = |(k, &extent): (usize, &i64)| if extent == 1 { Expr::Index(0) } else { point[skip + k].clone() };
    shape.iter().enumerate().map(at).collect()
}

/// The lowest value of a type (`-inf` for floats).
pub fn lowest(dtype: DType) -> Scalar {
    match dtype {
        DType::F16 | DType::F32 | DType::F64 => Scalar::Float(dtype, f64::NEG_INFINITY),
        DType::I8 => Scalar::Int(dtype, i64::from(i8::MIN)),
        DType::I16 => Scalar::Int(dtype, i64::from(i16::MIN)),
        DType::I32 => Scalar::Int(dtype, i64::from(i32::MIN)),
        DType::I64 => Scalar::Int(dtype, i64::MIN),
        DType::Bool | DType::U8 | DType::U16 | DType::U32 | DType::U64 => Scalar::Int(dtype, 0),
    }
}

/// The highest value of a type (`+inf` for floats; `u64` as two's complement bits).
pub fn highest(dtype: DType) -> Scalar {
    match dtype {
        DType::F16 | DType::F32 | DType::F64 => Scalar::Float(dtype, f64::INFINITY),
        DType::Bool => Scalar::Int(dtype, 1),
        DType::I8 => Scalar::Int(dtype, i64::from(i8::MAX)),
        DType::U8 => Scalar::Int(dtype, i64::from(u8::MAX)),
        DType::I16 => Scalar::Int(dtype, i64::from(i16::MAX)),
        DType::U16 => Scalar::Int(dtype, i64::from(u16::MAX)),
        DType::I32 => Scalar::Int(dtype, i64::from(i32::MAX)),
        DType::U32 => Scalar::Int(dtype, i64::from(u32::MAX)),
        DType::I64 => Scalar::Int(dtype, i64::MAX),
        DType::U64 => Scalar::Int(dtype, -1),
    }
}

impl Combiner {
    /// What a reduction of `dtype` starts from.
    pub fn identity(self, dtype: DType) -> Scalar {
        match self {
            Combiner::Sum => Scalar::new(dtype, 0.0),
            Combiner::Prod => Scalar::new(dtype, 1.0),
            Combiner::Max => lowest(dtype),
            Combiner::Min => highest(dtype),
        }
    }

    /// The operation that combines two values.
    pub fn function(self) -> BinaryFn {
        match self {
            Combiner::Sum => BinaryFn::Add,
            Combiner::Prod => BinaryFn::Mul,
            Combiner::Max => BinaryFn::Max,
            Combiner::Min => BinaryFn::Min,
        }
    }
}

/// A program under construction.
#[derive(Debug, Default)]
pub struct Builder {
    /// the program so far
    pub program: Program,
    lets: u32,
}

impl Builder {
    /// An empty program.
    pub fn new(name: &str) -> Builder {
        Builder { program: Program { name: name.to_string(), ..Program::default() }, lets: 0 }
    }

    /// Adds a buffer the program is given ([`Role::Input`] or [`Role::Constant`]).
    pub fn operand(&mut self, name: &str, dtype: DType, shape: Vec<i64>, role: Role) -> Operand {
        let buffer = self.program.add_buffer(name, dtype, shape.clone(), role);
        Operand { buffer, dtype, shape, scalar: None, zero: false }
    }

    /// The operand at `index`, in its [`compute_type`].
    pub fn read(&self, x: &Operand, index: Vec<Expr>) -> Expr {
        let ty = compute_type(x.dtype);
        match x.scalar {
            Some(Scalar::Float(_, v)) => Expr::Const(Scalar::Float(ty, v)),
            Some(scalar) => Expr::Const(scalar),
            None if ty == x.dtype => Expr::load(x.buffer, index),
            None => Expr::cast(Type::Data(ty), Expr::load(x.buffer, index)),
        }
    }

    /// `value` evaluated once and used by `body` as often as it likes.
    pub fn share(&mut self, value: Expr, body: impl FnOnce(&mut Builder, Expr) -> Expr) -> Expr {
        if matches!(value, Expr::Const(_) | Expr::Index(_) | Expr::Var(_) | Expr::Local(_)) {
            return body(self, value);
        }
        let id = self.lets;
        self.lets += 1;
        let body = body(self, Expr::Local(id));
        Expr::Let { id, value: Box::new(value), body: Box::new(body) }
    }

    /// Adds a stage that fills a new temporary of `dtype` with `value`, given in `dtype`'s [`compute_type`].
    pub fn map(&mut self, name: &str, dtype: DType, axes: Vec<Axis>, value: Expr) -> Operand {
        let value = if compute_type(dtype) == dtype { value } else { Expr::cast(Type::Data(dtype), value) };
        self.copy(name, dtype, axes, value)
    }

    /// As [`Builder::map`] for a value that is in `dtype` already: moved elements, which need no arithmetic.
    pub fn copy(&mut self, name: &str, dtype: DType, axes: Vec<Axis>, value: Expr) -> Operand {
        self.fill(name, dtype, axes, vec![], Body::Map(value))
    }

    /// The operand at `index` as it is stored, for moving.
    pub fn load(&self, x: &Operand, index: Vec<Expr>) -> Expr {
        x.scalar.map_or_else(|| Expr::load(x.buffer, index), Expr::Const)
    }

    /// Adds a stage that reduces `value` over `reduce` into a new temporary (without reduce axes: the value itself). The
    /// temporary has the [`compute_type`] of `dtype`; [`Builder::rounded`] brings it back.
    pub fn reduce(
        &mut self,
        name: &str,
        dtype: DType,
        axes: Vec<Axis>,
        reduce: Vec<Axis>,
        combiner: Combiner,
        value: Expr,
    ) -> Operand {
        let body = if reduce.is_empty() { Body::Map(value) } else { Body::Reduce(combiner, value) };
        self.fill(name, compute_type(dtype), axes, reduce, body)
    }

    /// `x` as `dtype`: itself, or a stage that rounds it.
    pub fn rounded(&mut self, x: Operand, dtype: DType) -> Operand {
        if x.dtype == dtype {
            return x;
        }
        let value = Expr::cast(Type::Data(dtype), Expr::load(x.buffer, vars(x.rank())));
        self.copy("round", dtype, numbered_axes("i", &x.shape), value)
    }

    /// Adds a stage that writes or combines `value` at `index` of `x`, which an earlier stage filled.
    pub fn update(
        &mut self,
        name: &str,
        x: &Operand,
        axes: Vec<Axis>,
        index: Vec<Expr>,
        combiner: Option<Combiner>,
        value: Expr,
    ) -> StageId {
        let name = self.stage_name(name);
        let body = Body::Update { index, combiner, value };
        self.program.add_stage(Stage { name, output: x.buffer, axes, reduce: vec![], body })
    }

    /// A buffer to be filled later by [`Builder::fill_buffer`]: stages of a scan read each other's buffers.
    pub fn declare(&mut self, name: &str, dtype: DType, shape: Vec<i64>) -> Operand {
        let name = self.stage_name(name);
        self.operand(&name, dtype, shape, Role::Temp)
    }

    /// Adds the stage that fills a declared buffer.
    pub fn fill_buffer(&mut self, x: &Operand, axes: Vec<Axis>, reduce: Vec<Axis>, body: Body) -> StageId {
        let name = self.program.buffer(x.buffer).name.clone();
        let name = self.stage_name(&name);
        self.program.add_stage(Stage { name, output: x.buffer, axes, reduce, body })
    }

    /// The stage added last.
    pub fn last_stage(&self) -> StageId {
        StageId(self.program.stages.len().saturating_sub(1) as u32)
    }

    fn fill(&mut self, name: &str, dtype: DType, axes: Vec<Axis>, reduce: Vec<Axis>, body: Body) -> Operand {
        let shape = axes.iter().map(|a| a.extent).collect();
        let x = self.declare(name, dtype, shape);
        self.fill_buffer(&x, axes, reduce, body);
        x
    }

    fn stage_name(&self, name: &str) -> String {
        let taken = |n: &str| self.program.stages.iter().any(|s| s.name == n);
        let mut unique = name.to_string();
        let mut n = 1;
        while taken(&unique) {
            n += 1;
            unique = format!("{name}.{n}");
        }
        unique
    }
}
