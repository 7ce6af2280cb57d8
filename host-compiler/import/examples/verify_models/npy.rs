//! Reading NumPy's `.npy` files: version 1 to 3, C order, little-endian.

use std::path::Path;

use lathe_graph::{DType, Tensor, TensorType};

/// `PREFIX_0.npy`, `PREFIX_1.npy`, … of a folder.
pub fn numbered(folder: &Path, prefix: &str) -> Result<Vec<Tensor>, String> {
    let path = |i: usize| Some(folder.join(format!("{prefix}_{i}.npy"))).filter(|p| p.is_file());
    (0..)
        .map_while(path)
        .map(|p| {
            let bytes = std::fs::read(&p).map_err(|e| e.to_string())?;
            parse(&bytes).ok_or_else(|| format!("{} is no .npy file of a supported type", p.display()))
        })
        .collect()
}

fn parse(bytes: &[u8]) -> Option<Tensor> {
    let rest = bytes.strip_prefix(b"\x93NUMPY")?;
    let (length, start) = match rest.first()? {
        1 => (usize::from(u16::from_le_bytes(rest.get(2..4)?.try_into().ok()?)), 4),
        _ => (u32::from_le_bytes(rest.get(2..6)?.try_into().ok()?) as usize, 6),
    };
    let header = std::str::from_utf8(rest.get(start..start + length)?).ok()?;
    if header.contains("'fortran_order': True") {
        return None;
    }
    let dtype = match header.split_once("'descr': '")?.1.split_once('\'')?.0 {
        "<f4" => DType::F32,
        "<f2" => DType::F16,
        "<f8" => DType::F64,
        "|b1" => DType::Bool,
        "|i1" => DType::I8,
        "|u1" => DType::U8,
        "<i4" => DType::I32,
        "<i8" => DType::I64,
        _ => return None,
    };
    let dims = header.split_once("'shape': (")?.1.split_once(')')?.0;
    let dims = dims.split(',').map(str::trim).filter(|d| !d.is_empty());
    let shape: Vec<usize> = dims.map(|d| d.parse().ok()).collect::<Option<_>>()?;
    Tensor::new(TensorType::new(dtype, shape), rest.get(start + length..)?.to_vec())
}
