//! The program verifier. Run after a recipe built a program and after text was parsed.
//!
//! Rules:
//! 1. Names are identifiers; buffer, stage and axis names are unique (axes: in their stage). Extents are not negative.
//! 2. Expressions are well typed; a stage's value has its output's type; a load has one index per dimension.
//! 3. Variables are axes of the stage; locals are bound; `let` ids are unique in the program.
//! 4. `Map` and `Reduce`: one spatial axis per dimension of the output, of its extent. Only `Reduce` has reduce axes,
//!    and at least one. Combiners work on numbers.
//! 5. Operands are never written. Every output and temporary is filled by exactly one `Map` or `Reduce`; an `Update`
//!    comes after that and before any other stage reads the buffer.
//! 6. Dependency order: a stage reads operands and buffers filled before it, never its own output (so stages do not
//!    alias) but for recurrences: in a scan it may read what an earlier point of the first axis wrote.
//! 7. Scans are disjoint, in order, of `Map` and `Reduce` stages whose first axes have one extent. Within a scan a
//!    buffer of the scan is read at the first axis itself (earlier stages) or below it (any stage of the scan).
//! 8. An index that is evaluated unconditionally and does not depend on data stays in its dimension.
//! 9. A result is written over an operand of its type and shape, and over one only. Each element of the operand is read
//!    for the same element of a `Map` alone, outside scans.

use std::collections::HashSet;

use lathe_graph::DType;

use super::typing::{TypeError, Typing};
use super::{Axis, Body, Program, Role, Scan, Stage};
use crate::expr::{BinaryFn, BufferId, Expr, Type, VarId};
use crate::index::{Range, Ranges};

/// A broken rule. The program was not built as it should be: a defect of the recipe or of the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// Rule 1.
    #[error("{what} `{name}` is not an identifier or is used twice")]
    Name {
        /// buffer, stage or axis
        what: &'static str,
        /// the name
        name: String,
    },
    /// Rule 1.
    #[error("`{0}` has a negative extent")]
    Extent(String),
    /// Rule 2.
    #[error("stage `{stage}`: {source}")]
    Type {
        /// the stage
        stage: String,
        /// what is wrong
        source: TypeError,
    },
    /// Rule 2.
    #[error("stage `{stage}` gives {found} to `{buffer}` of {expected}")]
    ValueType {
        /// the stage
        stage: String,
        /// its output
        buffer: String,
        /// the output's type
        expected: String,
        /// the value's type
        found: String,
    },
    /// Rule 2.
    #[error("stage `{stage}` uses {found} indices on `{buffer}` of {rank} dimensions")]
    Arity {
        /// the stage
        stage: String,
        /// the buffer
        buffer: String,
        /// its dimensions
        rank: usize,
        /// indices given
        found: usize,
    },
    /// Rule 2: a buffer or a stage that does not exist.
    #[error("`{0}` names a buffer or stage that does not exist")]
    Unknown(String),
    /// Rule 3.
    #[error("stage `{stage}` has no axis {var}")]
    Axis {
        /// the stage
        stage: String,
        /// the variable
        var: u32,
    },
    /// Rule 3.
    #[error("stage `{stage}` binds %{id} a second time")]
    Rebound {
        /// the stage
        stage: String,
        /// the local
        id: u32,
    },
    /// Rule 4.
    #[error("stage `{stage}`: {what}")]
    Shape {
        /// the stage
        stage: String,
        /// what does not fit
        what: &'static str,
    },
    /// Rule 5.
    #[error("stage `{stage}` {what} `{buffer}`")]
    Write {
        /// the stage
        stage: String,
        /// what it does wrong
        what: &'static str,
        /// to what
        buffer: String,
    },
    /// Rule 5.
    #[error("`{0}` is never filled")]
    Unfilled(String),
    /// Rule 6 and 7.
    #[error("stage `{stage}` reads `{buffer}` before it is filled")]
    Order {
        /// the stage
        stage: String,
        /// what it reads
        buffer: String,
    },
    /// Rule 7.
    #[error("scan {first}..={last}: {what}")]
    Scan {
        /// first stage
        first: u32,
        /// last stage
        last: u32,
        /// what is wrong
        what: &'static str,
    },
    /// Rule 9.
    #[error("`{output}` cannot be written over `{over}`: {what}")]
    InPlace {
        /// the result
        output: String,
        /// the operand
        over: String,
        /// why not
        what: &'static str,
    },
    /// Rule 8.
    #[error("stage `{stage}` reads `{buffer}` at {low}..={high} of dimension {dim}, extent {extent}")]
    Range {
        /// the stage
        stage: String,
        /// the buffer
        buffer: String,
        /// the dimension
        dim: usize,
        /// its extent
        extent: i64,
        /// lowest index
        low: i64,
        /// highest index
        high: i64,
    },
}

impl Program {
    /// Checks all rules.
    pub fn verify(&self) -> Result<(), VerifyError> {
        self.verify_names()?;
        self.verify_scans()?;
        let mut locals = HashSet::new();
        for stage in &self.stages {
            if stage.output.0 as usize >= self.buffers.len() {
                return Err(VerifyError::Unknown(stage.name.clone()));
            }
            self.verify_shape(stage)?;
            for (expr, ty) in roots(stage, self.buffer(stage.output).dtype) {
                self.verify_references(stage, expr, &mut locals)?;
                self.verify_type(stage, expr, ty)?;
                if let Some(ranges) = axis_ranges(stage) {
                    self.verify_ranges(stage, expr, &ranges)?;
                }
            }
        }
        self.verify_in_place()?;
        self.verify_order()
    }

    fn verify_in_place(&self) -> Result<(), VerifyError> {
        for (k, pair) in self.in_place.iter().enumerate() {
            let (Some(output), Some(over)) =
                (self.buffers.get(pair.output.0 as usize), self.buffers.get(pair.over.0 as usize))
            else {
                return Err(VerifyError::Unknown("in_place".to_string()));
            };
            let alike = output.dtype == over.dtype && output.shape == over.shape;
            let shared = self.in_place[..k].iter().any(|p| p.output == pair.output || p.over == pair.over);
            let what = match (output.role, over.role) {
                (Role::Output, Role::Input) if !alike => "it has another type or shape",
                (Role::Output, Role::Input) if shared => "one of them is named twice",
                (Role::Output, Role::Input) if !self.is_read_at_its_own_point(pair.over) => {
                    "an element is read for other elements"
                }
                (Role::Output, Role::Input) => continue,
                _ => "a result takes an operand's memory",
            };
            return Err(VerifyError::InPlace { output: output.name.clone(), over: over.name.clone(), what });
        }
        Ok(())
    }

    /// Whether `buffer` is read by maps outside scans alone, at the point they compute.
    fn is_read_at_its_own_point(&self, buffer: BufferId) -> bool {
        let shape = &self.buffer(buffer).shape;
        let own = |index: &[Expr]| {
            (0u32..).zip(index).zip(shape).all(|((axis, i), &n)| n == 1 || *i == Expr::Var(VarId(axis)))
        };
        self.stages.iter().enumerate().all(|(k, stage)| {
            let in_scan = self.scans.iter().any(|s| (s.first.0..=s.last.0).contains(&(k as u32)));
            let same = stage.axes.iter().map(|a| a.extent).eq(shape.iter().copied());
            let may = matches!(stage.body, Body::Map(_)) && !in_scan && same;
            let mut right = true;
            stage.body.visit(&mut |e| {
                if let Expr::Load { buffer: b, index } = e {
                    right &= *b != buffer || (may && own(index));
                }
            });
            right
        })
    }

    fn verify_names(&self) -> Result<(), VerifyError> {
        let error = |what, name: &str| VerifyError::Name { what, name: name.to_string() };
        let mut buffers = HashSet::new();
        for buffer in &self.buffers {
            if !is_identifier(&buffer.name) || !buffers.insert(&buffer.name) {
                return Err(error("buffer", &buffer.name));
            }
            if buffer.shape.iter().any(|&e| e < 0) {
                return Err(VerifyError::Extent(buffer.name.clone()));
            }
        }
        let mut stages = HashSet::new();
        for stage in &self.stages {
            if !is_identifier(&stage.name) || !stages.insert(&stage.name) {
                return Err(error("stage", &stage.name));
            }
            let mut axes = HashSet::new();
            for axis in stage.axes.iter().chain(&stage.reduce) {
                if !is_identifier(&axis.name) || !axes.insert(&axis.name) {
                    return Err(error("axis", &axis.name));
                }
                if axis.extent < 0 {
                    return Err(VerifyError::Extent(axis.name.clone()));
                }
            }
        }
        Ok(())
    }

    fn verify_scans(&self) -> Result<(), VerifyError> {
        let mut next = 0;
        for &Scan { first, last } in &self.scans {
            let error = |what| VerifyError::Scan { first: first.0, last: last.0, what };
            if first.0 < next || last < first || last.0 as usize >= self.stages.len() {
                return Err(error("not in order"));
            }
            next = last.0 + 1;
            let stages = &self.stages[first.0 as usize..=last.0 as usize];
            let extent = |s: &Stage| s.axes.first().map(|a| a.extent);
            if stages.iter().any(|s| extent(s).is_none() || extent(s) != extent(&stages[0])) {
                return Err(error("first axes of different extents"));
            }
            if stages.iter().any(|s| matches!(s.body, Body::Update { .. })) {
                return Err(error("an update inside"));
            }
        }
        Ok(())
    }

    fn verify_shape(&self, stage: &Stage) -> Result<(), VerifyError> {
        let error = |what| Err(VerifyError::Shape { stage: stage.name.clone(), what });
        let output = self.buffer(stage.output);
        let same = |axes: &[Axis]| axes.iter().map(|a| a.extent).eq(output.shape.iter().copied());
        let combiner = match &stage.body {
            Body::Map(_) => None,
            Body::Reduce(c, _) => Some(*c),
            Body::Update { combiner, .. } => *combiner,
        };
        let reduces = matches!(stage.body, Body::Reduce(..));
        match stage.body {
            Body::Map(_) | Body::Reduce(..) if !same(&stage.axes) => error("axes are not the output's dimensions"),
            _ if reduces == stage.reduce.is_empty() => error("reduce axes belong to a reduction, which needs one"),
            _ if combiner.is_some() && output.dtype == DType::Bool => error("combiners work on numbers"),
            _ => Ok(()),
        }
    }

    fn verify_references(&self, stage: &Stage, expr: &Expr, locals: &mut HashSet<u32>) -> Result<(), VerifyError> {
        let mut result = Ok(());
        let vars = (stage.axes.len() + stage.reduce.len()) as u32;
        expr.visit(&mut |e| {
            let found = match e {
                Expr::Var(v) if v.0 >= vars => Err(VerifyError::Axis { stage: stage.name.clone(), var: v.0 }),
                Expr::Load { buffer, .. } if buffer.0 as usize >= self.buffers.len() => {
                    Err(VerifyError::Unknown(stage.name.clone()))
                }
                Expr::Load { buffer, index } => self.arity(stage, *buffer, index.len()),
                Expr::Let { id, .. } if !locals.insert(*id) => {
                    Err(VerifyError::Rebound { stage: stage.name.clone(), id: *id })
                }
                _ => Ok(()),
            };
            if result.is_ok() {
                result = found;
            }
        });
        if let Body::Update { index, .. } = &stage.body {
            self.arity(stage, stage.output, index.len())?;
        }
        result
    }

    fn arity(&self, stage: &Stage, buffer: BufferId, found: usize) -> Result<(), VerifyError> {
        let buffer = self.buffer(buffer);
        let rank = buffer.shape.len();
        if rank == found {
            return Ok(());
        }
        Err(VerifyError::Arity { stage: stage.name.clone(), buffer: buffer.name.clone(), rank, found })
    }

    fn verify_type(&self, stage: &Stage, expr: &Expr, expected: Type) -> Result<(), VerifyError> {
        let dtype_of = |id: BufferId| self.buffers.get(id.0 as usize).map(|b| b.dtype);
        let found = Typing::new(&dtype_of)
            .type_of(expr)
            .map_err(|source| VerifyError::Type { stage: stage.name.clone(), source })?;
        if found == expected {
            return Ok(());
        }
        Err(VerifyError::ValueType {
            stage: stage.name.clone(),
            buffer: self.buffer(stage.output).name.clone(),
            expected: expected.to_string(),
            found: found.to_string(),
        })
    }

    /// Rule 8. `Select` hides its sides: only what is evaluated for every point is checked.
    fn verify_ranges(&self, stage: &Stage, expr: &Expr, ranges: &Ranges) -> Result<(), VerifyError> {
        if let Expr::Load { buffer, index } = expr {
            let buffer = self.buffer(*buffer);
            for (dim, (i, &extent)) in index.iter().zip(&buffer.shape).enumerate() {
                if let Some(r) = ranges.of(i).filter(|r| !r.within(extent)) {
                    let (stage, buffer) = (stage.name.clone(), buffer.name.clone());
                    return Err(VerifyError::Range { stage, buffer, dim, extent, low: r.min, high: r.max });
                }
            }
        }
        if let Expr::Select(cond, ..) = expr {
            return self.verify_ranges(stage, cond, ranges);
        }
        expr.operands().into_iter().try_for_each(|e| self.verify_ranges(stage, e, ranges))
    }

    fn verify_order(&self) -> Result<(), VerifyError> {
        let mut filled: Vec<bool> =
            self.buffers.iter().map(|b| matches!(b.role, Role::Input | Role::Constant)).collect();
        let mut read = vec![false; self.buffers.len()];
        for (k, stage) in self.stages.iter().enumerate() {
            let out = stage.output.0 as usize;
            let scan = self.scans.iter().find(|s| (s.first.0..=s.last.0).contains(&(k as u32)));
            let members: Vec<BufferId> = scan.map_or(vec![], |s| {
                self.stages[s.first.0 as usize..=s.last.0 as usize].iter().map(|s| s.output).collect()
            });
            for (expr, _) in roots(stage, DType::Bool) {
                let mut result = Ok(());
                expr.visit(&mut |e| {
                    let Expr::Load { buffer, index } = e else { return };
                    let recurrent = members.contains(buffer);
                    let earlier = recurrent && index.first().is_some_and(is_below_first_axis);
                    let now = filled[buffer.0 as usize]
                        && *buffer != stage.output
                        && (!recurrent || index.first() == Some(&Expr::Var(VarId(0))));
                    read[buffer.0 as usize] = true;
                    if !(earlier || now) && result.is_ok() {
                        let (stage, buffer) = (stage.name.clone(), self.buffer(*buffer).name.clone());
                        result = Err(VerifyError::Order { stage, buffer });
                    }
                });
                result?;
            }
            let error = |what| {
                let (stage, buffer) = (stage.name.clone(), self.buffer(stage.output).name.clone());
                Err(VerifyError::Write { stage, what, buffer })
            };
            let operand = matches!(self.buffers[out].role, Role::Input | Role::Constant);
            match stage.body {
                _ if operand => return error("writes the operand"),
                Body::Update { .. } if !filled[out] => return error("updates the unfilled"),
                Body::Update { .. } if read[out] => return error("updates, after it was read,"),
                Body::Map(_) | Body::Reduce(..) if filled[out] => return error("fills a second time"),
                _ => filled[out] = true,
            }
        }
        match filled.iter().position(|f| !f) {
            Some(k) => Err(VerifyError::Unfilled(self.buffers[k].name.clone())),
            None => Ok(()),
        }
    }
}

/// Whether `name` can stand in the text form.
pub(super) fn is_identifier(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.')
}

/// `axis 0 - c` with c >= 1.
fn is_below_first_axis(index: &Expr) -> bool {
    match index {
        Expr::Binary(BinaryFn::Sub, a, b) => **a == Expr::Var(VarId(0)) && matches!(**b, Expr::Index(c) if c >= 1),
        _ => false,
    }
}

/// What the axes of a stage may be; `None` when it has no points.
fn axis_ranges(stage: &Stage) -> Option<Ranges> {
    let mut ranges = Ranges::default();
    for (k, axis) in stage.axes.iter().chain(&stage.reduce).enumerate() {
        if axis.extent == 0 {
            return None;
        }
        ranges.insert(VarId(k as u32), Range::extent(axis.extent));
    }
    Some(ranges)
}

/// The expressions of a stage with the types they should have.
fn roots(stage: &Stage, output: DType) -> Vec<(&Expr, Type)> {
    match &stage.body {
        Body::Map(value) | Body::Reduce(_, value) => vec![(value, Type::Data(output))],
        Body::Update { index, value, .. } => {
            let mut all: Vec<_> = index.iter().map(|i| (i, Type::Index)).collect();
            all.push((value, Type::Data(output)));
            all
        }
    }
}
