//! Softmax and normalisations.

use lathe_graph::op::Layout;
use lathe_graph::{DType, Op, Tensor};

use super::{Random, check};

#[test]
fn softmax_over_axes() {
    let mut random = Random::new(40);
    for log in [false, true] {
        for dtype in [DType::F32, DType::F16, DType::F64] {
            for axes in [vec![2], vec![0], vec![1, 2]] {
                check(Op::Softmax { axes, log }, vec![random.range(dtype, &[2, 3, 5], -9.0, 9.0)]);
            }
        }
        let large = Tensor::from_slice(&[1, 4], &[1000.0f32, 999.0, -1000.0, 998.5]).expect("four");
        check(Op::Softmax { axes: vec![1], log }, vec![large]);
    }
}

#[test]
fn layer_and_rms_norm() {
    let mut random = Random::new(41);
    for dtype in [DType::F32, DType::F16] {
        for axis in [1, 2] {
            let shape: Vec<usize> = [2, 3, 8][axis..].to_vec();
            let x = || vec![Random::new(axis as u64).range(dtype, &[2, 3, 8], -3.0, 5.0)];
            let mut operands = x();
            operands.extend([random.tensor(dtype, &shape), random.tensor(dtype, &shape)]);
            check(Op::LayerNorm { axis, epsilon: 1e-5 }, operands);
            let mut operands = x();
            operands.push(random.tensor(dtype, &shape));
            check(Op::RmsNorm { axis, epsilon: 1e-6 }, operands);
        }
    }
    // a large mean must not swallow the variance
    let x = random.range(DType::F32, &[2, 16], 1000.0, 1001.0);
    let (scale, bias) = (random.tensor(DType::F32, &[16]), random.tensor(DType::F32, &[16]));
    let op = Op::LayerNorm { axis: 1, epsilon: 1e-5 };
    let graph = super::graph_of(&op, &[super::Given::Input(x), super::Given::Input(scale), super::Given::Input(bias)]);
    let group = super::program_for_group(&graph, &[lathe_graph::NodeId(0)], lathe_graph::NodeId(0)).expect("a program");
    assert!(group.program.stages.iter().any(|s| s.name == "squares"), "two passes");
}

#[test]
fn batch_and_instance_norm() {
    let mut random = Random::new(42);
    for layout in [Layout::ChannelsFirst, Layout::ChannelsLast] {
        let shape = match layout {
            Layout::ChannelsFirst => [2, 3, 4, 5],
            Layout::ChannelsLast => [2, 4, 5, 3],
        };
        for dtype in [DType::F32, DType::F16] {
            let mut channel = |low: f64| random.range(dtype, &[3], low, 2.0);
            let operands = vec![channel(-2.0), channel(-2.0), channel(-2.0), channel(0.1)];
            let mut all = vec![Random::new(7).tensor(dtype, &shape)];
            all.extend(operands.clone());
            check(Op::BatchNorm { epsilon: 1e-3, layout }, all);
            let mut some = vec![Random::new(8).tensor(dtype, &shape)];
            some.extend(operands.into_iter().take(2));
            check(Op::InstanceNorm { epsilon: 1e-5, layout }, some);
        }
    }
}
