//! `Select`: the side not taken must not be evaluated where that could read outside a buffer.
//!
//! A condition known now picks its side. Sides whose loads are all known to be in range are both evaluated and
//! blended. Else a condition that is the same in every lane becomes a branch, and one that varies by lane a guard that
//! masks the loads of each side.

use lathe_tensor::Expr;

use super::index::{Index, Sum};
use super::ir::V;
use super::value::{Data, Emitter, Value};
use crate::error::CodegenError;

impl<'c> Emitter<'c, '_> {
    /// `a` where `condition`, else `b`
    pub fn select(&mut self, condition: &Expr, a: &Expr, b: &Expr) -> Result<Value<'c>, CodegenError> {
        let condition = self.data(condition)?.v;
        if let Some(known) = self.ir.known_bool(condition) {
            return self.eval(if known { a } else { b });
        }
        if self.can_always_run(a)? && self.can_always_run(b)? {
            let (a, b) = (self.eval(a)?, self.eval(b)?);
            return self.blend(condition, a, b);
        }
        if super::ir::lanes(condition) == 1 { self.branch(condition, a, b) } else { self.guarded(condition, a, b) }
    }

    /// Whether `side` may be evaluated where it is not taken: none of its loads can leave its buffer.
    fn can_always_run(&mut self, side: &Expr) -> Result<bool, CodegenError> {
        let (mut loads, mut lets) = (Vec::new(), false);
        side.visit(&mut |e| match e {
            Expr::Load { buffer, index } => loads.push((*buffer, index.clone())),
            Expr::Let { .. } => lets = true,
            _ => {}
        });
        if loads.is_empty() {
            return Ok(true);
        }
        if lets {
            return Ok(false);
        }
        for (buffer, index) in loads {
            let mut nested = false;
            index.iter().for_each(|i| i.visit(&mut |e| nested |= matches!(e, Expr::Load { .. })));
            let [index] = index.as_slice() else { return Ok(false) };
            if nested {
                return Ok(false);
            }
            // What this emits is dead code unless the side is evaluated.
            let index = self.index(index)?;
            if !self.in_range(buffer, &index) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn blend(&mut self, condition: V<'c>, a: Value<'c>, b: Value<'c>) -> Result<Value<'c>, CodegenError> {
        match (a, b) {
            (Value::Data(a), Value::Data(b)) if a.dtype == b.dtype => {
                let (mut x, mut y) = self.unify(a.v, b.v);
                let lanes = super::ir::lanes(condition).max(super::ir::lanes(x));
                if super::ir::lanes(condition) > 1 {
                    (x, y) = (self.widen(x, lanes), self.widen(y, lanes));
                }
                Ok(Value::Data(Data { dtype: a.dtype, v: self.ir.select(condition, x, y) }))
            }
            (Value::Index(a), Value::Index(b)) => Ok(Value::Index(self.blend_index(condition, &a, &b))),
            (a, b) => Err(self.bad(format!("Select of {:?} and {:?}", a.ty(), b.ty()))),
        }
    }

    fn blend_index(&self, condition: V<'c>, a: &Index<'c>, b: &Index<'c>) -> Index<'c> {
        let one = |condition: V<'c>, a: &Sum<'c>, b: &Sum<'c>| {
            let v = self.ir.select(condition, self.materialise(a).into(), self.materialise(b).into());
            self.opaque(v.into_int_value(), self.depth, union(a, b))
        };
        match (a, b) {
            (Index::One(a), Index::One(b))
                if super::ir::lanes(condition) == 1 && a.stride() == 0 && b.stride() == 0 =>
            {
                Index::One(one(condition, a, b))
            }
            _ => {
                let sums =
                    (0..self.lanes).map(|k| one(self.ir.lane(condition, k), &a.at_lane(k), &b.at_lane(k))).collect();
                Index::PerLane(sums).simplified()
            }
        }
    }

    /// A real branch: each side in its own block.
    fn branch(&mut self, condition: V<'c>, a: &Expr, b: &Expr) -> Result<Value<'c>, CodegenError> {
        let [yes, no, join] = ["then", "else", "join"].map(|name| self.ir.new_block(name));
        self.ir.branch(condition, yes, no);
        let mut ends = Vec::new();
        for (block, side) in [(yes, a), (no, b)] {
            self.ir.builder.position_at_end(block);
            let value = self.eval(side)?;
            ends.push((value, self.ir.block()));
        }
        let [(a, a_end), (b, b_end)] = <[_; 2]>::try_from(ends).map_err(|_| self.bad("a Select has two sides"))?;
        let (parts_a, parts_b) = self.parts(&a, &b)?;
        // Operands are made at the end of their side, then joined.
        let mut joined: Vec<[V<'c>; 2]> = Vec::new();
        for (x, y) in parts_a.iter().zip(&parts_b) {
            self.ir.builder.position_at_end(a_end);
            let x = self.part(x);
            self.ir.builder.position_at_end(b_end);
            joined.push([x, self.part(y)]);
        }
        if let [pair] = joined.as_mut_slice() {
            let to = super::ir::lanes(pair[0]).max(super::ir::lanes(pair[1]));
            self.ir.builder.position_at_end(a_end);
            pair[0] = self.widen(pair[0], to);
            self.ir.builder.position_at_end(b_end);
            pair[1] = self.widen(pair[1], to);
        }
        for end in [a_end, b_end] {
            self.ir.builder.position_at_end(end);
            self.ir.jump(join);
        }
        self.ir.builder.position_at_end(join);
        let phis: Vec<V<'c>> =
            joined.iter().map(|[x, y]| self.ir.phi(x.get_type(), &[(*x, a_end), (*y, b_end)])).collect();
        Ok(self.assemble(&a, &parts_a, &parts_b, &phis))
    }

    /// The LLVM values two joined sides consist of: one, or one per lane of an index that varies.
    fn parts(&self, a: &Value<'c>, b: &Value<'c>) -> Result<(Vec<Part<'c>>, Vec<Part<'c>>), CodegenError> {
        match (a, b) {
            (Value::Data(a), Value::Data(b)) if a.dtype == b.dtype => {
                Ok((vec![Part::Data(a.v)], vec![Part::Data(b.v)]))
            }
            (Value::Index(a), Value::Index(b)) => {
                let sums = |i: &Index<'c>, n: u32| i.lanes(n).into_iter().map(Part::Index).collect();
                let uniform = |i: &Index<'c>| matches!(i, Index::One(s) if s.stride() == 0);
                let n = if uniform(a) && uniform(b) { 1 } else { self.lanes };
                Ok((sums(a, n), sums(b, n)))
            }
            (a, b) => Err(self.bad(format!("Select of {:?} and {:?}", a.ty(), b.ty()))),
        }
    }

    fn part(&self, part: &Part<'c>) -> V<'c> {
        match part {
            Part::Data(v) => *v,
            Part::Index(sum) => self.materialise(sum).into(),
        }
    }

    fn assemble(&self, like: &Value<'c>, a: &[Part<'c>], b: &[Part<'c>], phis: &[V<'c>]) -> Value<'c> {
        if let Value::Data(data) = like {
            return Value::Data(Data { dtype: data.dtype, v: phis[0] });
        }
        let sums: Vec<Sum<'c>> = phis
            .iter()
            .zip(a.iter().zip(b))
            .map(|(phi, sides)| {
                let range = match sides {
                    (Part::Index(a), Part::Index(b)) => union(a, b),
                    _ => None,
                };
                self.opaque(phi.into_int_value(), self.depth, range)
            })
            .collect();
        match <[Sum<'c>; 1]>::try_from(sums) {
            Ok([sum]) => Value::Index(Index::One(sum)),
            Err(sums) => Value::Index(Index::PerLane(sums).simplified()),
        }
    }

    /// Both sides evaluated, their loads masked to the lanes that take them.
    fn guarded(&mut self, condition: V<'c>, a: &Expr, b: &Expr) -> Result<Value<'c>, CodegenError> {
        let outer = self.guard;
        let within = |mask: V<'c>, e: &Self| outer.map_or(mask, |o| e.ir.and(o, mask));
        self.guard = Some(within(condition, self));
        let a = self.eval(a)?;
        let refused = self.ir.xor(condition, self.ir.int_like(condition, -1));
        self.guard = Some(within(refused, self));
        let b = self.eval(b)?;
        self.guard = outer;
        self.blend(condition, a, b)
    }
}

/// One LLVM value to join.
enum Part<'c> {
    /// an element
    Data(V<'c>),
    /// an index
    Index(Sum<'c>),
}

fn union<'c>(a: &Sum<'c>, b: &Sum<'c>) -> Option<super::index::Range> {
    a.range().zip(b.range()).map(|(a, b)| (a.0.min(b.0), a.1.max(b.1)))
}
