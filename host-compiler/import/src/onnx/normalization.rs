//! InstanceNormalization, LayerNormalization, RMSNormalization, GroupNormalization,
//! MeanVarianceNormalization, LpNormalization, LRN.

use lathe_graph::op::{Binary, Layout, Pool, Reduction, Unary, Window};
use lathe_graph::{Op, ValueId};

use crate::translate::{Fault, NodeContext};

const EPSILON: f32 = 1e-5;

/// Over the spatial dimensions of each image and channel.
pub(super) fn instance(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let epsilon = n.attributes.float("epsilon", EPSILON)?;
    let operands = [n.input(0)?, n.input(1)?, n.input(2)?];
    Ok(vec![n.push(Op::InstanceNorm { epsilon, layout: Layout::ChannelsFirst }, &operands)?])
}

/// Over the dimensions from `axis` on; mean and inverse deviation are further results.
pub(super) fn layer(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let epsilon = n.attributes.float("epsilon", EPSILON)?;
    let (x, scale) = (n.input(0)?, n.input(1)?);
    let axis = n.axis(n.attributes.int("axis", -1)?, n.rank(x))?;
    let bias = match n.optional(2) {
        Some(bias) => bias,
        None => n.scalar(n.dtype(x), 0.0),
    };
    let mut results = vec![n.push(Op::LayerNorm { axis, epsilon }, &[x, scale, bias])?];
    if n.wants(1) || n.wants(2) {
        let axes: Vec<usize> = (axis..n.rank(x)).collect();
        let mean = n.reduce(Reduction::Mean, x, &axes)?;
        let centred = n.binary(Binary::Sub, x, mean)?;
        let squares = n.binary(Binary::Mul, centred, centred)?;
        let variance = n.reduce(Reduction::Mean, squares, &axes)?;
        results.extend([mean, inverse_root(n, variance, epsilon)?]);
    }
    Ok(results)
}

/// 1 / sqrt(x + epsilon)
fn inverse_root(n: &mut NodeContext, x: ValueId, epsilon: f32) -> Result<ValueId, Fault> {
    let shifted = n.with_scalar(Binary::Add, x, f64::from(epsilon))?;
    let root = n.unary(Unary::Sqrt, shifted)?;
    n.unary(Unary::Reciprocal, root)
}

/// By the root of the mean square over the dimensions from `axis` on.
pub(super) fn rms(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let epsilon = n.attributes.float("epsilon", EPSILON)?;
    let (x, scale) = (n.input(0)?, n.input(1)?);
    let axis = n.axis(n.attributes.int("axis", -1)?, n.rank(x))?;
    let scale = n.cast(scale, n.dtype(x))?;
    Ok(vec![n.push(Op::RmsNorm { axis, epsilon }, &[x, scale])?])
}

/// Over the channels of a group and the spatial dimensions: instance normalisation of a reshaped tensor. Scale and bias
/// are per group before opset 21, per channel since.
pub(super) fn group(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let epsilon = n.attributes.float("epsilon", EPSILON)?;
    let groups = n.attributes.required_int("num_groups")?;
    let (x, scale, bias) = (n.input(0)?, n.input(1)?, n.input(2)?);
    let shape = n.shape(x);
    let channels = shape.get(1).copied().unwrap_or_default();
    let groups = usize::try_from(groups).ok().filter(|&g| g > 0 && channels > 0 && channels % g == 0);
    let groups = groups.ok_or_else(|| Fault::Invalid(format!("num_groups does not divide {channels} channels")))?;
    let (batch, rest) = (shape[0], shape[1..].iter().product::<usize>() / groups);
    let grouped = n.reshape(x, &[batch, groups, rest])?;
    let norm = Op::InstanceNorm { epsilon, layout: Layout::ChannelsFirst };
    if n.opset() < 21 {
        let result = n.push(norm, &[grouped, scale, bias])?;
        return Ok(vec![n.reshape(result, &shape)?]);
    }
    let (one, zero) = (n.filled(n.dtype(x), &[groups], 1.0)?, n.filled(n.dtype(x), &[groups], 0.0)?);
    let normalised = n.push(norm, &[grouped, one, zero])?;
    let normalised = n.reshape(normalised, &shape)?;
    let mut per_channel = vec![1; shape.len() - 1];
    per_channel[0] = channels;
    let (scale, bias) = (n.reshape(scale, &per_channel)?, n.reshape(bias, &per_channel)?);
    let scaled = n.binary(Binary::Mul, normalised, scale)?;
    Ok(vec![n.binary(Binary::Add, scaled, bias)?])
}

/// (x - mean) / (deviation + 1e-9) over `axes`.
pub(super) fn mean_variance(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let x = n.input(0)?;
    let axes = n.axes(n.attributes.ints("axes")?.unwrap_or(&[0, 2, 3]), n.rank(x))?;
    let mean = n.reduce(Reduction::Mean, x, &axes)?;
    let centred = n.binary(Binary::Sub, x, mean)?;
    let squares = n.binary(Binary::Mul, centred, centred)?;
    let variance = n.reduce(Reduction::Mean, squares, &axes)?;
    let deviation = n.unary(Unary::Sqrt, variance)?;
    let deviation = n.with_scalar(Binary::Add, deviation, 1e-9)?;
    Ok(vec![n.binary(Binary::Div, centred, deviation)?])
}

/// Divided by the p-norm along `axis`; where that is zero, zero.
pub(super) fn lp(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let x = n.input(0)?;
    let axis = n.axis(n.attributes.int("axis", -1)?, n.rank(x))?;
    let reduction = match n.attributes.int("p", 2)? {
        1 => Reduction::L1,
        2 => Reduction::L2,
        p => return Err(Fault::Invalid(format!("p {p} is neither 1 nor 2"))),
    };
    let norm = n.reduce(reduction, x, &[axis])?;
    let zero = n.scalar(n.dtype(x), 0.0);
    let one = n.scalar(n.dtype(x), 1.0);
    let is_zero = n.binary(Binary::Equal, norm, zero)?;
    let divisor = n.push(Op::Select, &[is_zero, one, norm])?;
    Ok(vec![n.binary(Binary::Div, x, divisor)?])
}

/// x / (bias + alpha / size * sum of squares of `size` neighbouring channels)^beta. The sum is `size` times a mean of a
/// pool along the channels that counts its padding.
pub(super) fn local_response(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let alpha = f64::from(n.attributes.float("alpha", 1e-4)?);
    let beta = f64::from(n.attributes.float("beta", 0.75)?);
    let bias = f64::from(n.attributes.float("bias", 1.0)?);
    let size = n.attributes.required_int("size")?;
    let x = n.input(0)?;
    let shape = n.shape(x);
    let channels = shape.get(1).copied().unwrap_or_default();
    let size = usize::try_from(size).ok().filter(|&s| s > 0 && s <= 1 << 20 && shape.len() >= 2);
    let size = size.ok_or_else(|| Fault::Invalid("size must be positive and the input have channels".into()))?;
    let rest: usize = shape[2..].iter().product();
    let squares = n.binary(Binary::Mul, x, x)?;
    let image = n.reshape(squares, &[shape[0], 1, channels, rest])?;
    let window = Window {
        kernel: vec![size, 1],
        strides: vec![1, 1],
        dilations: vec![1, 1],
        pad_before: vec![(size - 1) / 2, 0],
        pad_after: vec![size / 2, 0],
    };
    let pool = Pool::Average { count_padding: true };
    let pool = Op::Pool { pool, window, output: vec![channels, rest], layout: Layout::ChannelsFirst };
    let mean = n.push(pool, &[image])?;
    let mean = n.reshape(mean, &shape)?;
    let scaled = n.with_scalar(Binary::Mul, mean, alpha)?;
    let base = n.with_scalar(Binary::Add, scaled, bias)?;
    let power = n.with_scalar(Binary::Pow, base, beta)?;
    Ok(vec![n.binary(Binary::Div, x, power)?])
}
