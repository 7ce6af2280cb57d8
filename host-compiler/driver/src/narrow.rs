//! Weights that are 8-bit integers times a scale are stored as those integers, where flash is scarce.
//!
//! Contract: nothing is lost, every product of an integer and the scale is the weight, bit for bit. The kernel that reads
//! the weights multiplies them out as it goes, so that no memory holds them at full width.
//!
//! ```text
//! const %w: f32[64,64,1,1]                      const %w.q: i8[64,64,1,1], %w.scale: f32[], %w.zero: i8[]
//! %y = Conv(%x, %w, %b)                   ->    %w.wide: f32[64,64,1,1] = Dequantize(%w.q, %w.scale, %w.zero)
//!                                               %y = Conv(%x, %w.wide, %b)              (one group)
//! ```

use lathe_graph::{DType, Graph, Node, NodeId, Op, Tensor, ValueId};

/// Fewer weights are not worth the instructions that widen them.
const LEAST: usize = 256;

/// Narrows the weights of every convolution and matrix product that anchors a group of `groups` (nodes, anchor), and adds
/// what widens them to the group.
pub fn narrow_weights(graph: &mut Graph, groups: &mut [(Vec<NodeId>, NodeId)]) {
    let consumers = graph.consumers();
    for (nodes, anchor) in groups {
        let node = &graph.nodes[anchor.0 as usize];
        if !matches!(node.op, Op::Conv { .. } | Op::MatMul { .. }) {
            continue;
        }
        let alone = |v: &ValueId| consumers.get(v).is_some_and(|c| c.len() == 1);
        let found = node.inputs.iter().enumerate().filter(|(_, v)| alone(v));
        let found = found.filter_map(|(k, &v)| Some((k, v, Narrow::of(graph.constant(v)?)?))).next();
        if let Some((operand, weights, narrow)) = found {
            let wide = widened(graph, weights, narrow);
            nodes.insert(0, NodeId(graph.nodes.len() as u32 - 1));
            graph.nodes[anchor.0 as usize].inputs[operand] = wide;
        }
    }
}

/// Adds the node that widens `weights`, as the last of the graph; its result.
fn widened(graph: &mut Graph, weights: ValueId, narrow: Narrow) -> ValueId {
    let (name, ty) = (graph.value(weights).name.clone(), graph.ty(weights).clone());
    let quantised = graph.add_constant(format!("{name}.q"), narrow.integers);
    let scale = graph.add_constant(format!("{name}.scale"), narrow.scale);
    let zero = graph.add_constant(format!("{name}.zero"), narrow.zero);
    let wide = graph.add_value(format!("{name}.wide"), ty);
    let inputs = vec![quantised, scale, zero];
    // It has no name: people know the node it is part of.
    graph.nodes.push(Node { name: String::new(), op: Op::Dequantize { axis: 0 }, inputs, outputs: vec![wide] });
    wide
}

/// Weights as integers, and what makes them weights again.
struct Narrow {
    integers: Tensor,
    scale: Tensor,
    zero: Tensor,
}

impl Narrow {
    /// `tensor` in narrow form, when it has one.
    fn of(tensor: &Tensor) -> Option<Narrow> {
        if tensor.dtype() != DType::F32 || tensor.ty().elements() < LEAST {
            return None;
        }
        let values = tensor.to_vec::<f32>()?;
        let scale = scale_of(&values)?;
        let integers: Vec<i8> = values.iter().filter_map(|v| multiple(*v, scale)).collect();
        Some(Narrow {
            integers: Tensor::from_slice(tensor.shape(), &integers)?,
            scale: Tensor::from_slice(&[], &[scale])?,
            zero: Tensor::from_slice(&[], &[0i8])?,
        })
    }
}

/// A scale of which every value is an 8-bit multiple. The greatest magnitude is some multiple, which leaves few scales to
/// try, up to rounding.
fn scale_of(values: &[f32]) -> Option<f32> {
    let most = values.iter().fold(0f32, |most, v| most.max(v.abs()));
    let near = |scale: f32| [scale, scale.next_up(), scale.next_down()];
    let mut scales = (1..=128u8).rev().flat_map(|k| near(most / f32::from(k)));
    scales.find(|s| s.is_normal() && values.iter().all(|v| multiple(*v, *s).is_some()))
}

/// The integer that `scale` makes `value`.
fn multiple(value: f32, scale: f32) -> Option<i8> {
    let q = (value / scale).round();
    let integer = q as i8; // saturates, and has no negative zero
    let same = (f32::from(integer) * scale).to_bits() == value.to_bits();
    same.then_some(integer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(values: &[f32]) -> Tensor {
        Tensor::from_slice(&[values.len()], values).unwrap()
    }

    #[test]
    fn multiples_of_a_scale_are_found_and_nothing_else() {
        for scale in [0.003_141_59_f32, 1.0, 0.1, 7.3e-5] {
            for most in [127, 128, 50, 3] {
                let integers: Vec<i32> =
                    (0..300).map(|i| (i * 37) % most - most / 2).chain([-most, most - 1]).collect();
                let values: Vec<f32> = integers.iter().map(|&q| q as f32 * scale).collect();
                let narrow = Narrow::of(&tensor(&values)).unwrap();
                let (integers, scale) =
                    (narrow.integers.to_vec::<i8>().unwrap(), narrow.scale.to_vec::<f32>().unwrap());
                let back: Vec<f32> = integers.iter().map(|&q| f32::from(q) * scale[0]).collect();
                assert_eq!(back, values);
                let mut negative_zero = values.clone();
                negative_zero[0] = -0.0;
                assert!(Narrow::of(&tensor(&negative_zero)).is_none(), "no integer is a negative zero");
                let mut off = values.clone();
                off[17] = off[17].next_up();
                assert!(Narrow::of(&tensor(&off)).is_none());
            }
        }
        assert!(Narrow::of(&tensor(&[1.0; 10])).is_none(), "too few");
        let real: Vec<f32> = (0..300).map(|i| (i as f32).sin()).collect();
        assert!(Narrow::of(&tensor(&real)).is_none());
        assert!(Narrow::of(&tensor(&[0.0; 300])).is_none());
        assert!(Narrow::of(&tensor(&[f32::NAN; 300])).is_none());
    }
}
