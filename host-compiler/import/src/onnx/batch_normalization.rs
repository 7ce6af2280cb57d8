//! BatchNormalization, with the stored statistics as at inference, or with those of the batch.

use lathe_graph::op::{Binary, Layout, Reduction};
use lathe_graph::{Op, ValueId};

use crate::translate::{Fault, NodeContext};

pub(super) fn translate(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    if !n.attributes.flag("spatial", true)? {
        return Err(Fault::Unsupported("statistics per element (spatial = 0) are not supported".into()));
    }
    let x = n.input(0)?;
    let dtype = n.dtype(x);
    let mut parameters = Vec::new();
    for i in 1..5 {
        let parameter = n.input(i)?;
        parameters.push(n.cast(parameter, dtype)?);
    }
    let training = n.attributes.flag("training_mode", false)?;
    if !training {
        if (1..5).any(|i| n.wants(i)) {
            return Err(Fault::Unsupported("statistics as outputs exist in training mode only".into()));
        }
        return Ok(vec![normalise(n, x, &parameters)?]);
    }
    let stored = [parameters[2], parameters[3]];
    let current = batch_statistics(n, x)?;
    parameters[2..].copy_from_slice(&current);
    let mut results = vec![normalise(n, x, &parameters)?];
    let momentum = f64::from(n.attributes.float("momentum", 0.9)?);
    for (stored, current) in stored.into_iter().zip(current) {
        let kept = n.with_scalar(Binary::Mul, stored, momentum)?;
        let added = n.with_scalar(Binary::Mul, current, 1.0 - momentum)?;
        results.push(n.binary(Binary::Add, kept, added)?);
    }
    Ok(results)
}

fn normalise(n: &mut NodeContext, x: ValueId, parameters: &[ValueId]) -> Result<ValueId, Fault> {
    let epsilon = n.attributes.float("epsilon", 1e-5)?;
    let operands = [&[x], parameters].concat();
    n.push(Op::BatchNorm { epsilon, layout: Layout::ChannelsFirst }, &operands)
}

/// Mean and variance of each channel.
fn batch_statistics(n: &mut NodeContext, x: ValueId) -> Result<[ValueId; 2], Fault> {
    let shape = n.shape(x);
    let channels = shape.get(1).copied().unwrap_or(1);
    let axes: Vec<usize> = (0..shape.len()).filter(|&d| d != 1).collect();
    let mean = n.reduce(Reduction::Mean, x, &axes)?;
    let centred = n.binary(Binary::Sub, x, mean)?;
    let squares = n.binary(Binary::Mul, centred, centred)?;
    let variance = n.reduce(Reduction::Mean, squares, &axes)?;
    Ok([n.reshape(mean, &[channels])?, n.reshape(variance, &[channels])?])
}
