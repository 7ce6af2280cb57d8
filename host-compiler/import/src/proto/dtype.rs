//! ONNX's numbering of element types.

use lathe_graph::DType;
use tract_onnx::pb::tensor_proto::DataType;

use crate::error::TensorFault;

/// The element type with ONNX's number `code`, or the fault that names it.
pub(crate) fn from_code(code: i64) -> Result<DType, TensorFault> {
    let known = i32::try_from(code).ok().and_then(|c| DataType::try_from(c).ok());
    Ok(match known {
        Some(DataType::Float) => DType::F32,
        Some(DataType::Float16) => DType::F16,
        Some(DataType::Double) => DType::F64,
        Some(DataType::Bool) => DType::Bool,
        Some(DataType::Int8) => DType::I8,
        Some(DataType::Uint8) => DType::U8,
        Some(DataType::Int16) => DType::I16,
        Some(DataType::Uint16) => DType::U16,
        Some(DataType::Int32) => DType::I32,
        Some(DataType::Uint32) => DType::U32,
        Some(DataType::Int64) => DType::I64,
        Some(DataType::Uint64) => DType::U64,
        Some(other) => return Err(TensorFault::DType { dtype: other.as_str_name().to_lowercase() }),
        None => return Err(TensorFault::DType { dtype: format!("number {code}") }),
    })
}
