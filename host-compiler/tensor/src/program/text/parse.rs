//! Parsing programs. The result is not verified: call [`Program::verify`].

use lathe_graph::DType;

use super::super::{Axis, Body, Buffer, Combiner, InPlace, Program, Scan, Stage, StageId};
use super::{BINARY, COMBINERS, COMPARE, ROLES, UNARY, key_of};
use crate::expr::{BinaryFn, BufferId, Expr, Scalar, Type, VarId};

/// Text that is not a program.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: expected {expected}")]
pub struct ParseError {
    /// line, from 1
    pub line: usize,
    /// column, from 1
    pub column: usize,
    /// what should stand there
    pub expected: String,
}

impl Program {
    /// Parses the text form.
    pub fn parse(text: &str) -> Result<Program, ParseError> {
        let mut program = Program::default();
        let mut named = false;
        for (k, line) in text.lines().enumerate() {
            if line.trim().is_empty() {
                continue;
            }
            let mut p = LineParser { line: k + 1, text: line, at: 0, axes: vec![] };
            match p.word()? {
                "program" => {
                    program.name = p.word()?.to_string();
                    named = true;
                }
                "buffer" => p.buffer(&mut program)?,
                "stage" => p.stage(&mut program)?,
                "scan" => {
                    let (first, last) = (p.stage_id(&program)?, p.stage_id(&program)?);
                    program.scans.push(Scan { first, last });
                }
                "in_place" => {
                    let (output, over) = (p.buffer_id(&program)?, p.buffer_id(&program)?);
                    program.in_place.push(InPlace { output, over });
                }
                _ => return Err(p.expected_at(0, "`program`, `buffer`, `stage`, `scan` or `in_place`")),
            }
            p.end()?;
        }
        if !named {
            return Err(ParseError { line: 1, column: 1, expected: "`program NAME`".to_string() });
        }
        Ok(program)
    }
}

struct LineParser<'a> {
    line: usize,
    text: &'a str,
    at: usize,
    axes: Vec<String>,
}

/// Nesting beyond this is refused rather than recursed into.
const MAX_DEPTH: usize = 200;

impl<'a> LineParser<'a> {
    fn expected_at(&self, at: usize, what: &str) -> ParseError {
        ParseError { line: self.line, column: at + 1, expected: what.to_string() }
    }

    fn expected(&self, what: &str) -> ParseError {
        self.expected_at(self.at, what)
    }

    fn skip(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
    }

    fn take(&mut self, token: &str) -> bool {
        self.skip();
        let found = self.text[self.at..].starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    fn need(&mut self, token: &str) -> Result<(), ParseError> {
        if self.take(token) { Ok(()) } else { Err(self.expected(&format!("`{token}`"))) }
    }

    fn run(&mut self, accept: impl Fn(char) -> bool) -> &'a str {
        self.skip();
        let rest = &self.text[self.at..];
        let len = rest.find(|c| !accept(c)).unwrap_or(rest.len());
        self.at += len;
        &rest[..len]
    }

    fn word(&mut self) -> Result<&'a str, ParseError> {
        self.skip();
        let start = self.at;
        let word = self.run(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
        if word.is_empty() { Err(self.expected_at(start, "a name")) } else { Ok(word) }
    }

    fn number<T: std::str::FromStr>(&mut self, what: &str) -> Result<T, ParseError> {
        self.skip();
        let start = self.at;
        let text = self.run(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.'));
        text.parse().map_err(|_| self.expected_at(start, what))
    }

    fn end(&mut self) -> Result<(), ParseError> {
        self.skip();
        if self.at == self.text.len() { Ok(()) } else { Err(self.expected("the end of the line")) }
    }

    fn dtype(&mut self) -> Result<DType, ParseError> {
        self.skip();
        let start = self.at;
        let word = self.word()?;
        DType::from_name(word).ok_or_else(|| self.expected_at(start, "an element type"))
    }

    fn buffer(&mut self, program: &mut Program) -> Result<(), ParseError> {
        let name = self.word()?.to_string();
        self.need(":")?;
        self.skip();
        let start = self.at;
        let role = key_of(&ROLES, self.word()?);
        let role = role.ok_or_else(|| self.expected_at(start, "a role"))?;
        let dtype = self.dtype()?;
        self.need("[")?;
        let shape = self.list("]", |p| p.number("an extent"))?;
        program.buffers.push(Buffer { name, dtype, shape, role });
        Ok(())
    }

    fn list<T>(
        &mut self,
        close: &str,
        mut item: impl FnMut(&mut Self) -> Result<T, ParseError>,
    ) -> Result<Vec<T>, ParseError> {
        let mut items = vec![];
        if self.take(close) {
            return Ok(items);
        }
        loop {
            items.push(item(self)?);
            if self.take(close) {
                return Ok(items);
            }
            self.need(",")?;
        }
    }

    fn axes(&mut self) -> Result<Vec<Axis>, ParseError> {
        self.need("[")?;
        let axes = self.list("]", |p| {
            let name = p.word()?.to_string();
            p.need(":")?;
            Ok(Axis { name, extent: p.number("an extent")? })
        })?;
        self.axes.extend(axes.iter().map(|a| a.name.clone()));
        Ok(axes)
    }

    fn stage(&mut self, program: &mut Program) -> Result<(), ParseError> {
        let name = self.word()?.to_string();
        let axes = self.axes()?;
        let (mut reduce, mut reducer) = (vec![], None);
        if !self.take("->") {
            reducer = Some(self.combiner(|(_, n, _)| n)?);
            reduce = self.axes()?;
            self.need("->")?;
        }
        let output = self.buffer_id(program)?;
        let body = if self.take("[") {
            let index = self.list("]", |p| p.expr(program, 0))?;
            let combiner = if self.take("set") { None } else { Some(self.combiner(|(_, _, n)| n)?) };
            Body::Update { index, combiner, value: self.expr(program, 0)? }
        } else {
            self.need("=")?;
            let value = self.expr(program, 0)?;
            reducer.map_or(Body::Map(value.clone()), |c| Body::Reduce(c, value))
        };
        program.stages.push(Stage { name, output, axes, reduce, body });
        Ok(())
    }

    fn combiner(
        &mut self,
        name: impl Fn(&(Combiner, &'static str, &'static str)) -> &'static str,
    ) -> Result<Combiner, ParseError> {
        self.skip();
        let start = self.at;
        let word = self.word()?;
        let found = COMBINERS.iter().find(|t| name(t) == word).map(|t| t.0);
        found.ok_or_else(|| self.expected_at(start, "a combiner"))
    }

    fn buffer_id(&mut self, program: &Program) -> Result<BufferId, ParseError> {
        self.skip();
        let start = self.at;
        let name = self.word()?;
        let found = program.buffers.iter().position(|b| b.name == name);
        found.map(|k| BufferId(k as u32)).ok_or_else(|| self.expected_at(start, "a buffer"))
    }

    fn stage_id(&mut self, program: &Program) -> Result<StageId, ParseError> {
        self.skip();
        let start = self.at;
        let name = self.word()?;
        let found = program.stages.iter().position(|s| s.name == name);
        found.map(|k| StageId(k as u32)).ok_or_else(|| self.expected_at(start, "a stage"))
    }

    fn expr(&mut self, program: &Program, depth: usize) -> Result<Expr, ParseError> {
        if depth > MAX_DEPTH {
            return Err(self.expected("an expression less deeply nested"));
        }
        let depth = depth + 1;
        self.skip();
        match self.text[self.at..].chars().next() {
            Some('(') => self.parenthesis(program, depth),
            Some('%') => self.local().map(Expr::Local),
            Some(c) if c.is_ascii_digit() || c == '-' => Ok(Expr::Index(self.number("an index")?)),
            Some(c) if c.is_ascii_alphabetic() || c == '_' => self.named(program, depth),
            _ => Err(self.expected("an expression")),
        }
    }

    fn local(&mut self) -> Result<u32, ParseError> {
        self.need("%")?;
        self.number("a local")
    }

    fn parenthesis(&mut self, program: &Program, depth: usize) -> Result<Expr, ParseError> {
        self.need("(")?;
        if self.take("let ") {
            let id = self.local()?;
            self.need("=")?;
            let value = Box::new(self.expr(program, depth)?);
            self.need("in ")?;
            let body = Box::new(self.expr(program, depth)?);
            self.need(")")?;
            return Ok(Expr::Let { id, value, body });
        }
        let a = self.expr(program, depth)?;
        self.skip();
        let start = self.at;
        let op = self.run(|c| "+-*/%&|^<>=!".contains(c));
        let b = self.expr(program, depth)?;
        self.need(")")?;
        match (key_of(&BINARY, op), key_of(&COMPARE, op)) {
            (Some(f), _) => Ok(Expr::binary(f, a, b)),
            (_, Some(f)) => Ok(Expr::compare(f, a, b)),
            _ => Err(self.expected_at(start, "an operator")),
        }
    }

    /// An axis, a constant, a load, or a function's application.
    fn named(&mut self, program: &Program, depth: usize) -> Result<Expr, ParseError> {
        self.skip();
        let start = self.at;
        let word = self.word()?;
        let rest = &self.text[self.at..];
        match rest.chars().next() {
            Some(':') => {
                self.need(":")?;
                let dtype = DType::from_name(word).ok_or_else(|| self.expected_at(start, "an element type"))?;
                if dtype.is_float() {
                    Ok(Expr::Const(Scalar::Float(dtype, self.number("a number")?)))
                } else {
                    Ok(Expr::Const(Scalar::Int(dtype, self.number("an integer")?)))
                }
            }
            Some('[') => {
                let found = program.buffers.iter().position(|b| b.name == word);
                let buffer = found.ok_or_else(|| self.expected_at(start, "a buffer"))?;
                self.need("[")?;
                Ok(Expr::load(BufferId(buffer as u32), self.list("]", |p| p.expr(program, depth))?))
            }
            Some('<') if word == "cast" => {
                self.need("<")?;
                let ty = if self.take("index") { Type::Index } else { Type::Data(self.dtype()?) };
                self.need(">")?;
                self.need("(")?;
                let x = self.expr(program, depth)?;
                self.need(")")?;
                Ok(Expr::cast(ty, x))
            }
            Some('(') => {
                self.need("(")?;
                let operands = self.list(")", |p| p.expr(program, depth))?;
                apply(word, operands).ok_or_else(|| self.expected_at(start, "a function of as many operands"))
            }
            _ => {
                let axis = self.axes.iter().position(|a| a == word);
                axis.map(|k| Expr::Var(VarId(k as u32))).ok_or_else(|| self.expected_at(start, "an axis"))
            }
        }
    }
}

fn apply(name: &str, operands: Vec<Expr>) -> Option<Expr> {
    let mut operands = operands.into_iter();
    let mut next = || operands.next();
    let result = match (key_of(&UNARY, name), key_of(&BINARY, name)) {
        (Some(f), _) => Expr::unary(f, next()?),
        (_, Some(f @ (BinaryFn::Min | BinaryFn::Max | BinaryFn::Pow))) => Expr::binary(f, next()?, next()?),
        _ if name == "select" => Expr::select(next()?, next()?, next()?),
        _ => return None,
    };
    if next().is_some() { None } else { Some(result) }
}
