//! Gathers, scatters, one-hot, top-k.

use lathe_graph::op::ScatterCombine;
use lathe_graph::{DType, Op, Tensor};

use super::{Random, check, indices};

#[test]
fn gathers() {
    let mut random = Random::new(20);
    for dtype in [DType::F32, DType::F16, DType::Bool] {
        let at = indices(&[2, 2], &[0, -1, 2, -3]);
        check(Op::Gather { axis: 1 }, vec![random.tensor(dtype, &[2, 3, 4]), at]);
        check(Op::Gather { axis: 0 }, vec![random.tensor(dtype, &[5, 2]), indices(&[], &[3])]);
        let at = indices(&[1, 2, 2], &[0, 2, -1, 1]);
        check(Op::GatherElements { axis: 1 }, vec![random.tensor(dtype, &[2, 3, 4]), at]);
        let at = indices(&[2, 2], &[0, 1, 1, -1]);
        check(Op::GatherNd { batch_dims: 0 }, vec![random.tensor(dtype, &[2, 3, 4]), at.clone()]);
        check(Op::GatherNd { batch_dims: 0 }, vec![random.tensor(dtype, &[2, 2]), at]);
        let at = indices(&[2, 1], &[2, 0]);
        check(Op::GatherNd { batch_dims: 1 }, vec![random.tensor(dtype, &[2, 3, 4]), at]);
    }
    let at = Tensor::from_slice(&[3], &[1i32, -2, 0]).expect("three");
    check(Op::Gather { axis: 2 }, vec![random.tensor(DType::I64, &[2, 3, 2]), at]);
}

#[test]
fn scatters() {
    let mut random = Random::new(21);
    let combines =
        [ScatterCombine::Replace, ScatterCombine::Add, ScatterCombine::Mul, ScatterCombine::Max, ScatterCombine::Min];
    for combine in combines {
        for dtype in [DType::F32, DType::I32] {
            let at = indices(&[3, 1], &[4, 1, 1]);
            let updates = random.tensor(dtype, &[3, 2]);
            check(Op::ScatterNd { combine }, vec![random.tensor(dtype, &[5, 2]), at, updates]);
            let at = indices(&[2, 2], &[0, -1, 3, -1]);
            let updates = random.tensor(dtype, &[2]);
            check(Op::ScatterNd { combine }, vec![random.tensor(dtype, &[4, 3]), at, updates]);
            let at = indices(&[2, 3], &[1, 0, 2, -1, 0, 0]);
            let updates = random.tensor(dtype, &[2, 3]);
            let op = Op::ScatterElements { axis: 1, combine };
            check(op, vec![random.tensor(dtype, &[2, 4]), at, updates]);
        }
    }
}

#[test]
fn one_hot() {
    let mut random = Random::new(22);
    for axis in 0..=2 {
        let values = Tensor::from_slice(&[2], &[-1.0f32, 3.0]).expect("two");
        check(Op::OneHot { axis, depth: 4 }, vec![indices(&[2, 3], &[0, 3, -1, 2, -4, 9]), values]);
    }
    let values = random.tensor(DType::I64, &[2]);
    let at = Tensor::from_slice(&[2], &[1.0f32, -2.0]).expect("two");
    check(Op::OneHot { axis: 1, depth: 3 }, vec![at, values]);
}

#[test]
fn topk_with_ties() {
    let mut random = Random::new(23);
    for largest in [true, false] {
        for dtype in [DType::F32, DType::F16, DType::I32, DType::U8] {
            check(Op::TopK { axis: 1, k: 3, largest }, vec![random.tensor(dtype, &[2, 7, 3])]);
            check(Op::TopK { axis: 0, k: 5, largest }, vec![random.range(dtype, &[5], 0.0, 2.0)]);
        }
        let ties = Tensor::from_slice(&[6], &[1.0f32, 2.0, 1.0, 2.0, 0.0, 2.0]).expect("six");
        check(Op::TopK { axis: 0, k: 4, largest }, vec![ties]);
    }
}
