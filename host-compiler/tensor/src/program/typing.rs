//! Types of expressions, for programs and kernels alike.

use std::collections::HashMap;

use lathe_graph::DType;

use crate::expr::{BinaryFn, BufferId, Expr, Type, UnaryFn};

/// What is wrong with an expression's types.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TypeError {
    /// An operand of the wrong type.
    #[error("{what} cannot take {found}")]
    Operand {
        /// the operation
        what: String,
        /// the type it was given
        found: String,
    },
    /// Two operands that should have one type.
    #[error("{what} of {left} and {right}")]
    Mismatch {
        /// the operation
        what: String,
        /// type of the first operand
        left: String,
        /// type of the second operand
        right: String,
    },
    /// A buffer that is not there.
    #[error("no buffer {0}")]
    UnknownBuffer(u32),
    /// A local that no enclosing `let` binds.
    #[error("%{0} is not bound here")]
    UnboundLocal(u32),
    /// A constant whose kind does not match its element type.
    #[error("a constant of {0} written as another kind")]
    Constant(String),
}

impl std::fmt::Display for Type {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Type::Index => f.write_str("index"),
            Type::Data(d) => d.fmt(f),
        }
    }
}

impl Type {
    fn is_float(self) -> bool {
        matches!(self, Type::Data(d) if d.is_float())
    }

    fn is_int(self) -> bool {
        matches!(self, Type::Data(d) if d.is_int())
    }

    fn is_bool(self) -> bool {
        self == Type::Data(DType::Bool)
    }
}

/// Types expressions over buffers whose element types `dtype_of` gives.
pub struct Typing<'a> {
    dtype_of: &'a dyn Fn(BufferId) -> Option<DType>,
    locals: HashMap<u32, Type>,
}

impl<'a> Typing<'a> {
    /// Typing without bound locals.
    pub fn new(dtype_of: &'a dyn Fn(BufferId) -> Option<DType>) -> Typing<'a> {
        Typing { dtype_of, locals: HashMap::new() }
    }

    /// The type of `expr`, all operands checked.
    pub fn type_of(&mut self, expr: &Expr) -> Result<Type, TypeError> {
        match expr {
            Expr::Var(_) | Expr::Index(_) => Ok(Type::Index),
            Expr::Const(scalar) => {
                let dtype = scalar.dtype();
                let float = matches!(scalar, crate::Scalar::Float(..));
                if float == dtype.is_float() {
                    Ok(Type::Data(dtype))
                } else {
                    Err(TypeError::Constant(dtype.to_string()))
                }
            }
            Expr::Load { buffer, index } => {
                for i in index {
                    self.expect(i, Type::Index, "an index")?;
                }
                (self.dtype_of)(*buffer).map(Type::Data).ok_or(TypeError::UnknownBuffer(buffer.0))
            }
            Expr::Unary(f, x) => unary(*f, self.type_of(x)?),
            Expr::Binary(f, a, b) => {
                let (a, b) = (self.type_of(a)?, self.type_of(b)?);
                same(a, b, || format!("{f:?}"))?;
                binary(*f, a)
            }
            Expr::Compare(f, a, b) => {
                let (a, b) = (self.type_of(a)?, self.type_of(b)?);
                same(a, b, || format!("{f:?}")).map(|_| Type::Data(DType::Bool))
            }
            Expr::Select(cond, a, b) => {
                self.expect(cond, Type::Data(DType::Bool), "a condition")?;
                let (a, b) = (self.type_of(a)?, self.type_of(b)?);
                same(a, b, || "select".to_string())
            }
            Expr::Cast(to, x) => self.type_of(x).map(|_| *to),
            Expr::Let { id, value, body } => {
                let ty = self.type_of(value)?;
                let before = self.locals.insert(*id, ty);
                let result = self.type_of(body);
                match before {
                    Some(ty) => self.locals.insert(*id, ty),
                    None => self.locals.remove(id),
                };
                result
            }
            Expr::Local(id) => self.locals.get(id).copied().ok_or(TypeError::UnboundLocal(*id)),
        }
    }

    /// Checks that `expr` has type `ty`.
    pub fn expect(&mut self, expr: &Expr, ty: Type, what: &str) -> Result<(), TypeError> {
        let found = self.type_of(expr)?;
        if found == ty { Ok(()) } else { Err(TypeError::Operand { what: what.to_string(), found: found.to_string() }) }
    }
}

fn same(a: Type, b: Type, what: impl FnOnce() -> String) -> Result<Type, TypeError> {
    if a == b {
        return Ok(a);
    }
    Err(TypeError::Mismatch { what: what(), left: a.to_string(), right: b.to_string() })
}

fn unary(f: UnaryFn, x: Type) -> Result<Type, TypeError> {
    let fits = match f {
        UnaryFn::Neg | UnaryFn::Abs => !x.is_bool(),
        UnaryFn::Not => x.is_bool() || x.is_int(),
        _ => x.is_float(),
    };
    match f {
        _ if !fits => Err(TypeError::Operand { what: format!("{f:?}"), found: x.to_string() }),
        UnaryFn::IsNan => Ok(Type::Data(DType::Bool)),
        _ => Ok(x),
    }
}

fn binary(f: BinaryFn, x: Type) -> Result<Type, TypeError> {
    let fits = match f {
        BinaryFn::And | BinaryFn::Or | BinaryFn::Xor => x.is_bool() || x.is_int(),
        BinaryFn::Shl | BinaryFn::Shr => x.is_int(),
        BinaryFn::Pow => x.is_float() || x.is_int(),
        _ => !x.is_bool(),
    };
    if fits { Ok(x) } else { Err(TypeError::Operand { what: format!("{f:?}"), found: x.to_string() }) }
}
