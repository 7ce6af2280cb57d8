//! Constant, ConstantOfShape, Range, EyeLike, Shape, Size, NonZero: values known when compiling.

use lathe_graph::{DType, Op, Tensor, ValueId};

use crate::proto::dtype;
use crate::translate::{Fault, NodeContext, extents};

/// The most elements a value made up while compiling may have.
const MAX_MADE: usize = 16 << 20;

/// A stored value, in one of several attributes.
pub(super) fn constant(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let attributes = n.attributes;
    let list = |tensor: Option<Tensor>| tensor.ok_or_else(|| Fault::Invalid("the value is malformed".into()));
    let value = if let Some(proto) = attributes.tensor("value")? {
        n.read(proto)?
    } else if let Some(number) = attributes.maybe_float("value_float")? {
        list(Tensor::from_slice(&[], &[number]))?
    } else if let Some(number) = attributes.maybe_int("value_int")? {
        list(Tensor::from_slice(&[], &[number]))?
    } else if let Some(numbers) = attributes.floats("value_floats")? {
        list(Tensor::from_slice(&[numbers.len()], numbers))?
    } else if let Some(numbers) = attributes.ints("value_ints")? {
        list(Tensor::from_slice(&[numbers.len()], numbers))?
    } else {
        let kinds = "only tensors and numbers are supported as constants, not strings or sparse tensors";
        return Err(Fault::Unsupported(kinds.into()));
    };
    Ok(vec![n.add_constant(value)])
}

/// A shape filled with one value.
pub(super) fn constant_of_shape(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let shape = n.constant_ints(0, "the shape of the result")?;
    let shape = extents(&shape.ok_or_else(|| Fault::Invalid("input 0 is missing".into()))?, "the shape")?;
    let value = match n.attributes.tensor("value")? {
        Some(proto) => n.read(proto)?,
        None => Tensor::scalar(DType::F32, 0.0),
    };
    let one = value.reshaped(&[]).ok_or_else(|| Fault::Invalid("attribute 'value' must hold one element".into()))?;
    let scalar = n.add_constant(one);
    Ok(vec![n.push(Op::Expand { shape }, &[scalar])?])
}

/// start, start + delta, … below limit.
pub(super) fn range(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let dtype = n.dtype(n.input(0)?);
    let mut numbers = [0.0; 3];
    for (i, number) in numbers.iter_mut().enumerate() {
        n.input(i)?;
        *number = n.constant_float(i, "the length of the result")?.unwrap_or_default();
    }
    let [start, limit, delta] = numbers;
    let count = ((limit - start) / delta).ceil().max(0.0);
    if delta == 0.0 || !count.is_finite() {
        return Err(Fault::Invalid(format!("a range from {start} to {limit} by {delta} has no end")));
    }
    if count > MAX_MADE as f64 {
        return Err(Fault::Unsupported(format!("a range of {count} elements is larger than the limit of {MAX_MADE}")));
    }
    let count = count as usize;
    let tensor = if dtype.is_float() {
        let values: Vec<f64> = (0..count).map(|i| start + i as f64 * delta).collect();
        Tensor::from_f64s(dtype, &[count], &values)
    } else {
        let values: Vec<i64> =
            (0..count).map(|i| (start as i64).wrapping_add((i as i64).wrapping_mul(delta as i64))).collect();
        Tensor::from_i64s(dtype, &[count], &values)
    };
    Ok(vec![n.add_constant(tensor.ok_or_else(|| Fault::Invalid("the range is malformed".into()))?)])
}

/// Ones on a diagonal, of the shape of the input.
pub(super) fn eye_like(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let x = n.input(0)?;
    let to = n.attributes.maybe_int("dtype")?.map(dtype::from_code).transpose()?.unwrap_or(n.dtype(x));
    let k = n.attributes.int("k", 0)?;
    let &[rows, columns] = n.shape(x).as_slice() else {
        return Err(Fault::Invalid("input 0 must be a matrix".into()));
    };
    let elements = rows.checked_mul(columns).filter(|&e| e <= MAX_MADE);
    let elements =
        elements.ok_or_else(|| Fault::Unsupported(format!("{rows} x {columns} is larger than the limit")))?;
    let mut values = vec![0; elements];
    for row in 0..rows {
        let column = usize::try_from((row as i64).saturating_add(k)).ok().filter(|&c| c < columns);
        if let Some(column) = column {
            values[row * columns + column] = 1;
        }
    }
    Ok(vec![n.integers(to, &[rows, columns], &values)?])
}

/// The shape of the input, or part of it, as integers.
pub(super) fn shape(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let shape: Vec<i64> = n.shape(n.input(0)?).iter().map(|&d| d as i64).collect();
    let rank = shape.len() as i64;
    let clamp = |axis: i64| if axis < 0 { axis.saturating_add(rank) } else { axis }.clamp(0, rank) as usize;
    let start = clamp(n.attributes.int("start", 0)?);
    let end = clamp(n.attributes.int("end", rank)?);
    let part = shape.get(start..end).unwrap_or_default();
    Ok(vec![n.integers(DType::I64, &[part.len()], part)?])
}

/// The number of elements of the input.
pub(super) fn size(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let elements = n.ty(n.input(0)?).elements() as i64;
    Ok(vec![n.integers(DType::I64, &[], &[elements])?])
}

/// Coordinates of the elements that are not zero, one column each.
pub(super) fn non_zero(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let tensor = n.constant(n.input(0)?, "how many elements there are")?;
    let shape = tensor.shape();
    let found: Vec<usize> = tensor.to_f64s().iter().enumerate().filter(|(_, v)| **v != 0.0).map(|(i, _)| i).collect();
    let mut coordinates = Vec::with_capacity(found.len() * shape.len());
    for axis in 0..shape.len() {
        let stride: usize = shape[axis + 1..].iter().product();
        coordinates.extend(found.iter().map(|i| (i / stride % shape[axis]) as i64));
    }
    Ok(vec![n.integers(DType::I64, &[shape.len(), found.len()], &coordinates)?])
}
