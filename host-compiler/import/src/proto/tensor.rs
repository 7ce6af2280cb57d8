//! Stored tensors: raw bytes, typed fields, external files.

use lathe_graph::{DType, Tensor, TensorType};
use tract_onnx::pb::TensorProto;
use tract_onnx::pb::tensor_proto::DataLocation;

use super::{dtype, external};
use crate::error::{TensorFault, dims};
use crate::options::Options;
use crate::translate::MAX_RANK;

/// Turns a stored tensor into a constant; its bytes are moved out of `proto`, not copied.
pub(crate) fn take(proto: &mut TensorProto, options: &Options) -> Result<Tensor, TensorFault> {
    let dtype = dtype::from_code(i64::from(proto.data_type))?;
    if proto.segment.is_some() {
        return Err(TensorFault::Segmented);
    }
    let shape = shape(&proto.dims)?;
    let elements = shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
    let bytes = elements.and_then(|n| n.checked_mul(dtype.size()));
    let (Some(elements), Some(bytes)) = (elements, bytes) else {
        return Err(TensorFault::Shape(proto.dims.clone()));
    };
    let length = |needed, unit, found| TensorFault::Length { shape: dims(&shape), needed, unit, found };
    let data = if proto.data_location == Some(DataLocation::External as i32) {
        external::read(&proto.external_data, bytes, options)?
    } else if !proto.raw_data.is_empty() {
        std::mem::take(&mut proto.raw_data)
    } else {
        let stored = typed_entries(proto, dtype);
        if stored != elements {
            return Err(length(elements, "elements", stored));
        }
        typed(proto, dtype)?
    };
    let found = data.len();
    let data = if dtype == DType::Bool { data.into_iter().map(|b| u8::from(b != 0)).collect() } else { data };
    Tensor::new(TensorType::new(dtype, shape.clone()), data).ok_or_else(|| length(bytes, "bytes", found))
}

/// Bytes of a stored tensor by its type and shape.
pub(crate) fn stored_bytes(proto: &TensorProto) -> Option<u64> {
    let element = dtype::from_code(i64::from(proto.data_type)).ok()?.size() as u64;
    proto.dims.iter().try_fold(element, |bytes, &extent| bytes.checked_mul(u64::try_from(extent).ok()?))
}

/// As [`take`], from a tensor that must stay (an attribute's).
pub(crate) fn read(proto: &TensorProto, options: &Options) -> Result<Tensor, TensorFault> {
    take(&mut proto.clone(), options)
}

fn shape(dims: &[i64]) -> Result<Vec<usize>, TensorFault> {
    if dims.len() > MAX_RANK {
        return Err(TensorFault::Rank(dims.len()));
    }
    dims.iter().map(|&d| usize::try_from(d)).collect::<Result<_, _>>().map_err(|_| TensorFault::Shape(dims.to_vec()))
}

/// How many elements the typed field of `dtype` holds.
fn typed_entries(proto: &TensorProto, dtype: DType) -> usize {
    match dtype {
        DType::F32 => proto.float_data.len(),
        DType::F64 => proto.double_data.len(),
        DType::I64 => proto.int64_data.len(),
        DType::U32 | DType::U64 => proto.uint64_data.len(),
        _ => proto.int32_data.len(),
    }
}

/// The typed field of `dtype` as little-endian bytes.
fn typed(proto: &TensorProto, dtype: DType) -> Result<Vec<u8>, TensorFault> {
    let narrow = |index: usize| TensorFault::Element { index };
    Ok(match dtype {
        DType::F32 => proto.float_data.iter().flat_map(|v| v.to_le_bytes()).collect(),
        DType::F64 => proto.double_data.iter().flat_map(|v| v.to_le_bytes()).collect(),
        DType::I64 => proto.int64_data.iter().flat_map(|v| v.to_le_bytes()).collect(),
        DType::U64 => proto.uint64_data.iter().flat_map(|v| v.to_le_bytes()).collect(),
        DType::U32 => bytes_of(&proto.uint64_data, |v| u32::try_from(v).map(u32::to_le_bytes).ok()).map_err(narrow)?,
        DType::I32 => proto.int32_data.iter().flat_map(|v| v.to_le_bytes()).collect(),
        DType::I16 => bytes_of(&proto.int32_data, |v| i16::try_from(v).map(i16::to_le_bytes).ok()).map_err(narrow)?,
        DType::U16 | DType::F16 => {
            bytes_of(&proto.int32_data, |v| u16::try_from(v).map(u16::to_le_bytes).ok()).map_err(narrow)?
        }
        DType::I8 => bytes_of(&proto.int32_data, |v| i8::try_from(v).map(i8::to_le_bytes).ok()).map_err(narrow)?,
        DType::U8 => bytes_of(&proto.int32_data, |v| u8::try_from(v).map(u8::to_le_bytes).ok()).map_err(narrow)?,
        DType::Bool => proto.int32_data.iter().map(|&v| u8::from(v != 0)).collect(),
    })
}

/// Narrows every entry; the index of the first that does not fit is the error.
fn bytes_of<T: Copy, const N: usize>(entries: &[T], narrow: impl Fn(T) -> Option<[u8; N]>) -> Result<Vec<u8>, usize> {
    let mut bytes = Vec::with_capacity(entries.len().saturating_mul(N));
    for (index, &entry) in entries.iter().enumerate() {
        bytes.extend(narrow(entry).ok_or(index)?);
    }
    Ok(bytes)
}
