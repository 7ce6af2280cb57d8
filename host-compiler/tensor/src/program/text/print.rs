//! Printing programs.

use std::fmt::{self, Display, Formatter, Write};

use super::super::{Axis, Body, Program, Stage};
use super::{BINARY, COMBINERS, COMPARE, ROLES, UNARY, name_of};
use crate::expr::{BinaryFn, Expr, Scalar};

impl Display for Program {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "program {}", self.name)?;
        for b in &self.buffers {
            let dims: Vec<String> = b.shape.iter().map(i64::to_string).collect();
            writeln!(f, "buffer {}: {} {}[{}]", b.name, name_of(&ROLES, b.role), b.dtype, dims.join(","))?;
        }
        for stage in &self.stages {
            self.fmt_stage(f, stage)?;
        }
        for scan in &self.scans {
            writeln!(f, "scan {} {}", self.stage(scan.first).name, self.stage(scan.last).name)?;
        }
        for pair in &self.in_place {
            writeln!(f, "in_place {} {}", self.buffer(pair.output).name, self.buffer(pair.over).name)?;
        }
        Ok(())
    }
}

impl Program {
    fn fmt_stage(&self, f: &mut Formatter<'_>, stage: &Stage) -> fmt::Result {
        write!(f, "stage {}{}", stage.name, axes_text(&stage.axes))?;
        if let Body::Reduce(combiner, _) = stage.body {
            let name = COMBINERS.iter().find(|(c, ..)| *c == combiner).map_or("?", |(_, n, _)| n);
            write!(f, " {name}{}", axes_text(&stage.reduce))?;
        }
        write!(f, " -> {}", self.buffer(stage.output).name)?;
        match &stage.body {
            Body::Map(value) | Body::Reduce(_, value) => writeln!(f, " = {}", self.expr_text(stage, value)),
            Body::Update { index, combiner, value } => {
                let how = combiner.map_or("set", |c| COMBINERS.iter().find(|(k, ..)| *k == c).map_or("?", |t| t.2));
                let value = self.expr_text(stage, value);
                writeln!(f, "[{}] {how} {value}", self.list_text(stage, index))
            }
        }
    }

    fn list_text(&self, stage: &Stage, list: &[Expr]) -> String {
        list.iter().map(|e| self.expr_text(stage, e)).collect::<Vec<_>>().join(", ")
    }

    /// `expr` of `stage` as text.
    pub fn expr_text(&self, stage: &Stage, expr: &Expr) -> String {
        let mut out = String::new();
        self.write_expr(&mut out, stage, expr);
        out
    }

    fn write_expr(&self, out: &mut String, stage: &Stage, expr: &Expr) {
        let text = |e: &Expr| self.expr_text(stage, e);
        let written = match expr {
            Expr::Var(v) => {
                let axis = stage.axes.iter().chain(&stage.reduce).nth(v.0 as usize);
                write!(out, "{}", axis.map_or("?", |a| &a.name))
            }
            Expr::Index(i) => write!(out, "{i}"),
            Expr::Const(Scalar::Float(d, v)) => write!(out, "{d}:{v:?}"),
            Expr::Const(Scalar::Int(d, v)) => write!(out, "{d}:{v}"),
            Expr::Load { buffer, index } => {
                let name = self.buffers.get(buffer.0 as usize).map_or("?", |b| &b.name);
                write!(out, "{name}[{}]", self.list_text(stage, index))
            }
            Expr::Unary(f, x) => write!(out, "{}({})", name_of(&UNARY, *f), text(x)),
            Expr::Binary(f @ (BinaryFn::Min | BinaryFn::Max | BinaryFn::Pow), a, b) => {
                write!(out, "{}({}, {})", name_of(&BINARY, *f), text(a), text(b))
            }
            Expr::Binary(f, a, b) => write!(out, "({} {} {})", text(a), name_of(&BINARY, *f), text(b)),
            Expr::Compare(f, a, b) => write!(out, "({} {} {})", text(a), name_of(&COMPARE, *f), text(b)),
            Expr::Select(c, a, b) => write!(out, "select({}, {}, {})", text(c), text(a), text(b)),
            Expr::Cast(ty, x) => write!(out, "cast<{ty}>({})", text(x)),
            Expr::Let { id, value, body } => write!(out, "(let %{id} = {} in {})", text(value), text(body)),
            Expr::Local(id) => write!(out, "%{id}"),
        };
        debug_assert!(written.is_ok(), "writing to a string cannot fail");
    }
}

fn axes_text(axes: &[Axis]) -> String {
    let list: Vec<String> = axes.iter().map(|a| format!("{}:{}", a.name, a.extent)).collect();
    format!("[{}]", list.join(", "))
}
