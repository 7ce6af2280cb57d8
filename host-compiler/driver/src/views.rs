//! Nodes that only give the same bytes another shape.

use lathe_graph::{Graph, Node, Op};

/// Whether the node's result has exactly the bytes of its operand, so that both can be one buffer.
pub fn is_view(graph: &Graph, node: &Node) -> bool {
    let (&[x], &[y]) = (node.inputs.as_slice(), node.outputs.as_slice()) else { return false };
    let (from, to) = (graph.ty(x), graph.ty(y));
    if graph.constant(x).is_some() || from.bytes() != to.bytes() {
        return false;
    }
    match &node.op {
        Op::Reshape { .. } => true,
        // Dimensions of extent 1 may go anywhere.
        Op::Transpose { perm } => perm.iter().filter(|&&d| from.shape[d] != 1).is_sorted(),
        Op::Expand { .. } | Op::Concat { .. } | Op::Tile { .. } => true,
        Op::Slice { steps, .. } => steps.iter().zip(&to.shape).all(|(&s, &n)| s == 1 || n <= 1),
        Op::Pad { before, after, .. } => before.iter().chain(after).all(|&p| p == 0),
        Op::Cast(dtype) => *dtype == from.dtype,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use lathe_graph::{DType, TensorType};

    use super::*;

    fn view(op: Op, from: &[usize], to: &[usize]) -> bool {
        let mut graph = Graph::new("t");
        let x = graph.add_input("x", TensorType::new(DType::F32, from));
        let y = graph.add_value("y", TensorType::new(DType::F32, to));
        let node = Node { name: "n".into(), op, inputs: vec![x], outputs: vec![y] };
        is_view(&graph, &node)
    }

    #[test]
    fn moving_unit_dimensions_is_a_view() {
        let transpose = |perm: &[usize]| Op::Transpose { perm: perm.to_vec() };
        assert!(view(transpose(&[0, 3, 1, 2]), &[1, 1, 1, 8], &[1, 8, 1, 1]));
        assert!(view(transpose(&[1, 0, 2]), &[1, 4, 8], &[4, 1, 8]));
        assert!(!view(transpose(&[0, 2, 1]), &[1, 4, 8], &[1, 8, 4]));
    }

    #[test]
    fn what_moves_or_drops_elements_is_not() {
        let slice = |start: usize, size: usize| Op::Slice { starts: vec![start], sizes: vec![size], steps: vec![1] };
        assert!(view(slice(0, 8), &[8], &[8]));
        assert!(!view(slice(0, 4), &[8], &[4]));
        let reverse = Op::Slice { starts: vec![7], sizes: vec![8], steps: vec![-1] };
        assert!(!view(reverse, &[8], &[8]));
        assert!(view(Op::Reshape { shape: vec![2, 4] }, &[8], &[2, 4]));
    }
}
