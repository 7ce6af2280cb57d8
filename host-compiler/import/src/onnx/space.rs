//! DepthToSpace and SpaceToDepth: a reshape, a transpose and a reshape.

use lathe_graph::ValueId;

use crate::translate::{Fault, NodeContext};

/// The block size and the image's four extents.
fn geometry(n: &NodeContext, x: ValueId) -> Result<(usize, [usize; 4]), Fault> {
    let block = n.attributes.required_int("blocksize")?;
    let block = usize::try_from(block).ok().filter(|&b| b > 0 && b <= 1 << 16);
    let block = block.ok_or_else(|| Fault::Invalid("blocksize must be positive".into()))?;
    let shape = <[usize; 4]>::try_from(n.shape(x));
    Ok((block, shape.map_err(|shape| Fault::Invalid(format!("input 0 of shape {shape:?} must have 4 dimensions")))?))
}

/// Channels become blocks of pixels; in mode DCR the block is outside the channels, in CRD inside.
pub(super) fn depth_to_space(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let x = n.input(0)?;
    let (b, [batch, channels, height, width]) = geometry(n, x)?;
    if channels % (b * b) != 0 {
        return Err(Fault::Invalid(format!("{channels} channels do not divide into blocks of {b} x {b}")));
    }
    let depth = channels / (b * b);
    let (split, perm) = match n.attributes.string("mode", "DCR")? {
        "DCR" => ([batch, b, b, depth, height, width], [0, 3, 4, 1, 5, 2]),
        "CRD" => ([batch, depth, b, b, height, width], [0, 1, 4, 2, 5, 3]),
        other => return Err(Fault::Invalid(format!("mode '{other}' is neither DCR nor CRD"))),
    };
    let blocks = n.reshape(x, &split)?;
    let moved = n.transpose(blocks, &perm)?;
    Ok(vec![n.reshape(moved, &[batch, depth, height * b, width * b])?])
}

/// Blocks of pixels become channels.
pub(super) fn space_to_depth(n: &mut NodeContext) -> Result<Vec<ValueId>, Fault> {
    let x = n.input(0)?;
    let (b, [batch, channels, height, width]) = geometry(n, x)?;
    if height % b != 0 || width % b != 0 {
        return Err(Fault::Invalid(format!("{height} x {width} does not divide into blocks of {b} x {b}")));
    }
    let perm = match n.attributes.string("mode", "DCR")? {
        "DCR" => [0, 3, 5, 1, 2, 4],
        "CRD" => [0, 1, 3, 5, 2, 4],
        other => return Err(Fault::Invalid(format!("mode '{other}' is neither DCR nor CRD"))),
    };
    let blocks = n.reshape(x, &[batch, channels, height / b, b, width / b, b])?;
    let moved = n.transpose(blocks, &perm)?;
    Ok(vec![n.reshape(moved, &[batch, channels * b * b, height / b, width / b])?])
}
