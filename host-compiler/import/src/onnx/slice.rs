//! Slice and Split.

use lathe_graph::{Op, ValueId};

use crate::translate::{Fault, NodeContext, extents};

/// Ranges along some axes; ends beyond the extent are clamped. Attributes before opset 10, inputs since.
pub(super) fn slice(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let x = n.input(0)?;
    let shape = n.shape(x);
    let (starts, ends, axes, steps) = arguments(n)?;
    let axes = match axes {
        Some(axes) => axes.iter().map(|&a| n.axis(a, shape.len())).collect::<Result<Vec<_>, _>>()?,
        None => (0..starts.len()).collect(),
    };
    let steps = steps.unwrap_or_else(|| vec![1; starts.len()]);
    if [ends.len(), axes.len(), steps.len()] != [starts.len(); 3] || axes.iter().any(|&a| a >= shape.len()) {
        return Err(Fault::Invalid("starts, ends, axes and steps do not match".into()));
    }
    let mut first = vec![0; shape.len()];
    let mut sizes = shape.clone();
    let mut strides = vec![1; shape.len()];
    for (i, &axis) in axes.iter().enumerate() {
        let (start, size) = resolve(shape[axis], starts[i], ends[i], steps[i])
            .ok_or_else(|| Fault::Invalid("a step is zero or too large".into()))?;
        (first[axis], sizes[axis], strides[axis]) = (start, size, steps[i] as isize);
    }
    if sizes == shape && strides.iter().all(|&s| s == 1) {
        return Ok(vec![x]);
    }
    Ok(vec![n.push(Op::Slice { starts: first, sizes, steps: strides }, &[x])?])
}

type Arguments = (Vec<i64>, Vec<i64>, Option<Vec<i64>>, Option<Vec<i64>>);

fn arguments(n: &mut NodeContext) -> Result<Arguments, Fault> {
    let missing = || Fault::Invalid("starts or ends are missing".into());
    if n.opset() < 10 {
        let list = |name| n.attributes.ints(name).map(|l| l.map(<[i64]>::to_vec));
        return Ok((list("starts")?.ok_or_else(missing)?, list("ends")?.ok_or_else(missing)?, list("axes")?, None));
    }
    let decides = "the shape of the result";
    let starts = n.constant_ints(1, decides)?.ok_or_else(missing)?;
    let ends = n.constant_ints(2, decides)?.ok_or_else(missing)?;
    Ok((starts, ends, n.constant_ints(3, decides)?, n.constant_ints(4, decides)?))
}

/// First index and number of elements of `start..end` by `step` in a dimension of `extent`.
fn resolve(extent: usize, start: i64, end: i64, step: i64) -> Option<(usize, usize)> {
    let n = extent as i64;
    let from_end = |i: i64| if i < 0 { i.saturating_add(n) } else { i };
    let (low, high) = if step > 0 { (0, n) } else { (-1, n - 1) };
    let (start, end) = (from_end(start).clamp(low.max(0), high.max(0)), from_end(end).clamp(low, high));
    let span = if step > 0 { end - start } else { start - end };
    let stride = i64::try_from(step.unsigned_abs()).ok().filter(|&s| s > 0)?;
    let size = if span > 0 && n > 0 { (span - 1) / stride + 1 } else { 0 };
    Some((if size == 0 { 0 } else { start as usize }, size as usize))
}

/// Parts along `axis`: sizes given (attribute before opset 13, input since), or equal, the last one smaller.
pub(super) fn split(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let x = n.input(0)?;
    let axis = n.axis(n.attributes.int("axis", 0)?, n.rank(x))?;
    let extent = n.shape(x)[axis];
    let given = if n.opset() < 13 {
        n.attributes.ints("split")?.map(<[i64]>::to_vec)
    } else {
        n.constant_ints(1, "the shapes of the results")?
    };
    let sizes = match given {
        Some(sizes) => extents(&sizes, "the split")?,
        None => {
            let parts = n.attributes.maybe_int("num_outputs")?.map_or(n.output_count(), |p| p.max(0) as usize);
            equal_parts(extent, parts.min(n.output_count()), parts)?
        }
    };
    if sizes.len() < n.output_count() {
        return Err(Fault::Invalid(format!("{} sizes are given for {} outputs", sizes.len(), n.output_count())));
    }
    let mut start = 0usize;
    let mut results = Vec::with_capacity(sizes.len());
    for size in sizes {
        let end = start.checked_add(size).filter(|&e| e <= extent);
        let end = end.ok_or_else(|| Fault::Invalid(format!("the parts are larger than the extent {extent}")))?;
        results.push(n.slice(x, axis, start, size)?);
        start = end;
    }
    Ok(results)
}

/// The first `wanted` of `parts` parts, all of one size but the last.
fn equal_parts(extent: usize, wanted: usize, parts: usize) -> Result<Vec<usize>, Fault> {
    if parts == 0 {
        return Err(Fault::Invalid("it has no outputs".into()));
    }
    let size = extent.div_ceil(parts);
    Ok((0..wanted).map(|i| size.min(extent.saturating_sub(i.saturating_mul(size)))).collect())
}
