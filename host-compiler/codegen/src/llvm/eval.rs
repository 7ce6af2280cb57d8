//! Expressions to values.

use inkwell::{FloatPredicate, IntPredicate};
use lathe_graph::DType;
use lathe_tensor::index::Range;
use lathe_tensor::{BinaryFn, CompareFn, Expr, Scalar, Type, UnaryFn};

use super::index::{Index, Sum};
use super::value::{Data, Emitter, Value, Variable};
use crate::error::CodegenError;

impl<'c> Emitter<'c, '_> {
    /// The value of any expression.
    pub fn eval(&mut self, expr: &Expr) -> Result<Value<'c>, CodegenError> {
        match expr {
            Expr::Var(var) => match self.variables.get(var.0 as usize).copied().flatten() {
                Some(Variable::Constant(k)) => Ok(Value::Index(Index::One(Sum::constant(k)))),
                Some(Variable::Atom(atom)) => Ok(Value::Index(Index::One(Sum::atom(atom)))),
                None => Err(self.bad(format!("variable {} is used outside its loop", var.0))),
            },
            Expr::Index(k) => Ok(Value::Index(Index::One(Sum::constant(*k)))),
            Expr::Const(scalar) => Ok(Value::Data(self.constant(*scalar))),
            Expr::Load { buffer, index } => {
                let [index] = index.as_slice() else { return Err(self.bad("a load needs one flat index")) };
                let index = self.index(index)?;
                self.load(*buffer, index).map(Value::Data)
            }
            Expr::Unary(f, x) => self.unary(*f, x),
            Expr::Binary(f, a, b) => self.binary(*f, a, b),
            Expr::Compare(f, a, b) => {
                let (a, b) = (self.eval(a)?, self.eval(b)?);
                self.compare(*f, a, b).map(Value::Data)
            }
            Expr::Select(condition, a, b) => self.select(condition, a, b),
            Expr::Cast(ty, x) => {
                let x = self.eval(x)?;
                self.cast(*ty, x)
            }
            Expr::Let { id, value, body } => {
                let value = self.eval(value)?;
                self.locals.insert(*id, value);
                self.eval(body)
            }
            Expr::Local(id) => {
                self.locals.get(id).cloned().ok_or_else(|| self.bad(format!("local {id} is used outside its `Let`")))
            }
        }
    }

    /// The value of an expression of type `Index`.
    pub fn index(&mut self, expr: &Expr) -> Result<Index<'c>, CodegenError> {
        match self.eval(expr)? {
            Value::Index(index) => Ok(index),
            Value::Data(d) => Err(self.bad(format!("an index is of type {}", d.dtype))),
        }
    }

    /// The value of an expression of some element type.
    pub fn data(&mut self, expr: &Expr) -> Result<Data<'c>, CodegenError> {
        match self.eval(expr)? {
            Value::Data(data) => Ok(data),
            Value::Index(_) => Err(self.bad("an element is of type index; a cast is missing")),
        }
    }

    fn constant(&self, scalar: Scalar) -> Data<'c> {
        let v = match (scalar, self.register_type(scalar.dtype())) {
            (Scalar::Float(_, x), ty) => ty.into_float_type().const_float(x).into(),
            (Scalar::Int(_, x), ty) => self.ir.int(ty.into_int_type(), x, 1),
        };
        Data { dtype: scalar.dtype(), v }
    }

    fn unary(&mut self, f: UnaryFn, x: &Expr) -> Result<Value<'c>, CodegenError> {
        match self.eval(x)? {
            Value::Data(x) => self.unary_data(f, x).map(Value::Data),
            Value::Index(x) => self.unary_index(f, x).map(Value::Index),
        }
    }

    fn binary(&mut self, f: BinaryFn, a: &Expr, b: &Expr) -> Result<Value<'c>, CodegenError> {
        if let Some(fused) = self.multiply_add(f, a, b)? {
            return Ok(Value::Data(fused));
        }
        match (self.eval(a)?, self.eval(b)?) {
            (Value::Data(a), Value::Data(b)) if a.dtype == b.dtype => self.binary_data(f, a, b).map(Value::Data),
            (Value::Index(a), Value::Index(b)) => self.binary_index(f, a, b).map(Value::Index),
            (a, b) => Err(self.bad(format!("{f:?} of {:?} and {:?}", a.ty(), b.ty()))),
        }
    }

    /// `x ± p·q` and `p·q - x` of f32 and f64 as one fused multiply-add, where the target has it.
    fn multiply_add(&mut self, f: BinaryFn, a: &Expr, b: &Expr) -> Result<Option<Data<'c>>, CodegenError> {
        if !matches!(f, BinaryFn::Add | BinaryFn::Sub) {
            return Ok(None);
        }
        let (product, rest, product_first) = match (a, b) {
            (rest, Expr::Binary(BinaryFn::Mul, p, q)) => ((p, q), rest, false),
            (Expr::Binary(BinaryFn::Mul, p, q), rest) => ((p, q), rest, true),
            _ => return Ok(None),
        };
        match self.type_of(rest) {
            Some(Type::Data(float @ (DType::F32 | DType::F64)))
                if self.ir.capabilities.fma(self.register_type(float)) => {}
            _ => return Ok(None),
        }
        let rest = self.data(rest)?;
        let (p, q) = (self.data(product.0)?, self.data(product.1)?);
        if p.dtype != rest.dtype || q.dtype != rest.dtype {
            return Err(self.bad(format!("{f:?} of {} and {}", rest.dtype, p.dtype)));
        }
        let lanes = p.lanes().max(q.lanes()).max(rest.lanes());
        let [mut p, q, mut rest_v] = [p.v, q.v, rest.v].map(|v| self.widen(v, lanes));
        if f == BinaryFn::Sub && product_first {
            rest_v = self.ir.fneg(rest_v);
        } else if f == BinaryFn::Sub {
            p = self.ir.fneg(p);
        }
        Ok(Some(Data { dtype: rest.dtype, v: self.ir.fma(p, q, rest_v) }))
    }

    /// The type of an expression, without evaluating it.
    fn type_of(&self, expr: &Expr) -> Option<Type> {
        match expr {
            Expr::Var(_) | Expr::Index(_) => Some(Type::Index),
            Expr::Const(scalar) => Some(Type::Data(scalar.dtype())),
            Expr::Load { buffer, .. } => self.buffer_type(*buffer).ok().map(Type::Data),
            Expr::Unary(UnaryFn::IsNan, _) | Expr::Compare(..) => Some(Type::Data(DType::Bool)),
            Expr::Unary(_, x) | Expr::Binary(_, x, _) | Expr::Select(_, x, _) => self.type_of(x),
            Expr::Cast(ty, _) => Some(*ty),
            Expr::Let { .. } => None,
            Expr::Local(id) => self.locals.get(id).map(Value::ty),
        }
    }

    fn compare(&mut self, f: CompareFn, a: Value<'c>, b: Value<'c>) -> Result<Data<'c>, CodegenError> {
        match (a, b) {
            (Value::Data(a), Value::Data(b)) if a.dtype == b.dtype => Ok(self.compare_data(f, a, b)),
            (Value::Index(a), Value::Index(b)) => Ok(self.compare_index(f, &a, &b)),
            (a, b) => Err(self.bad(format!("{f:?} of {:?} and {:?}", a.ty(), b.ty()))),
        }
    }

    fn compare_data(&self, f: CompareFn, a: Data<'c>, b: Data<'c>) -> Data<'c> {
        let (x, y) = self.unify(a.v, b.v);
        let v = if a.dtype.is_float() {
            let predicate = match f {
                CompareFn::Eq => FloatPredicate::OEQ,
                CompareFn::Ne => FloatPredicate::UNE,
                CompareFn::Lt => FloatPredicate::OLT,
                CompareFn::Le => FloatPredicate::OLE,
            };
            self.ir.fcmp(predicate, x, y)
        } else {
            self.ir.icmp(integer_predicate(f, a.dtype.is_signed_int()), x, y)
        };
        Data { dtype: DType::Bool, v }
    }

    /// Compares indices, by their ranges where these decide.
    fn compare_index(&self, f: CompareFn, a: &Index<'c>, b: &Index<'c>) -> Data<'c> {
        let bool_type = self.ir.context.bool_type();
        if let (Index::One(a), Index::One(b)) = (a, b) {
            let difference = a.plus(b, -1);
            if let Some(known) = difference.range().and_then(|(min, max)| Range { min, max }.compared_with_zero(f)) {
                return Data { dtype: DType::Bool, v: self.ir.int(bool_type, i64::from(known), 1) };
            }
            let stride = difference.stride();
            if stride == 0 {
                let zero = self.index_type.const_zero();
                let difference = self.materialise(&difference);
                let v = self.ir.icmp(integer_predicate(f, true), difference.into(), zero.into());
                return Data { dtype: DType::Bool, v };
            }
            // base + stride·lane against 0 is base against the constant vector -stride·lane.
            let small = |v: i64| i32::try_from(v).is_ok();
            let narrow = difference.range().is_some_and(|(low, high)| small(low) && small(high));
            let ty = if narrow { self.ir.context.i32_type() } else { self.index_type };
            let base = self.truncated(&difference.at_lane(0), ty);
            let steps: Vec<_> =
                (0..i64::from(self.lanes)).map(|k| self.ir.int(ty, stride.wrapping_mul(-k), 1)).collect();
            let steps = self.ir.gather(&steps);
            let v = self.ir.icmp(integer_predicate(f, true), self.widen(base, self.lanes), steps);
            return Data { dtype: DType::Bool, v };
        }
        let [a, b] = [a, b].map(|i| self.index_vector(i, self.index_type));
        let (a, b) = self.unify(a, b);
        Data { dtype: DType::Bool, v: self.ir.icmp(integer_predicate(f, true), a, b) }
    }

    /// `x` as a `ty`.
    pub fn cast(&mut self, ty: Type, x: Value<'c>) -> Result<Value<'c>, CodegenError> {
        match (ty, x) {
            (Type::Index, x @ Value::Index(_)) => Ok(x),
            (Type::Index, Value::Data(x)) => Ok(Value::Index(self.data_to_index(x))),
            (Type::Data(dtype), Value::Index(x)) => Ok(Value::Data(self.index_to_data(dtype, &x))),
            (Type::Data(dtype), Value::Data(x)) => Ok(Value::Data(self.convert(dtype, x))),
        }
    }
}

fn integer_predicate(f: CompareFn, signed: bool) -> IntPredicate {
    match (f, signed) {
        (CompareFn::Eq, _) => IntPredicate::EQ,
        (CompareFn::Ne, _) => IntPredicate::NE,
        (CompareFn::Lt, true) => IntPredicate::SLT,
        (CompareFn::Lt, false) => IntPredicate::ULT,
        (CompareFn::Le, true) => IntPredicate::SLE,
        (CompareFn::Le, false) => IntPredicate::ULE,
    }
}
