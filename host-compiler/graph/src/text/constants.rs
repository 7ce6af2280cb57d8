//! Data of constants in the text form: number lists, splats, hex, hashes and noise.

use std::collections::HashMap;

use lathe_artifact::DType;

use crate::graph::Graph;
use crate::tensor::{Tensor, TensorType};

/// Data that a text form names by hash.
#[derive(Clone, Debug, Default)]
pub struct ConstantTable(HashMap<String, Tensor>);

impl ConstantTable {
    /// The constants of a graph, to parse what was printed of it.
    pub fn of(graph: &Graph) -> ConstantTable {
        let constants = graph.values.iter().filter_map(|v| v.constant.as_ref());
        ConstantTable(constants.map(|t| (hash(t), t.clone())).collect())
    }

    /// The constant with this hash.
    pub fn get(&self, hash: &str) -> Option<&Tensor> {
        self.0.get(hash)
    }
}

/// 64-bit FNV-1a of type and data, as 16 hexadecimal digits.
pub(super) fn hash(tensor: &Tensor) -> String {
    let ty = tensor.ty().to_string();
    let mix = |h: u64, b: &u8| (h ^ u64::from(*b)).wrapping_mul(0x0000_0100_0000_01b3);
    let hash = ty.as_bytes().iter().chain(tensor.bytes()).fold(0xcbf2_9ce4_8422_2325, mix);
    format!("{hash:016x}")
}

/// The elements in a form that parses back to the same value.
pub(super) fn numbers(tensor: &Tensor) -> Vec<String> {
    match tensor.dtype() {
        DType::F64 => tensor.to_f64s().iter().map(|v| format!("{v:?}")).collect(),
        DType::F32 | DType::F16 => tensor.to_f64s().iter().map(|v| format!("{:?}", *v as f32)).collect(),
        DType::U64 => tensor.to_i64s().iter().map(|v| (*v as u64).to_string()).collect(),
        _ => tensor.to_i64s().iter().map(i64::to_string).collect(),
    }
}

/// A tensor of the written numbers; `None` when one is not a number of the type or their count is wrong.
pub(super) fn from_numbers(ty: &TensorType, numbers: &[&str]) -> Option<Tensor> {
    match ty.dtype {
        DType::F32 | DType::F16 | DType::F64 => {
            let values: Option<Vec<f64>> = numbers.iter().map(|n| float(ty.dtype, n)).collect();
            Tensor::from_f64s(ty.dtype, &ty.shape, &values?)
        }
        DType::U64 => {
            let values: Option<Vec<u64>> = numbers.iter().map(|n| n.parse().ok()).collect();
            Tensor::from_slice(&ty.shape, &values?)
        }
        _ => {
            let values: Option<Vec<i64>> = numbers.iter().map(|n| n.parse().ok()).collect();
            let values = values?;
            Tensor::from_i64s(ty.dtype, &ty.shape, &values).filter(|t| t.to_i64s() == values)
        }
    }
}

fn float(dtype: DType, text: &str) -> Option<f64> {
    if dtype == DType::F64 { text.parse().ok() } else { text.parse::<f32>().ok().map(f64::from) }
}

/// A tensor whose every element is the written number.
pub(super) fn splat(ty: &TensorType, number: &str) -> Option<Tensor> {
    let one = from_numbers(&TensorType::new(ty.dtype, []), &[number])?;
    let bytes = ty.checked_bytes()?;
    Tensor::new(ty.clone(), one.bytes().iter().copied().cycle().take(bytes).collect())
}

/// The bytes in hexadecimal.
pub(super) fn hex(tensor: &Tensor) -> String {
    tensor.bytes().iter().map(|b| format!("{b:02x}")).collect()
}

/// The inverse of [`hex`].
pub(super) fn from_hex(ty: &TensorType, text: &str) -> Option<Tensor> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let byte = |p: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(p).ok()?, 16).ok();
    let bytes: Option<Vec<u8>> = pairs.iter().map(byte).collect();
    rest.is_empty().then_some(())?;
    Tensor::new(ty.clone(), bytes?)
}

/// Reproducible data: multiples of 1/128 between -1 and 1 for floats, -8..=8 for integers (0..=8 unsigned), coin flips
/// for bool. `None` when the type exceeds the size limit.
pub fn noise(ty: &TensorType, seed: u64) -> Option<Tensor> {
    ty.checked_bytes()?;
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0xd1b5_4a32_d192_ed03;
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    let (range, least, scale) = match ty.dtype {
        d if d.is_float() => (257, -128, 1.0 / 128.0),
        DType::Bool => (2, 0, 1.0),
        d if d.is_signed_int() => (17, -8, 1.0),
        _ => (9, 0, 1.0),
    };
    let values: Vec<f64> = (0..ty.elements()).map(|_| ((next() % range) as i64 + least) as f64 * scale).collect();
    Tensor::from_f64s(ty.dtype, &ty.shape, &values)
}
