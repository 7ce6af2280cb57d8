//! Parsing.

use std::collections::{BTreeMap, HashMap};

use thiserror::Error;

use super::constants::{ConstantTable, from_hex, from_numbers, noise, splat};
use super::cursor::Cursor;
use super::operators::{Attributes, operator};
use crate::graph::{Graph, Node, ValueId};
use crate::tensor::{Tensor, TensorType};

/// Why a text is not a graph.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line}: {problem}")]
pub struct ParseError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub problem: String,
}

/// The graph a text describes; `constants` holds the data its hashes stand for. Types are as written: the verifier
/// compares them with what operators infer.
pub fn parse(text: &str, constants: &ConstantTable) -> Result<Graph, ParseError> {
    let mut parser = Parser { graph: Graph::default(), names: HashMap::new(), constants };
    for (i, line) in text.lines().enumerate() {
        let content = line.trim();
        if !content.is_empty() && !content.starts_with("//") {
            parser.line(content).map_err(|problem| ParseError { line: i + 1, problem })?;
        }
    }
    Ok(parser.graph)
}

struct Parser<'a> {
    graph: Graph,
    names: HashMap<String, ValueId>,
    constants: &'a ConstantTable,
}

impl Parser<'_> {
    fn line(&mut self, line: &str) -> Result<(), String> {
        let mut c = Cursor::new(line);
        if c.take("graph ") {
            self.graph.name = c.quoted()?;
        } else if c.take("input ") {
            let v = self.definition(&mut c)?;
            self.graph.inputs.push(v);
        } else if c.take("const ") {
            let v = self.definition(&mut c)?;
            c.expect("=")?;
            let data = self.data(&mut c, &self.graph.ty(v).clone())?;
            self.graph.values[v.0 as usize].constant = Some(data);
        } else if c.take("output ") {
            let name = c.quoted()?;
            c.expect("=")?;
            let v = self.reference(&mut c)?;
            self.graph.outputs.push((name, v));
        } else {
            self.node(&mut c)?;
        }
        if c.is_empty() { Ok(()) } else { Err(format!("\"{}\" is not expected here", c.rest())) }
    }

    /// `%name: type`, a new value.
    fn definition(&mut self, c: &mut Cursor) -> Result<ValueId, String> {
        let (name, ty) = named_type(c)?;
        self.define(name, ty)
    }

    fn define(&mut self, name: String, ty: TensorType) -> Result<ValueId, String> {
        if self.names.contains_key(&name) {
            return Err(format!("value \"{name}\" is defined twice"));
        }
        let v = self.graph.add_value(name.clone(), ty);
        self.names.insert(name, v);
        Ok(v)
    }

    fn reference(&self, c: &mut Cursor) -> Result<ValueId, String> {
        let name = c.value()?;
        self.names.get(&name).copied().ok_or_else(|| format!("value \"{name}\" is not defined above"))
    }

    fn node(&mut self, c: &mut Cursor) -> Result<(), String> {
        let mut results = vec![named_type(c)?];
        while c.take(",") {
            results.push(named_type(c)?);
        }
        c.expect("=")?;
        let op_name = c.word(|ch| ch.is_ascii_alphanumeric());
        c.expect("(")?;
        let mut inputs = Vec::new();
        while !c.take(")") {
            inputs.push(self.reference(c)?);
            c.take(",");
        }
        let mut attributes = BTreeMap::new();
        while !c.is_empty() && !c.rest().starts_with('@') {
            let key = c.word(|ch| ch.is_ascii_alphanumeric() || ch == '_');
            c.expect("=")?;
            attributes.insert(key, c.word(|ch| !ch.is_whitespace()));
        }
        let op = operator(op_name, Attributes(attributes))?;
        let name = if c.take("@") { c.quoted()? } else { results[0].0.clone() };
        let outputs = results.into_iter().map(|(name, ty)| self.define(name, ty)).collect::<Result<_, _>>()?;
        self.graph.nodes.push(Node { name, op, inputs, outputs });
        Ok(())
    }

    fn data(&self, c: &mut Cursor, ty: &TensorType) -> Result<Tensor, String> {
        let misfit = |what: &str| format!("{what} is not the data of a {ty}");
        if c.take("[") {
            let text = c.word(|ch| ch != ']');
            c.expect("]")?;
            let numbers: Vec<&str> = text.split(',').map(str::trim).filter(|t| !t.is_empty()).collect();
            return from_numbers(ty, &numbers).ok_or_else(|| misfit("the list"));
        }
        if c.take("#") {
            let hash = c.word(|ch| ch.is_ascii_hexdigit());
            let missing = || format!("the data of constant #{hash} are not given");
            let found = self.constants.get(hash).ok_or_else(missing)?;
            return Some(found.clone()).filter(|t| t.ty() == ty).ok_or_else(|| misfit("the constant"));
        }
        let form = c.word(char::is_alphabetic);
        let argument = c.word(|ch| !ch.is_whitespace());
        let tensor = match form {
            "splat" => splat(ty, argument),
            "hex" => from_hex(ty, argument),
            "noise" => argument.parse().ok().and_then(|seed| noise(ty, seed)),
            _ => None,
        };
        tensor.ok_or_else(|| misfit(&format!("\"{form} {argument}\"")))
    }
}

fn named_type(c: &mut Cursor) -> Result<(String, TensorType), String> {
    let name = c.value()?;
    c.expect(":")?;
    Ok((name, c.ty()?))
}
