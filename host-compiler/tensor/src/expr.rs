//! Scalar expressions: what a stage computes for one point of its axes, and what a loop nest computes for one iteration.
//!
//! Index arithmetic (axes, loop variables, offsets) has the type [`Type::Index`]: signed, the target's pointer width,
//! never overflowing. Everything else is typed by a [`DType`]. Operands of one operation have one type: conversions
//! are explicit.

use lathe_graph::DType;

/// Names a buffer: an index into [`crate::Program::buffers`] or [`crate::Kernel::buffers`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BufferId(pub u32);

/// Names a variable. In a stage: an axis (spatial axes first, reduce axes after). In a loop nest: a loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VarId(pub u32);

/// The type of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// index arithmetic, pointer width
    Index,
    /// an element
    Data(DType),
}

/// A typed constant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scalar {
    /// floating-point constant of `f16`, `f32` or `f64`
    Float(DType, f64),
    /// integer or bool constant (bool: 0 or 1); `u64` values are stored as their two's complement bits
    Int(DType, i64),
}

impl Scalar {
    /// The constant's element type.
    pub fn dtype(self) -> DType {
        match self {
            Scalar::Float(d, _) | Scalar::Int(d, _) => d,
        }
    }

    /// `value` as a constant of `dtype` (rounded toward zero for integers).
    pub fn new(dtype: DType, value: f64) -> Scalar {
        if dtype.is_float() { Scalar::Float(dtype, value) } else { Scalar::Int(dtype, value as i64) }
    }
}

/// Function of one operand of the operand's type (tests give `bool`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum UnaryFn {
    /// `-x` (integers wrap)
    Neg,
    /// `|x|`
    Abs,
    /// logical not of a bool, bitwise not of an integer
    Not,
    /// square root
    Sqrt,
    /// round down
    Floor,
    /// round up
    Ceil,
    /// round to nearest, halves to even
    Round,
    /// e^x
    Exp,
    /// natural logarithm
    Log,
    /// error function
    Erf,
    /// hyperbolic tangent
    Tanh,
    /// 1 / (1 + e^-x)
    Sigmoid,
    /// sine
    Sin,
    /// cosine
    Cos,
    /// tangent
    Tan,
    /// inverse sine
    Asin,
    /// inverse cosine
    Acos,
    /// inverse tangent
    Atan,
    /// hyperbolic sine
    Sinh,
    /// hyperbolic cosine
    Cosh,
    /// inverse hyperbolic sine
    Asinh,
    /// inverse hyperbolic cosine
    Acosh,
    /// inverse hyperbolic tangent
    Atanh,
    /// not a number (gives bool)
    IsNan,
}

/// Function of two operands of one type, giving that type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BinaryFn {
    /// a + b (integers wrap)
    Add,
    /// a - b
    Sub,
    /// a * b
    Mul,
    /// a / b: floats divide; data integers truncate toward zero (x / 0 = 0); `Index` rounds down (divisor > 0)
    Div,
    /// remainder: floats and data integers with the sign of the dividend (C), `Index` in 0..b (b > 0)
    Rem,
    /// smaller (NaN wins)
    Min,
    /// larger (NaN wins)
    Max,
    /// a to the power b: integers wrap, and to a negative power give the real result truncated (0 for base 0)
    Pow,
    /// logical or bitwise and
    And,
    /// logical or bitwise or
    Or,
    /// exclusive or
    Xor,
    /// a << b
    Shl,
    /// a >> b (arithmetic on signed, logical on unsigned)
    Shr,
}

/// Comparison of two operands of one type, giving bool. Any comparison with NaN but `Ne` is false.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CompareFn {
    /// a == b
    Eq,
    /// a != b
    Ne,
    /// a < b
    Lt,
    /// a <= b
    Le,
}

/// A scalar expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// an axis or a loop variable (type `Index`)
    Var(VarId),
    /// an index constant
    Index(i64),
    /// a typed constant
    Const(Scalar),
    /// An element of a buffer. In a program: one index per dimension. In a kernel: one flat element offset.
    /// The index must be in range whenever the expression is evaluated; `Select` evaluates only the side it takes.
    Load {
        /// the buffer
        buffer: BufferId,
        /// where (each of type `Index`)
        index: Vec<Expr>,
    },
    /// f(x)
    Unary(UnaryFn, Box<Expr>),
    /// f(a, b)
    Binary(BinaryFn, Box<Expr>, Box<Expr>),
    /// a ? b
    Compare(CompareFn, Box<Expr>, Box<Expr>),
    /// `1` where `0`, else `2`; the side not taken is not evaluated
    Select(Box<Expr>, Box<Expr>, Box<Expr>),
    /// conversion: float to integer truncates and saturates (NaN to 0); number to bool is `!= 0`; integers wrap
    Cast(Type, Box<Expr>),
    /// evaluate `value` once, name it `id` inside `body` (ids are unique in a program)
    Let {
        /// the name
        id: u32,
        /// what it stands for
        value: Box<Expr>,
        /// where it may be used
        body: Box<Expr>,
    },
    /// a name bound by an enclosing `Let`
    Local(u32),
}

impl Expr {
    /// a constant of `dtype`
    pub fn constant(dtype: DType, value: f64) -> Expr {
        Expr::Const(Scalar::new(dtype, value))
    }

    /// an element of `buffer`
    pub fn load(buffer: BufferId, index: Vec<Expr>) -> Expr {
        Expr::Load { buffer, index }
    }

    /// f(a, b)
    pub fn binary(f: BinaryFn, a: Expr, b: Expr) -> Expr {
        Expr::Binary(f, Box::new(a), Box::new(b))
    }

    /// f(x)
    pub fn unary(f: UnaryFn, x: Expr) -> Expr {
        Expr::Unary(f, Box::new(x))
    }

    /// a ? b
    pub fn compare(f: CompareFn, a: Expr, b: Expr) -> Expr {
        Expr::Compare(f, Box::new(a), Box::new(b))
    }

    /// `then` where `cond`, else `otherwise`
    pub fn select(cond: Expr, then: Expr, otherwise: Expr) -> Expr {
        Expr::Select(Box::new(cond), Box::new(then), Box::new(otherwise))
    }

    /// x in another type
    pub fn cast(ty: Type, x: Expr) -> Expr {
        Expr::Cast(ty, Box::new(x))
    }

    /// both hold
    pub fn and(a: Expr, b: Expr) -> Expr {
        Expr::binary(BinaryFn::And, a, b)
    }

    /// The direct operands, for walks that treat all kinds alike.
    pub fn operands(&self) -> Vec<&Expr> {
        match self {
            Expr::Var(_) | Expr::Index(_) | Expr::Const(_) | Expr::Local(_) => vec![],
            Expr::Load { index, .. } => index.iter().collect(),
            Expr::Unary(_, x) | Expr::Cast(_, x) => vec![x],
            Expr::Binary(_, a, b) | Expr::Compare(_, a, b) => vec![a, b],
            Expr::Select(c, a, b) => vec![c, a, b],
            Expr::Let { value, body, .. } => vec![value, body],
        }
    }

    /// This expression with `f` applied to each direct operand.
    pub fn map_operands(self, f: &mut impl FnMut(Expr) -> Expr) -> Expr {
        let mut boxed = |e: Box<Expr>| Box::new(f(*e));
        match self {
            Expr::Var(_) | Expr::Index(_) | Expr::Const(_) | Expr::Local(_) => self,
            Expr::Load { buffer, index } => Expr::Load { buffer, index: index.into_iter().map(f).collect() },
            Expr::Unary(op, x) => Expr::Unary(op, boxed(x)),
            Expr::Cast(ty, x) => Expr::Cast(ty, boxed(x)),
            Expr::Binary(op, a, b) => {
                let a = boxed(a);
                Expr::Binary(op, a, boxed(b))
            }
            Expr::Compare(op, a, b) => {
                let a = boxed(a);
                Expr::Compare(op, a, boxed(b))
            }
            Expr::Select(c, a, b) => {
                let c = boxed(c);
                let a = boxed(a);
                Expr::Select(c, a, boxed(b))
            }
            Expr::Let { id, value, body } => {
                let value = boxed(value);
                Expr::Let { id, value, body: boxed(body) }
            }
        }
    }

    /// Whether it reads the variable `var`.
    pub fn mentions(&self, var: VarId) -> bool {
        *self == Expr::Var(var) || self.operands().iter().any(|operand| operand.mentions(var))
    }

    /// Every sub-expression, this one first.
    pub fn visit(&self, f: &mut impl FnMut(&Expr)) {
        f(self);
        for operand in self.operands() {
            operand.visit(f);
        }
    }
}

impl std::ops::Add for Expr {
    type Output = Expr;
    fn add(self, other: Expr) -> Expr {
        Expr::binary(BinaryFn::Add, self, other)
    }
}

impl std::ops::Sub for Expr {
    type Output = Expr;
    fn sub(self, other: Expr) -> Expr {
        Expr::binary(BinaryFn::Sub, self, other)
    }
}

impl std::ops::Mul for Expr {
    type Output = Expr;
    fn mul(self, other: Expr) -> Expr {
        Expr::binary(BinaryFn::Mul, self, other)
    }
}

impl std::ops::Div for Expr {
    type Output = Expr;
    fn div(self, other: Expr) -> Expr {
        Expr::binary(BinaryFn::Div, self, other)
    }
}

impl std::ops::Rem for Expr {
    type Output = Expr;
    fn rem(self, other: Expr) -> Expr {
        Expr::binary(BinaryFn::Rem, self, other)
    }
}
