//! The text form of an intrinsic.

use lathe_graph::DType;

use super::{Argument, Intrinsic};
use crate::expr::{Expr, VarId};
use crate::index::{Range, Ranges, Sum, simplify};
use crate::loops::combine;
use crate::program::{Body, Program, Role};

/// What is wrong with a declaration, and where.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum IntrinsicError {
    /// a line that is none of the known ones
    #[error("`{0}`: a line begins with `intrinsic`, `features`, `pattern`, `buffer`, `stage` or `emit`")]
    Line(String),
    /// a part is not there
    #[error("the declaration lacks `{0}`")]
    Lacks(&'static str),
    /// the pattern is no program
    #[error("the pattern: {0}")]
    Pattern(String),
    /// the call is not understood
    #[error("`emit {text}`: {reason}")]
    Emit {
        /// the line
        text: String,
        /// what is wrong
        reason: String,
    },
}

pub(super) fn parse(text: &str) -> Result<Intrinsic, IntrinsicError> {
    let (mut name, mut features, mut emit, mut pattern) = (None, vec![], None, String::new());
    for line in text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "intrinsic" => name = Some(rest.trim().to_string()),
            "features" => features = rest.split_whitespace().map(String::from).collect(),
            "pattern" if rest.is_empty() => {}
            "buffer" | "stage" => pattern.push_str(&format!("{line}\n")),
            "emit" => emit = Some(rest),
            _ => return Err(IntrinsicError::Line(line.to_string())),
        }
    }
    let name = name.filter(|n| !n.is_empty() && !n.contains(' ')).ok_or(IntrinsicError::Lacks("intrinsic NAME"))?;
    let emit = emit.ok_or(IntrinsicError::Lacks("emit"))?;
    let program = Program::parse(&format!("program {name}\n{pattern}")).map_err(|e| wrong(e.to_string()))?;
    program.verify().map_err(|e| wrong(e.to_string()))?;
    let (value, access) = read_pattern(&program)?;
    let (llvm, arguments) = read_call(emit, &program)?;
    Ok(Intrinsic { name, features, pattern: program, llvm, arguments, value, access })
}

fn wrong(reason: impl Into<String>) -> IntrinsicError {
    IntrinsicError::Pattern(reason.into())
}

/// Flat index of an operand and its stride along each of the pattern's loops.
type Access = (Expr, Vec<i64>);

/// What one iteration stores, and how each operand is accessed.
fn read_pattern(program: &Program) -> Result<(Expr, Vec<Access>), IntrinsicError> {
    let [stage] = program.stages.as_slice() else { return Err(wrong("one stage is wanted")) };
    let Body::Reduce(combiner, body) = &stage.body else { return Err(wrong("the stage is no reduction")) };
    if let Some(b) = program.buffers.iter().find(|b| b.shape.len() != 1) {
        return Err(wrong(format!("operand `{}` is not flat (one dimension)", b.name)));
    }
    if stage.axes.len() != 1 {
        return Err(wrong("the output needs one axis, which counts its lanes"));
    }
    let output = program.buffer(stage.output);
    if output.role != Role::Output {
        return Err(wrong(format!("`{}` is not declared `output`", output.name)));
    }
    let old = Expr::load(stage.output, vec![Expr::Var(VarId(0))]);
    let value = combine(*combiner, output.dtype, old, body.clone());
    let axes: Vec<i64> = stage.axes.iter().chain(&stage.reduce).map(|a| a.extent).collect();
    let mut ranges = Ranges::default();
    for (k, extent) in axes.iter().enumerate() {
        ranges.insert(VarId(k as u32), Range::extent(*extent));
    }
    let mut access: Vec<Option<Access>> = vec![None; program.buffers.len()];
    let mut failure = None;
    value.visit(&mut |e| {
        let Expr::Load { buffer, index } = e else { return };
        let operand = buffer.0 as usize;
        let flat = simplify(&index[0], &ranges);
        let sum = Sum::of(&flat, &ranges);
        let linear = sum.constant == 0 && sum.terms.iter().all(|t| matches!(t.0, Expr::Var(_)));
        let name = &program.buffers[operand].name;
        if !linear {
            failure = Some(format!("the index of `{name}` is not a sum of multiples of axes"));
        } else if access[operand].as_ref().is_some_and(|(known, _)| *known != flat) {
            failure = Some(format!("`{name}` is read at two places"));
        }
        access[operand] = Some((flat, (0..axes.len()).map(|k| stride(&sum, VarId(k as u32))).collect()));
    });
    if let Some(reason) = failure {
        return Err(wrong(reason));
    }
    let unused = |(k, a): (usize, Option<Access>)| {
        a.ok_or_else(|| wrong(format!("operand `{}` is not used", program.buffers[k].name)))
    };
    let access = access.into_iter().enumerate().map(unused).collect::<Result<_, _>>()?;
    Ok((value, access))
}

/// Elements moved per iteration of `var`.
pub(super) fn stride(sum: &Sum, var: VarId) -> i64 {
    sum.terms.iter().find(|t| t.0 == Expr::Var(var)).map_or(0, |t| t.1)
}

/// `llvm.name(operand, operand*N, operand as DTYPE)`
fn read_call(text: &str, program: &Program) -> Result<(String, Vec<Argument>), IntrinsicError> {
    let bad = |reason: String| IntrinsicError::Emit { text: text.to_string(), reason };
    let call = text.trim().strip_suffix(')').and_then(|t| t.split_once('('));
    let Some((name, list)) = call.filter(|(n, _)| n.starts_with("llvm.")) else {
        return Err(bad("write `llvm.NAME(OPERAND, …)`".into()));
    };
    let argument = |text: &str| {
        let (text, dtype) = match text.split_once(" as ") {
            Some((before, ty)) => {
                let known = DType::ALL.iter().find(|d| d.to_string() == ty.trim());
                (before, Some(*known.ok_or_else(|| bad(format!("`{ty}` is no element type")))?))
            }
            None => (text, None),
        };
        let (operand, repeat) = match text.split_once('*') {
            Some((before, n)) => {
                let n = n.trim().parse().ok().filter(|n| (1..=64).contains(n));
                (before, n.ok_or_else(|| bad(format!("`{text}`: the repeat count lies in 1..=64")))?)
            }
            None => (text, 1),
        };
        let at = program.buffers.iter().position(|b| b.name == operand.trim());
        let operand = at.ok_or_else(|| bad(format!("`{}` is no operand of the pattern", operand.trim())))?;
        let bytes = program.buffers[operand].dtype.size() as i64 * program.buffers[operand].elements();
        if repeat > 1 && ![1, 2, 4, 8].contains(&bytes) {
            return Err(bad(format!("an operand of {bytes} bytes cannot be repeated (1, 2, 4 or 8 can)")));
        }
        Ok(Argument { operand, repeat, dtype })
    };
    let arguments = list.split(',').map(|a| argument(a.trim())).collect::<Result<_, _>>()?;
    Ok((name.to_string(), arguments))
}
