//! Reductions, extremes, running sums.

use lathe_graph::op::Reduction;
use lathe_graph::{DType, Op, Tensor};

use super::{Random, check};

const ALL: [Reduction; 10] = [
    Reduction::Sum,
    Reduction::Mean,
    Reduction::Max,
    Reduction::Min,
    Reduction::Prod,
    Reduction::L1,
    Reduction::L2,
    Reduction::LogSum,
    Reduction::LogSumExp,
    Reduction::SumSquare,
];

#[test]
fn every_reduction() {
    let mut random = Random::new(30);
    for reduction in ALL {
        for dtype in [DType::F32, DType::F16, DType::F64, DType::I32, DType::I64] {
            for axes in [vec![0], vec![1], vec![0, 2], vec![0, 1, 2], vec![]] {
                let x = if reduction == Reduction::LogSum {
                    random.range(dtype, &[2, 3, 4], 1.0, 5.0)
                } else {
                    random.tensor(dtype, &[2, 3, 4])
                };
                check(Op::Reduce { reduction, axes }, vec![x]);
            }
        }
    }
    for reduction in [Reduction::Max, Reduction::Min] {
        check(Op::Reduce { reduction, axes: vec![1] }, vec![random.tensor(DType::Bool, &[3, 4])]);
        check(Op::Reduce { reduction, axes: vec![1] }, vec![random.tensor(DType::U8, &[3, 4])]);
    }
}

#[test]
fn log_sum_exp_of_extremes() {
    let x = Tensor::from_slice(
        &[4, 2],
        &[1000.0f32, 1000.5, -1000.0, -1001.0, f32::NEG_INFINITY, 1.0, f32::NEG_INFINITY, f32::NEG_INFINITY],
    )
    .expect("eight");
    check(Op::Reduce { reduction: Reduction::LogSumExp, axes: vec![1] }, vec![x]);
}

#[test]
fn empty_reductions_give_the_identity() {
    let empty = || Tensor::from_slice::<f32>(&[0, 3], &[]).expect("nothing");
    for reduction in [Reduction::Sum, Reduction::Prod, Reduction::Max, Reduction::Min] {
        check(Op::Reduce { reduction, axes: vec![0] }, vec![empty()]);
    }
}

#[test]
fn extreme_indices() {
    let mut random = Random::new(31);
    for max in [true, false] {
        for select_last in [true, false] {
            for dtype in [DType::F32, DType::F16, DType::I32, DType::U8] {
                let op = Op::ArgReduce { max, axis: 1, select_last };
                check(op.clone(), vec![random.tensor(dtype, &[2, 9, 3])]);
                // many ties
                check(op, vec![random.range(dtype, &[2, 9], 0.0, 2.0)]);
            }
        }
    }
}

#[test]
fn running_sums() {
    let mut random = Random::new(32);
    for exclusive in [false, true] {
        for reverse in [false, true] {
            for axis in 0..3 {
                for dtype in [DType::F32, DType::F16, DType::I64] {
                    let op = Op::CumSum { axis, exclusive, reverse };
                    check(op, vec![random.tensor(dtype, &[3, 4, 2])]);
                }
            }
        }
    }
}
