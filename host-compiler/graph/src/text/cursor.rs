//! Reading tokens off one line.

use lathe_artifact::DType;

use crate::tensor::TensorType;

/// What is left of a line.
pub(super) struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    pub fn new(line: &'a str) -> Cursor<'a> {
        Cursor { rest: line.trim() }
    }

    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub fn rest(&self) -> &'a str {
        self.rest
    }

    /// Takes `token` if it comes next.
    pub fn take(&mut self, token: &str) -> bool {
        let found = self.rest.strip_prefix(token);
        if let Some(rest) = found {
            self.rest = rest.trim_start();
        }
        found.is_some()
    }

    pub fn expect(&mut self, token: &str) -> Result<(), String> {
        if self.take(token) { Ok(()) } else { Err(format!("\"{token}\" expected before \"{}\"", self.rest)) }
    }

    /// The characters up to the first that `accept` refuses.
    pub fn word(&mut self, accept: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !accept(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest.trim_start();
        word
    }

    /// A quoted text.
    pub fn quoted(&mut self) -> Result<String, String> {
        let unterminated = || format!("a quoted text expected before \"{}\"", self.rest);
        let body = self.rest.strip_prefix('"').ok_or_else(unterminated)?;
        let mut text = String::new();
        let mut chars = body.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.rest = body[at + 1..].trim_start();
                    return Ok(text);
                }
                '\\' => match chars.next() {
                    Some((_, 'n')) => text.push('\n'),
                    Some((_, other)) => text.push(other),
                    None => break,
                },
                c => text.push(c),
            }
        }
        Err(unterminated())
    }

    /// A value's name behind `%`.
    pub fn value(&mut self) -> Result<String, String> {
        self.expect("%")?;
        if self.rest.starts_with('"') {
            return self.quoted();
        }
        let end = self.rest.find(|c: char| !(c.is_ascii_alphanumeric() || "_./:-".contains(c)));
        // A colon at the end belongs to what follows the name.
        let name = self.rest[..end.unwrap_or(self.rest.len())].trim_end_matches(':');
        if name.is_empty() {
            return Err(format!("a value's name expected before \"{}\"", self.rest));
        }
        self.rest = self.rest[name.len()..].trim_start();
        Ok(name.to_string())
    }

    /// A type such as `f32[1,3]`.
    pub fn ty(&mut self) -> Result<TensorType, String> {
        let name = self.word(|c| c.is_ascii_alphanumeric());
        let dtype = DType::from_name(name).ok_or_else(|| format!("\"{name}\" is not an element type"))?;
        self.expect("[")?;
        let dims = self.word(|c| c.is_ascii_digit() || c == ',');
        self.expect("]")?;
        let extent = |d: &str| d.parse().map_err(|_| format!("\"{dims}\" is not a shape"));
        let shape = dims.split(',').filter(|_| !dims.is_empty()).map(extent).collect::<Result<Vec<usize>, _>>()?;
        Ok(TensorType::new(dtype, shape))
    }
}
