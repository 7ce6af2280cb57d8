//! Loop nests and expressions as text.

use std::fmt;

use super::{Kernel, Place, Stmt};
use crate::expr::{BinaryFn, BufferId, CompareFn, Expr, Scalar, Type, VarId};

/// `e` as text, with names for variables and buffers.
pub fn write_expr(e: &Expr, var: &impl Fn(VarId) -> String, buffer: &impl Fn(BufferId) -> String) -> String {
    let go = |e: &Expr| write_expr(e, var, buffer);
    match e {
        Expr::Var(v) => var(*v),
        Expr::Index(c) => c.to_string(),
        Expr::Const(Scalar::Float(d, v)) => format!("{v:?}{d}"),
        Expr::Const(Scalar::Int(d, v)) => format!("{v}{d}"),
        Expr::Load { buffer: b, index } => {
            format!("{}[{}]", buffer(*b), index.iter().map(go).collect::<Vec<_>>().join(", "))
        }
        Expr::Unary(f, x) => format!("{}({})", format!("{f:?}").to_lowercase(), go(x)),
        Expr::Binary(f, a, b) => match infix(*f) {
            Some((op, level)) => format!("{} {op} {}", grouped(a, level, false, &go), grouped(b, level, true, &go)),
            None => format!("{}({}, {})", format!("{f:?}").to_lowercase(), go(a), go(b)),
        },
        Expr::Compare(f, a, b) => {
            let op = match f {
                CompareFn::Eq => "==",
                CompareFn::Ne => "!=",
                CompareFn::Lt => "<",
                CompareFn::Le => "<=",
            };
            format!("({} {op} {})", go(a), go(b))
        }
        Expr::Select(c, a, b) => format!("select({}, {}, {})", go(c), go(a), go(b)),
        Expr::Cast(Type::Index, x) => format!("index({})", go(x)),
        Expr::Cast(Type::Data(d), x) => format!("{d}({})", go(x)),
        Expr::Let { id, value, body } => format!("let %{id} = {} in {}", go(value), go(body)),
        Expr::Local(id) => format!("%{id}"),
    }
}

fn infix(f: BinaryFn) -> Option<(&'static str, u8)> {
    Some(match f {
        BinaryFn::Add => ("+", 1),
        BinaryFn::Sub => ("-", 1),
        BinaryFn::Mul => ("*", 2),
        BinaryFn::Div => ("/", 2),
        BinaryFn::Rem => ("%", 2),
        _ => return None,
    })
}

/// An operand of an infix operator of `level`, in parentheses where it binds no tighter.
fn grouped(e: &Expr, level: u8, right: bool, go: &impl Fn(&Expr) -> String) -> String {
    let loose = match e {
        Expr::Binary(f, ..) => infix(*f).is_some_and(|(_, l)| l < level || (right && l == level)),
        Expr::Let { .. } => true,
        _ => false,
    };
    if loose { format!("({})", go(e)) } else { go(e) }
}

impl fmt::Display for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "kernel {} (parallel {}, workspace {})", self.name, self.parallel, self.workspace)?;
        for b in &self.buffers {
            let place = match b.place {
                Place::Param { index, written } => format!("arg {index}{}", if written { ", written" } else { "" }),
                Place::Workspace { offset } => format!("workspace {offset}"),
                Place::Register => "registers".into(),
            };
            writeln!(f, "  {}: {}[{}] in {place}", b.name, b.dtype, b.len)?;
        }
        self.body.iter().try_for_each(|s| self.write_stmt(s, 1, f))
    }
}

impl Kernel {
    fn write_stmt(&self, s: &Stmt, depth: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let indent = "  ".repeat(depth);
        let expr = |e: &Expr| {
            let var = |v: VarId| self.vars.get(v.0 as usize).cloned().unwrap_or_default();
            write_expr(e, &var, &|b: BufferId| self.buffers[b.0 as usize].name.clone())
        };
        match s {
            Stmt::For { var, extent, kind, body } => {
                writeln!(f, "{indent}{} {} in 0..{extent}", kind.word(), expr(&Expr::Var(*var)))?;
                body.iter().try_for_each(|s| self.write_stmt(s, depth + 1, f))
            }
            Stmt::Store { buffer, index, value } => {
                writeln!(f, "{indent}{}[{}] = {}", self.buffers[buffer.0 as usize].name, expr(index), expr(value))
            }
            Stmt::Intrinsic { intrinsic, operands } => {
                let place = |(b, i): &(BufferId, Expr)| format!("{}[{}]", self.buffers[b.0 as usize].name, expr(i));
                let places: Vec<String> = operands.iter().map(place).collect();
                writeln!(f, "{indent}{}({})", intrinsic.name, places.join(", "))
            }
            Stmt::Prefetch { buffer, index, elements } => {
                let name = &self.buffers[buffer.0 as usize].name;
                writeln!(f, "{indent}prefetch {name}[{}], {elements} elements", expr(index))
            }
            Stmt::If { cond, then, otherwise } => {
                writeln!(f, "{indent}if {}", expr(cond))?;
                then.iter().try_for_each(|s| self.write_stmt(s, depth + 1, f))?;
                if otherwise.is_empty() {
                    return Ok(());
                }
                writeln!(f, "{indent}else")?;
                otherwise.iter().try_for_each(|s| self.write_stmt(s, depth + 1, f))
            }
        }
    }
}
