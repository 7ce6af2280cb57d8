//! Which layouts each value is stored in, and copies in others on demand.
//!
//! A layout is a permutation `perm`: stored dimension `j` is the value's own dimension `perm[j]`.

use std::collections::HashMap;

use crate::graph::{Graph, Node, ValueId};
use crate::interpreter::eval_op;
use crate::op::Op;
use crate::passes::PassError;
use crate::passes::rewriter::Rewriter;
use crate::tensor::Tensor;

/// The layout of the model itself.
pub(super) fn identity(rank: usize) -> Vec<usize> {
    (0..rank).collect()
}

/// `N spatial… C`.
pub(super) fn channels_last(rank: usize) -> Vec<usize> {
    [0].into_iter().chain(2..rank).chain([1]).collect()
}

/// Where each of a value's own dimensions is stored.
pub(super) fn inverse(perm: &[usize]) -> Vec<usize> {
    let mut inverse = vec![0; perm.len()];
    perm.iter().enumerate().for_each(|(j, &d)| inverse[d] = j);
    inverse
}

/// The graph under construction, with the layouts of its values.
pub(super) struct Layouts<'a> {
    old: &'a Graph,
    r: Rewriter<'a>,
    native: HashMap<ValueId, (ValueId, Vec<usize>)>,
    copies: HashMap<(ValueId, Vec<usize>), ValueId>,
}

impl<'a> Layouts<'a> {
    pub fn new(old: &'a Graph) -> Result<Layouts<'a>, PassError> {
        let mut r = Rewriter::new(old);
        let mut native = HashMap::new();
        for &v in &old.inputs {
            native.insert(v, (r.get(v)?, identity(old.ty(v).rank())));
        }
        Ok(Layouts { old, r, native, copies: HashMap::new() })
    }

    /// The layout a value is computed in; the model's own for constants.
    pub fn native(&self, v: ValueId) -> Vec<usize> {
        self.native.get(&v).map_or_else(|| identity(self.old.ty(v).rank()), |(_, perm)| perm.clone())
    }

    /// `v` stored as `perm`.
    fn want(&mut self, v: ValueId, perm: &[usize]) -> Result<ValueId, PassError> {
        let key = (v, perm.to_vec());
        if let Some(&copy) = self.copies.get(&key) {
            return Ok(copy);
        }
        let copy = match (self.native.get(&v).cloned(), self.old.constant(v)) {
            (Some((stored, native)), _) if native == perm => return Ok(stored),
            (Some((stored, native)), _) => {
                let at = inverse(&native);
                let op = Op::Transpose { perm: perm.iter().map(|&d| at[d]).collect() };
                self.r.emit(&self.name(v, perm), op, &[stored])?
            }
            (None, Some(_)) if perm == identity(perm.len()) => self.r.get(v)?,
            (None, Some(data)) => {
                let data = transposed(data, perm).ok_or_else(|| self.malformed(v))?;
                self.r.new.add_constant(self.name(v, perm), data)
            }
            (None, None) => return Err(self.malformed(v)),
        };
        self.copies.insert(key, copy);
        Ok(copy)
    }

    /// `v` so that it broadcasts into a value stored as `perm`; `v` may have fewer dimensions.
    fn want_broadcast(&mut self, v: ValueId, perm: &[usize]) -> Result<ValueId, PassError> {
        let ty = self.old.ty(v);
        let own = identity(ty.rank());
        if ty.rank() == perm.len() {
            return self.want(v, perm);
        }
        if ty.elements() == 1 || perm == identity(perm.len()) {
            return self.want(v, &own);
        }
        let key = (v, perm.to_vec());
        if let Some(&copy) = self.copies.get(&key) {
            return Ok(copy);
        }
        let mut shape = vec![1; perm.len() - ty.rank()];
        shape.extend(&ty.shape);
        let name = self.name(v, perm);
        let copy = match self.old.constant(v) {
            Some(data) => {
                let data = data.reshaped(&shape).and_then(|d| transposed(&d, perm)).ok_or_else(|| self.malformed(v))?;
                self.r.new.add_constant(name, data)
            }
            None => {
                let plain = self.want(v, &own)?;
                let wide = self.r.emit(&format!("{name}.wide"), Op::Reshape { shape }, &[plain])?;
                self.r.emit(&name, Op::Transpose { perm: perm.to_vec() }, &[wide])?
            }
        };
        self.copies.insert(key, copy);
        Ok(copy)
    }

    /// The layout for an operator over `operands` that moves the fewest elements; of equals, not the model's own.
    pub fn cheapest(&self, operands: &[ValueId], rank: usize) -> Vec<usize> {
        let moving = operands.iter().copied().filter(|v| self.native.contains_key(v));
        let moving: Vec<ValueId> = moving.filter(|&v| self.old.ty(v).elements() > 1).collect();
        let cost = |perm: &[usize]| -> usize {
            let needs = |v: &&ValueId| {
                let same_rank = self.old.ty(**v).rank() == rank;
                let there = self.native(**v) == perm || self.copies.contains_key(&(**v, perm.to_vec()));
                if same_rank { !there } else { perm != identity(rank) }
            };
            moving.iter().filter(needs).map(|&v| self.old.ty(v).elements()).sum()
        };
        let candidates = moving.iter().filter(|&&v| self.old.ty(v).rank() == rank).map(|&v| self.native(v));
        let best = candidates.min_by_key(|perm| (cost(perm), *perm == identity(rank)));
        best.unwrap_or_else(|| identity(rank))
    }

    /// Emits `op` for `node`: the operands listed with a layout are stored so (and broadcast), the others as in the
    /// model; all results are stored as `result`.
    pub fn emit(
        &mut self,
        node: &Node,
        op: Op,
        layouts: &[(ValueId, &[usize])],
        result: &[usize],
    ) -> Result<(), PassError> {
        let mut inputs = Vec::with_capacity(node.inputs.len());
        for &v in &node.inputs {
            inputs.push(match layouts.iter().find(|(w, _)| *w == v) {
                Some((_, perm)) => self.want_broadcast(v, perm)?,
                None => self.want(v, &identity(self.old.ty(v).rank()))?,
            });
        }
        let names: Vec<String> = node.outputs.iter().map(|&v| self.name(v, result)).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let results = self.r.emit_named(&node.name, op, &inputs, &names)?;
        for (&v, stored) in node.outputs.iter().zip(results) {
            let perm =
                if self.old.ty(v).rank() == result.len() { result.to_vec() } else { identity(self.old.ty(v).rank()) };
            self.native.insert(v, (stored, perm));
        }
        Ok(())
    }

    /// Emits `node` as it is, on operands in the model's own layout.
    pub fn keep(&mut self, node: &Node) -> Result<(), PassError> {
        let rank = node.outputs.first().map_or(0, |&v| self.old.ty(v).rank());
        self.emit(node, node.op.clone(), &[], &identity(rank))
    }

    /// A Transpose: the result is the operand as it is stored, with its dimensions renamed.
    pub fn rename(&mut self, node: &Node, perm: &[usize]) -> Result<(), PassError> {
        let (&[x], &[y]) = (node.inputs.as_slice(), node.outputs.as_slice()) else { return self.keep(node) };
        let native = self.native(x);
        let stored = self.want(x, &native)?;
        let renamed = inverse(perm);
        self.native.insert(y, (stored, native.iter().map(|&d| renamed[d]).collect()));
        Ok(())
    }

    /// The finished graph, its outputs in the model's own layout.
    pub fn finish(mut self) -> Result<Graph, PassError> {
        for (_, v) in &self.old.outputs {
            let stored = self.want(*v, &identity(self.old.ty(*v).rank()))?;
            self.r.set(*v, stored);
        }
        self.r.finish()
    }

    /// The name of `v` stored as `perm`: its own in the model's layout, else with a suffix.
    fn name(&self, v: ValueId, perm: &[usize]) -> String {
        let name = &self.old.value(v).name;
        match perm.len() {
            rank if perm == identity(rank) => name.clone(),
            3 if perm == channels_last(3) => format!("{name}.nwc"),
            4 if perm == channels_last(4) => format!("{name}.nhwc"),
            5 if perm == channels_last(5) => format!("{name}.ndhwc"),
            _ => format!("{name}.p{}", perm.iter().map(usize::to_string).collect::<String>()),
        }
    }

    fn malformed(&self, v: ValueId) -> PassError {
        PassError::Malformed { value: self.old.value(v).name.clone() }
    }
}

fn transposed(data: &Tensor, perm: &[usize]) -> Option<Tensor> {
    eval_op(&Op::Transpose { perm: perm.to_vec() }, &[data]).ok()?.pop()
}
