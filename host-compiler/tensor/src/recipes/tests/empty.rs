//! Every kind of anchor with each extent zero: nothing to compute, or the sum of nothing.

use lathe_graph::op::{Direction, Layout, Pool, Reduction, Unary, Window};
use lathe_graph::{DType, NodeId, Op, Tensor};

use super::{Given, Random, check, graph_of, program_for_group};

/// Checks `op` on operands of the shapes that `shapes` gives for `extents`, with each of them zero in turn.
fn each_extent_zero<const N: usize>(
    extents: [usize; N],
    op: impl Fn([usize; N]) -> Op,
    shapes: impl Fn([usize; N]) -> Vec<Vec<usize>>,
) {
    for k in 0..N {
        let mut extents = extents;
        extents[k] = 0;
        let mut random = Random::new(80 + k as u64);
        let operands = shapes(extents).iter().map(|s| random.tensor(DType::F32, s)).collect::<Vec<Tensor>>();
        check(op(extents), operands);
    }
}

fn window() -> Window {
    Window {
        kernel: vec![3, 3],
        strides: vec![1, 1],
        dilations: vec![1, 1],
        pad_before: vec![1, 1],
        pad_after: vec![1, 1],
    }
}

fn image(layout: Layout, n: usize, c: usize) -> Vec<usize> {
    match layout {
        Layout::ChannelsFirst => vec![n, c, 5, 6],
        Layout::ChannelsLast => vec![n, 5, 6, c],
    }
}

const LAYOUTS: [Layout; 2] = [Layout::ChannelsFirst, Layout::ChannelsLast];

#[test]
fn reductions_and_rows() {
    for axes in [vec![0], vec![1], vec![2], vec![0, 1], vec![0, 2], vec![1, 2]] {
        let shape = |e: [usize; 3]| vec![e.to_vec()];
        for reduction in [Reduction::Sum, Reduction::Prod, Reduction::LogSumExp] {
            each_extent_zero([5, 3, 7], |_| Op::Reduce { reduction, axes: axes.clone() }, shape);
        }
        each_extent_zero([5, 3, 7], |_| Op::Softmax { axes: axes.clone(), log: false }, shape);
    }
    let op = |_| Op::LayerNorm { axis: 1, epsilon: 1e-5 };
    each_extent_zero([5, 3, 7], op, |e| vec![e.to_vec(), e[1..].to_vec(), e[1..].to_vec()]);
}

#[test]
fn products() {
    for (transpose_a, transpose_b) in [(false, false), (true, false), (false, true), (true, true)] {
        let turned = |turn: bool, [batch, a, b]: [usize; 3]| if turn { vec![batch, b, a] } else { vec![batch, a, b] };
        let shapes =
            |[batch, m, n, k]: [usize; 4]| vec![turned(transpose_a, [batch, m, k]), turned(transpose_b, [batch, k, n])];
        each_extent_zero([2, 3, 9, 4], |_| Op::MatMul { transpose_a, transpose_b }, shapes);
    }
}

#[test]
fn convolutions_and_pools() {
    for layout in LAYOUTS {
        let conv = |_| Op::Conv { window: window(), groups: 1, layout };
        each_extent_zero([2, 4, 3], conv, |[n, ic, oc]| vec![image(layout, n, ic), vec![oc, ic, 3, 3]]);
        let depthwise = |_| Op::Conv { window: window(), groups: 4, layout };
        each_extent_zero([2], depthwise, |[n]| vec![image(layout, n, 4), vec![4, 1, 3, 3]]);
        let deconv = |_| Op::ConvTranspose { window: window(), output_padding: vec![0, 0], groups: 1, layout };
        each_extent_zero([2, 4, 3], deconv, |[n, ic, oc]| vec![image(layout, n, ic), vec![ic, oc, 3, 3]]);
        let pool = |_| Op::Pool { pool: Pool::Max, window: window(), output: vec![5, 6], layout };
        each_extent_zero([2, 4], pool, |[n, c]| vec![image(layout, n, c)]);
    }
}

#[test]
fn element_wise_recurrent_and_opaque() {
    each_extent_zero([3, 4], |_| Op::Unary(Unary::Sigmoid), |e| vec![e.to_vec()]);
    let gru = || Op::Gru { direction: Direction::Forward, hidden: 5, linear_before_reset: false };
    let shapes = |time, batch, input| {
        vec![vec![time, batch, input], vec![1, 15, input], vec![1, 15, 5], vec![1, 30], vec![1, batch, 5]]
    };
    each_extent_zero([2, 3], |_| gru(), |[batch, input]| shapes(4, batch, input));
    let given: Vec<Given> =
        shapes(0, 2, 3).iter().map(|s| Given::Input(Random::new(90).tensor(DType::F32, s))).collect();
    let refused = program_for_group(&graph_of(&gru(), &given), &[NodeId(0)], NodeId(0));
    assert!(refused.is_err_and(|e| e.to_string().contains("no steps")));
    let sum = |_| Op::CumSum { axis: 1, exclusive: false, reverse: false };
    each_extent_zero([3, 4], sum, |e| vec![e.to_vec()]);
}
