//! NumPy's `.npy` format, versions 1 to 3, reading and writing.
//!
//! Format: <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>. The header is a Python literal; only
//! the three keys the format defines are taken, in any order.

use lathe_graph::{DType, Tensor, TensorType};
use thiserror::Error;

const MAGIC: &[u8] = b"\x93NUMPY";
/// Longest header taken. NumPy itself writes 118 bytes for all but enormous ranks.
const MAX_HEADER: usize = 1 << 16;

/// Why bytes are not a usable `.npy` file.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum NpyError {
    /// The first bytes are not NumPy's.
    #[error("not a .npy file: it does not begin with \\x93NUMPY")]
    Magic,
    /// A format version that does not exist yet.
    #[error("format version {0}.{1} is not known (1, 2 and 3 are)")]
    Version(u8, u8),
    /// The file ends early.
    #[error("the file is cut: {needed} bytes are needed, it has {have}")]
    Truncated {
        /// bytes that header and shape ask for
        needed: u64,
        /// bytes there are
        have: u64,
    },
    /// Bytes after the data.
    #[error("{0} bytes follow the data")]
    Trailing(usize),
    /// The header cannot be read.
    #[error("the header is damaged near byte {at}: {what}")]
    Header {
        /// position in the header
        at: usize,
        /// what was expected
        what: &'static str,
    },
    /// An element type without an equivalent here.
    #[error("elements of type {0:?} are not supported (bool, signed and unsigned integers, f2, f4 and f8 are)")]
    DType(String),
    /// A shape of more elements than memory has.
    #[error("the shape asks for more bytes than there is memory")]
    TooLarge,
}

/// Reads a whole `.npy` file. Fortran order and big-endian elements are turned into row-major little-endian ones.
pub fn read(bytes: &[u8]) -> Result<Tensor, NpyError> {
    let (header, data) = split(bytes)?;
    let header = Header::parse(header)?;
    let (dtype, big_endian) = element_type(&header.descr)?;
    let too_large = |_: ()| NpyError::TooLarge;
    let elements = header.shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d)).ok_or(()).map_err(too_large)?;
    let needed = elements.checked_mul(dtype.size()).ok_or(()).map_err(too_large)?;
    let Some(body) = data.get(..needed) else {
        let head = (bytes.len() - data.len()) as u64;
        return Err(NpyError::Truncated { needed: head + needed as u64, have: bytes.len() as u64 });
    };
    if data.len() > needed {
        return Err(NpyError::Trailing(data.len() - needed));
    }
    let mut body = if header.fortran { row_major(body, &header.shape, dtype.size()) } else { body.to_vec() };
    if big_endian {
        body.chunks_exact_mut(dtype.size()).for_each(<[u8]>::reverse);
    }
    if dtype == DType::Bool {
        body.iter_mut().for_each(|b| *b = u8::from(*b != 0));
    }
    Tensor::new(TensorType::new(dtype, header.shape), body).ok_or(NpyError::TooLarge)
}

/// The bytes of `tensor` as a version 1 file, as NumPy writes it.
pub fn write(tensor: &Tensor) -> Vec<u8> {
    let descr = match tensor.dtype() {
        DType::F32 => "<f4",
        DType::F16 => "<f2",
        DType::F64 => "<f8",
        DType::Bool => "|b1",
        DType::I8 => "|i1",
        DType::U8 => "|u1",
        DType::I16 => "<i2",
        DType::U16 => "<u2",
        DType::I32 => "<i4",
        DType::U32 => "<u4",
        DType::I64 => "<i8",
        DType::U64 => "<u8",
    };
    let dims: Vec<String> = tensor.shape().iter().map(usize::to_string).collect();
    let comma = if dims.len() == 1 { "," } else { "" };
    let mut header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({}{comma}), }}", dims.join(", "));
    // Magic, version, length and header together are a multiple of 64, the last byte a line feed.
    let padding = (64 - (10 + header.len() + 1) % 64) % 64;
    header.extend(std::iter::repeat_n(' ', padding));
    header.push('\n');
    let mut bytes = MAGIC.to_vec();
    bytes.extend([1, 0]);
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(tensor.bytes());
    bytes
}

/// Header text and data of a file.
fn split(bytes: &[u8]) -> Result<(&[u8], &[u8]), NpyError> {
    let cut = |needed: usize| NpyError::Truncated { needed: needed as u64, have: bytes.len() as u64 };
    let rest = bytes.strip_prefix(MAGIC).ok_or(NpyError::Magic)?;
    let (&[major, minor], rest) = rest.split_first_chunk::<2>().ok_or_else(|| cut(10))?;
    let (length, rest) = match major {
        1 => rest
            .split_first_chunk::<2>()
            .map(|(l, r)| (usize::from(u16::from_le_bytes(*l)), r))
            .ok_or_else(|| cut(10))?,
        2 | 3 => {
            rest.split_first_chunk::<4>().map(|(l, r)| (u32::from_le_bytes(*l) as usize, r)).ok_or_else(|| cut(12))?
        }
        _ => return Err(NpyError::Version(major, minor)),
    };
    if length > MAX_HEADER {
        return Err(NpyError::Header { at: 0, what: "a header of at most 65536 bytes" });
    }
    rest.split_at_checked(length).ok_or_else(|| cut(bytes.len() - rest.len() + length))
}

/// Type and byte order of a `descr` such as `<f4`.
fn element_type(descr: &str) -> Result<(DType, bool), NpyError> {
    let unknown = || NpyError::DType(descr.to_string());
    let (order, name) = descr.split_at_checked(1).ok_or_else(unknown)?;
    let dtype = match name {
        "f4" => DType::F32,
        "f2" => DType::F16,
        "f8" => DType::F64,
        "b1" | "?" => DType::Bool,
        "i1" => DType::I8,
        "u1" => DType::U8,
        "i2" => DType::I16,
        "u2" => DType::U16,
        "i4" => DType::I32,
        "u4" => DType::U32,
        "i8" => DType::I64,
        "u8" => DType::U64,
        _ => return Err(unknown()),
    };
    match order {
        "<" | "|" | "=" => Ok((dtype, false)),
        ">" => Ok((dtype, true)),
        _ => Err(unknown()),
    }
}

/// The elements of a column-major array in row-major order.
fn row_major(bytes: &[u8], shape: &[usize], size: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut index = vec![0usize; shape.len()];
    let mut strides = Vec::with_capacity(shape.len());
    shape.iter().fold(1, |stride, &d| {
        strides.push(stride);
        stride * d
    });
    for _ in 0..bytes.len() / size {
        let at: usize = index.iter().zip(&strides).map(|(i, s)| i * s).sum();
        out.extend(&bytes[at * size..(at + 1) * size]);
        for d in (0..shape.len()).rev() {
            index[d] += 1;
            if index[d] < shape[d] {
                break;
            }
            index[d] = 0;
        }
    }
    out
}

#[derive(Debug, Default)]
struct Header {
    descr: String,
    fortran: bool,
    shape: Vec<usize>,
}

impl Header {
    fn parse(text: &[u8]) -> Result<Header, NpyError> {
        let mut cursor = Cursor { text, at: 0 };
        let (mut descr, mut fortran, mut shape) = (None, None, None);
        cursor.expect(b'{', "{")?;
        while !cursor.take(b'}') {
            let key = cursor.string()?;
            cursor.expect(b':', ":")?;
            match key.as_str() {
                "descr" => descr = Some(cursor.string()?),
                "fortran_order" => fortran = Some(cursor.boolean()?),
                "shape" => shape = Some(cursor.tuple()?),
                _ => return Err(cursor.error("one of the keys descr, fortran_order, shape")),
            }
            if !cursor.take(b',') {
                cursor.expect(b'}', ", or }")?;
                break;
            }
        }
        match (descr, fortran, shape) {
            (Some(descr), Some(fortran), Some(shape)) => Ok(Header { descr, fortran, shape }),
            _ => Err(cursor.error("the keys descr, fortran_order and shape")),
        }
    }
}

struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn error(&self, what: &'static str) -> NpyError {
        NpyError::Header { at: self.at, what }
    }

    fn peek(&mut self) -> Option<u8> {
        while self.text.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8, what: &'static str) -> Result<(), NpyError> {
        if self.take(byte) { Ok(()) } else { Err(self.error(what)) }
    }

    fn string(&mut self) -> Result<String, NpyError> {
        let quote = self.peek().filter(|b| matches!(b, b'\'' | b'"')).ok_or_else(|| self.error("a string"))?;
        let rest = &self.text[self.at + 1..];
        let end = rest.iter().position(|&b| b == quote).ok_or_else(|| self.error("the end of a string"))?;
        let text = std::str::from_utf8(&rest[..end]).map_err(|_| self.error("text"))?.to_string();
        self.at += end + 2;
        Ok(text)
    }

    fn boolean(&mut self) -> Result<bool, NpyError> {
        self.peek();
        for (word, value) in [(&b"True"[..], true), (&b"False"[..], false)] {
            if self.text[self.at..].starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(self.error("True or False"))
    }

    fn tuple(&mut self) -> Result<Vec<usize>, NpyError> {
        self.expect(b'(', "(")?;
        let mut dims = Vec::new();
        while !self.take(b')') {
            dims.push(self.number()?);
            if !self.take(b',') {
                self.expect(b')', ", or )")?;
                break;
            }
        }
        Ok(dims)
    }

    fn number(&mut self) -> Result<usize, NpyError> {
        self.peek();
        let digits = self.text[self.at..].iter().take_while(|b| b.is_ascii_digit()).count();
        let text = std::str::from_utf8(&self.text[self.at..self.at + digits]).unwrap_or_default();
        let value = text.parse().map_err(|_| self.error("a dimension"))?;
        self.at += digits;
        // Python 2 wrote long integers as 3L.
        self.take(b'L');
        Ok(value)
    }
}

#[cfg(test)]
mod tests;
