//! Walking tensors by strides.

/// Row-major strides of a shape, in elements.
pub(super) fn strides(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for d in (0..shape.len().saturating_sub(1)).rev() {
        strides[d] = strides[d + 1] * shape[d + 1];
    }
    strides
}

/// Strides that read a tensor of `shape` as if broadcast to `to`.
pub(super) fn broadcast_strides(shape: &[usize], to: &[usize]) -> Vec<usize> {
    let own = strides(shape);
    let pad = to.len() - shape.len();
    let stride = |d: usize| if d < pad || shape[d - pad] == 1 { 0 } else { own[d - pad] };
    (0..to.len()).map(stride).collect()
}

/// Length of the rows [`for_each_row`] visits.
pub(super) fn row_length(shape: &[usize]) -> usize {
    shape.last().copied().unwrap_or(1)
}

/// Step of an operand along a row.
pub(super) fn row_stride(strides: &[usize]) -> usize {
    strides.last().copied().unwrap_or(0)
}

/// Visits the rows (last dimension) of `shape` in row-major order with the offset of each operand at the row's start.
pub(super) fn for_each_row<const N: usize>(shape: &[usize], strides: [&[usize]; N], mut f: impl FnMut([usize; N])) {
    if shape.contains(&0) {
        return;
    }
    let outer = &shape[..shape.len().saturating_sub(1)];
    let mut index = vec![0usize; outer.len()];
    let mut offsets = [0usize; N];
    loop {
        f(offsets);
        let mut d = outer.len();
        loop {
            if d == 0 {
                return;
            }
            d -= 1;
            index[d] += 1;
            if index[d] < outer[d] {
                (0..N).for_each(|n| offsets[n] += strides[n][d]);
                break;
            }
            (0..N).for_each(|n| offsets[n] -= strides[n][d] * (outer[d] - 1));
            index[d] = 0;
        }
    }
}

/// The offset of every element of `shape` in row-major order.
pub(super) fn offsets(shape: &[usize], strides: &[usize]) -> Vec<usize> {
    let mut all = Vec::with_capacity(shape.iter().product());
    let (length, step) = (row_length(shape), row_stride(strides));
    for_each_row(shape, [strides], |[start]| all.extend((0..length).map(|i| start + i * step)));
    all
}

/// Splits a shape at `axis`: elements before it, its extent, elements behind it.
pub(super) fn around(shape: &[usize], axis: usize) -> (usize, usize, usize) {
    (shape[..axis].iter().product(), shape[axis], shape[axis + 1..].iter().product())
}
