//! Reading `.npy` and `.npz` files, and comparing two arrays by the project's rule.

use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use zip::ZipArchive;

/// Greatest error of a float output, as a share of max(range, greatest magnitude) of the reference.
pub const TOLERANCE: f64 = 1e-4;

/// One array, row-major, little-endian.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// numpy's name of the element type, such as `<f4` or `|b1`.
    pub descr: String,
    /// Extents, outermost first.
    pub shape: Vec<usize>,
    /// The elements' bytes.
    pub bytes: Vec<u8>,
}

impl Array {
    /// Reads a `.npy` file.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).with_context(|| format!("{} could not be read", path.display()))?;
        Self::parse(&bytes).with_context(|| format!("{} is no .npy file we read", path.display()))
    }

    /// Parses the bytes of a `.npy` file: magic, version, header length, a Python literal, the data.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        ensure!(bytes.starts_with(b"\x93NUMPY"), "it does not start with numpy's magic");
        let (length, start) = match bytes.get(6) {
            Some(1) => (number(bytes, 8, 2)?, 10),
            Some(2 | 3) => (number(bytes, 8, 4)?, 12),
            _ => bail!("its version is not 1, 2 or 3"),
        };
        let header = bytes.get(start..start + length).context("its header is cut off")?;
        let header = std::str::from_utf8(header)?;
        ensure!(!header.contains("'fortran_order': True"), "it is column-major");
        let descr = between(header, "'descr': '", "'")?.to_owned();
        let shape = between(header, "'shape': (", ")")?;
        let extents = shape.split(',').map(str::trim).filter(|extent| !extent.is_empty());
        let shape = extents.map(str::parse).collect::<Result<Vec<usize>, _>>()?;
        Ok(Self { descr, shape, bytes: bytes[start + length..].to_vec() })
    }

    /// The bytes of a `.npy` file.
    pub fn to_npy(&self) -> Vec<u8> {
        let extents: String = self.shape.iter().map(|extent| format!("{extent},")).collect();
        let descr = &self.descr;
        let mut header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({extents}), }}");
        // The data start at a multiple of 64.
        while (10 + header.len() + 1) % 64 != 0 {
            header.push(' ');
        }
        header.push('\n');
        let length = (header.len() as u16).to_le_bytes();
        [b"\x93NUMPY\x01\x00".as_slice(), &length, header.as_bytes(), &self.bytes].concat()
    }

    /// The elements as numbers, for the float types.
    pub fn floats(&self) -> Option<Vec<f64>> {
        let chunks = |size| self.bytes.chunks_exact(size);
        match self.descr.as_str() {
            "<f4" => Some(chunks(4).map(|b| f64::from(f32::from_le_bytes([b[0], b[1], b[2], b[3]]))).collect()),
            "<f8" => Some(chunks(8).map(|b| f64::from_le_bytes(b.try_into().unwrap_or_default())).collect()),
            "<f2" => Some(chunks(2).map(|b| half(u16::from_le_bytes([b[0], b[1]]))).collect()),
            _ => None,
        }
    }
}

/// The value of an IEEE 754 binary16.
fn half(bits: u16) -> f64 {
    let (sign, exponent, fraction) = (bits >> 15, i32::from(bits >> 10 & 31), f64::from(bits & 1023));
    let magnitude = match exponent {
        0 => fraction * 2f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1024.0 + fraction) * 2f64.powi(exponent - 25),
    };
    if sign == 1 { -magnitude } else { magnitude }
}

/// The arrays of a `.npz` file with their names, in the file's order.
pub fn read_npz(path: &Path) -> Result<Vec<(String, Array)>> {
    let file = File::open(path).with_context(|| format!("{} could not be opened", path.display()))?;
    arrays_of(file).with_context(|| format!("{} is no .npz file we read", path.display()))
}

fn arrays_of(file: impl Read + Seek) -> Result<Vec<(String, Array)>> {
    let mut archive = ZipArchive::new(file)?;
    let mut arrays = Vec::new();
    for index in 0..archive.len() {
        let mut member = archive.by_index(index)?;
        let mut bytes = Vec::new();
        member.read_to_end(&mut bytes)?;
        let name = member.name().strip_suffix(".npy").unwrap_or(member.name()).to_owned();
        arrays.push((name, Array::parse(&bytes)?));
    }
    Ok(arrays)
}

/// The greatest error as a share of max(range, greatest magnitude) of `want`; 0 for equal integers and booleans.
/// An error if types or shapes differ, an integer differs, or a number is where the other has none.
pub fn compare(got: &Array, want: &Array) -> Result<f64> {
    ensure!(got.shape == want.shape, "shape {:?}, expected {:?}", got.shape, want.shape);
    ensure!(got.descr == want.descr, "type {}, expected {}", got.descr, want.descr);
    let (Some(left), Some(right)) = (got.floats(), want.floats()) else {
        ensure!(got.bytes == want.bytes, "integers or booleans differ");
        return Ok(0.0);
    };
    ensure!(left.len() == right.len(), "{} elements, expected {}", left.len(), right.len());
    let finite = || right.iter().copied().filter(|x| x.is_finite());
    let (low, high) = finite().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
    let scale = (high - low).max(high.abs()).max(low.abs());
    let mut worst = 0.0;
    for (index, (a, b)) in left.iter().zip(&right).enumerate() {
        if a == b || (a.is_nan() && b.is_nan()) {
            continue;
        }
        ensure!(a.is_finite() && b.is_finite(), "element {index} is {a}, expected {b}");
        worst = f64::max(worst, (a - b).abs() / scale);
    }
    Ok(worst)
}

fn number(bytes: &[u8], at: usize, width: usize) -> Result<usize> {
    let field = bytes.get(at..at + width).context("its header is cut off")?;
    Ok(field.iter().rev().fold(0, |value, byte| value << 8 | usize::from(*byte)))
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Result<&'a str> {
    let (_, rest) = text.split_once(before).with_context(|| format!("its header has no {before}"))?;
    let (value, _) = rest.split_once(after).with_context(|| format!("its header does not close {before}"))?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn npy(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
        let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
        [b"\x93NUMPY\x01\x00".as_slice(), &(header.len() as u16).to_le_bytes(), header.as_bytes(), data].concat()
    }

    fn floats(values: &[f32]) -> Array {
        let data: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        Array::parse(&npy("<f4", &format!("({},)", values.len()), &data)).unwrap()
    }

    #[test]
    fn arrays_are_read() {
        let array = Array::parse(&npy("<i8", "(1, 2)", &[0; 16])).unwrap();
        assert_eq!((array.descr.as_str(), array.shape.as_slice(), array.bytes.len()), ("<i8", &[1, 2][..], 16));
        assert!(Array::parse(&npy("<f4", "()", &[0; 4])).unwrap().shape.is_empty());
        assert_eq!(Array::parse(&array.to_npy()).unwrap(), array);
        assert!(Array::parse(b"\x93NUMPY\x01\x00\xff").is_err());
        assert!(Array::parse(b"PK").is_err());
    }

    #[test]
    fn halves_have_their_value() {
        assert_eq!([0x3c00, 0xc000, 0x0001, 0x7bff].map(half), [1.0, -2.0, 2f64.powi(-24), 65504.0]);
    }

    #[test]
    fn errors_are_shares_of_the_reference() {
        let want = floats(&[0.0, 10.0, f32::NAN]);
        assert_eq!(compare(&want, &want).unwrap(), 0.0);
        let near = compare(&floats(&[0.0, 10.01, f32::NAN]), &want).unwrap();
        assert!((near - 1e-3).abs() < 1e-5, "{near}");
        assert!(compare(&floats(&[0.0, f32::NAN, f32::NAN]), &want).is_err());
        assert!(compare(&floats(&[0.0, 10.0]), &want).is_err());
        let whole = |data: &[u8]| Array::parse(&npy("|u1", "(2,)", data)).unwrap();
        assert!(compare(&whole(&[1, 2]), &whole(&[1, 3])).is_err());
        assert_eq!(compare(&whole(&[1, 2]), &whole(&[1, 2])).unwrap(), 0.0);
    }
}
