//! `pack BUFFER DIM…`: a constant is stored in another order, blocked so that what is read together lies together.
//!
//! Contract: the buffer is a constant not packed before; each dimension is named whole (`d`) or as a pair of outer
//! (`d/block`) and inner (`d%block`). Elements beyond the original are zero. The data is rearranged at compile time.
//!
//! ```text
//! pack w 0/16 1 0%16:   w[o, i]   ->   w[o / 16, i, o % 16]
//! ```

use super::{Outcome, Schedule, refuse};
use crate::expr::{BufferId, Expr};
use crate::program::Role;
use crate::schedule::packing::{PackedDim, Packing};

pub(super) fn pack(s: &mut Schedule, name: &str, dims: &[PackedDim]) -> Outcome {
    let Some(position) = s.program.buffers.iter().position(|b| b.name == name) else {
        return refuse(name, format!("there is no buffer `{name}`"));
    };
    let id = BufferId(position as u32);
    let buffer = s.program.buffer(id).clone();
    if buffer.role != Role::Constant || s.packings.contains_key(&id) {
        return refuse(name, "only a constant can be packed, and once");
    }
    for source in 0..buffer.shape.len() {
        let of: Vec<PackedDim> = dims.iter().copied().filter(|d| d.source() == source).collect();
        let complete = match of.as_slice() {
            [PackedDim::Whole { .. }] => true,
            [PackedDim::Outer { block: a, .. }, PackedDim::Inner { block: b, .. }]
            | [PackedDim::Inner { block: b, .. }, PackedDim::Outer { block: a, .. }] => a == b,
            _ => false,
        };
        if !complete {
            return refuse(
                name,
                format!("dimension {source} must appear once whole, or once as outer and inner of one block"),
            );
        }
    }
    if dims.iter().any(|d| d.source() >= buffer.shape.len()) {
        return refuse(name, format!("`{name}` has only {} dimensions", buffer.shape.len()));
    }
    let packing = Packing { shape: buffer.shape.clone(), dims: dims.to_vec() };
    for stage in &mut s.program.stages {
        stage.body = stage.body.map(&mut |e| repack(e, id, dims));
    }
    s.program.buffers[position].shape = packing.packed_shape();
    s.packings.insert(id, packing);
    Ok(())
}

fn repack(e: &Expr, buffer: BufferId, dims: &[PackedDim]) -> Expr {
    match e.clone().map_operands(&mut |x| repack(&x, buffer, dims)) {
        Expr::Load { buffer: b, index } if b == buffer => {
            let packed = dims.iter().map(|d| {
                let i = index.get(d.source()).cloned().unwrap_or(Expr::Index(0));
                match *d {
                    PackedDim::Whole { .. } => i,
                    PackedDim::Outer { block, .. } => i / Expr::Index(block),
                    PackedDim::Inner { block, .. } => i % Expr::Index(block),
                }
            });
            Expr::Load { buffer, index: packed.collect() }
        }
        e => e,
    }
}
