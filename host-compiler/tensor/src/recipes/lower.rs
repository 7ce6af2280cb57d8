//! Which recipe an operator has.

use lathe_graph::{Op, TensorType};

use super::batch_norm::Statistics;
use super::error::Refusal;
use super::image::Image;
use super::kind::AnchorKind;
use super::lowered::Lowered;
use super::{
    arg_reduce, batch_norm, binary, cast, concat, conv, conv_transpose, cumsum, einsum, gather, gru, instance_norm,
    layer_norm, lstm, matmul, one_hot, pad, pool, quantize, reduce, reshape, resize, scatter, select, slice, softmax,
    tile, topk, transpose, trilu, unary,
};
use crate::program::build::{Builder, Operand};

fn signed(list: &[usize]) -> Vec<i64> {
    list.iter().map(|&e| e as i64).collect()
}

fn steps(list: &[isize]) -> Vec<i64> {
    list.iter().map(|&e| e as i64).collect()
}

/// Appends the stages of `op` on `inputs`; its results have the types `results`.
pub(super) fn lower(b: &mut Builder, op: &Op, inputs: &[Operand], results: &[TensorType]) -> Result<Lowered, Refusal> {
    if let Some(lowered) = anchored(b, op, inputs, results)? {
        return Ok(lowered);
    }
    let result = injective(b, op, inputs)?;
    Ok(Lowered::last(b, vec![result], AnchorKind::Injective))
}

const OPERANDS: Refusal = Refusal::Malformed("the number of operands");

/// Operators whose results depend on few elements each.
fn injective(b: &mut Builder, op: &Op, inputs: &[Operand]) -> Result<Operand, Refusal> {
    Ok(match (op, inputs) {
        (Op::Unary(f), [x]) => unary::unary(b, *f, x)?,
        (Op::Binary(f), [x, y]) => binary::binary(b, *f, x, y)?,
        (Op::Select, [c, x, y]) => select::select(b, c, x, y)?,
        (Op::Cast(dtype), [x]) => cast::cast(b, x, *dtype),
        (Op::Reshape { shape }, [x]) => {
            let shape = signed(shape);
            if shape.iter().product::<i64>() != x.elements() {
                return Err(Refusal::Malformed("a shape of another number of elements"));
            }
            reshape::reshape(b, x, &shape)
        }
        (Op::Transpose { perm }, [x]) => transpose::transpose(b, x, perm)?,
        (Op::Expand { shape }, [x]) if shape.len() >= x.rank() => transpose::expand(b, x, &signed(shape)),
        (Op::Slice { starts, sizes, steps: by }, [x]) if [starts.len(), sizes.len(), by.len()] == [x.rank(); 3] => {
            slice::slice(b, x, &signed(starts), &signed(sizes), &steps(by))
        }
        (Op::Concat { axis }, parts) => concat::concat(b, parts, *axis)?,
        (Op::Pad { before, after, mode }, [x]) => pad::pad(b, x, &steps(before), &steps(after), *mode)?,
        (Op::Tile { repeats }, [x]) if repeats.len() == x.rank() => tile::tile(b, x, &signed(repeats)),
        (Op::Gather { axis }, [x, indices]) => gather::gather(b, x, indices, *axis)?,
        (Op::GatherElements { axis }, [x, indices]) => gather::gather_elements(b, x, indices, *axis)?,
        (Op::GatherNd { batch_dims }, [x, indices]) => gather::gather_nd(b, x, indices, *batch_dims)?,
        (Op::Trilu { upper, k }, [x]) => trilu::trilu(b, x, *upper, *k)?,
        (Op::OneHot { axis, depth }, [indices, values]) => one_hot::one_hot(b, indices, values, *axis, *depth as i64)?,
        (Op::BatchNorm { epsilon, layout }, [x, scale, bias, mean, variance]) => {
            let statistics = Statistics { scale, bias, mean, variance, epsilon: *epsilon };
            batch_norm::batch_norm(b, x, statistics, *layout)?
        }
        (Op::Quantize { axis }, [x, scale, zero]) => quantize::quantize(b, x, scale, zero, *axis)?,
        (Op::Dequantize { axis }, [x, scale, zero]) => quantize::dequantize(b, x, scale, zero, *axis)?,
        _ => return Err(OPERANDS),
    })
}

/// Operators with a main stage of their own; `None` for the injective ones.
fn anchored(b: &mut Builder, op: &Op, inputs: &[Operand], results: &[TensorType]) -> Result<Option<Lowered>, Refusal> {
    Ok(Some(match (op, inputs) {
        (Op::ScatterNd { combine }, [x, indices, updates]) => {
            let result = scatter::scatter_nd(b, x, indices, updates, *combine)?;
            Lowered::last(b, vec![result], AnchorKind::Opaque)
        }
        (Op::ScatterElements { axis, combine }, [x, indices, updates]) => {
            let result = scatter::scatter_elements(b, x, indices, updates, *axis, *combine)?;
            Lowered::last(b, vec![result], AnchorKind::Opaque)
        }
        (Op::CumSum { axis, exclusive, reverse }, [x]) => cumsum::cumsum(b, x, *axis, *exclusive, *reverse)?,
        (Op::Resize { sizes, scales, map, interpolation, antialias }, [x]) => {
            let sampling = resize::Sampling { map: *map, interpolation: *interpolation, antialias: *antialias };
            resize::resize(b, x, &signed(sizes), scales, sampling)?
        }
        (Op::Reduce { reduction, axes }, [x]) => reduce::reduce(b, x, *reduction, axes)?,
        (Op::ArgReduce { max, axis, select_last }, [x]) => arg_reduce::arg_reduce(b, x, *max, *axis, *select_last)?,
        (Op::TopK { axis, k, largest }, [x]) => topk::topk(b, x, *axis, *k as i64, *largest)?,
        (Op::Conv { window, groups, layout }, [x, w, bias @ ..]) if bias.len() < 2 => {
            conv::conv(b, x, w, bias.first(), window, *groups as i64, *layout)?
        }
        (Op::ConvTranspose { window, groups, layout, .. }, [x, w, bias @ ..]) if bias.len() < 2 => {
            let shape = results.first().map(|t| signed(&t.shape)).ok_or(OPERANDS)?;
            if shape.len() != x.rank() {
                return Err(Refusal::Malformed("the result's rank"));
            }
            let (_, out, _) = Image::of(x, *layout)?.split(&shape);
            let weights = conv_transpose::Weights { kernel: w, bias: bias.first(), groups: *groups as i64 };
            conv_transpose::conv_transpose(b, x, weights, window, *layout, &out)?
        }
        (Op::MatMul { transpose_a, transpose_b }, [x, y]) => matmul::matmul(b, x, y, *transpose_a, *transpose_b)?,
        (Op::Einsum { equation }, operands) => einsum::einsum(b, operands, equation)?,
        (Op::Pool { pool: f, window, output, layout }, [x]) => pool::pool(b, x, *f, window, &signed(output), *layout)?,
        (Op::Softmax { axes, log }, [x]) => softmax::softmax(b, x, axes, *log)?,
        (Op::LayerNorm { axis, epsilon }, [x, scale, bias]) => {
            layer_norm::layer_norm(b, x, scale, bias, *axis, *epsilon)?
        }
        (Op::RmsNorm { axis, epsilon }, [x, scale]) => layer_norm::rms_norm(b, x, scale, *axis, *epsilon)?,
        (Op::InstanceNorm { epsilon, layout }, [x, scale, bias]) => {
            instance_norm::instance_norm(b, x, scale, bias, *epsilon, *layout)?
        }
        (Op::Lstm { direction, hidden }, operands) => {
            let operands = <&[Operand; 7]>::try_from(operands).map_err(|_| OPERANDS)?;
            lstm::lstm(b, operands, *direction, *hidden as i64)?
        }
        (Op::Gru { direction, hidden, linear_before_reset }, operands) => {
            let operands = <&[Operand; 5]>::try_from(operands).map_err(|_| OPERANDS)?;
            gru::gru(b, operands, *direction, *hidden as i64, *linear_before_reset)?
        }
        _ => return Ok(None),
    }))
}
