//! Reshape, transpose, slice, concat, pad, tile, expand, trilu.

use lathe_graph::op::PadMode;
use lathe_graph::{DType, Op};

use super::{Random, check};

#[test]
fn reshape_splits_and_merges() {
    let mut random = Random::new(10);
    let cases: [(&[usize], &[usize]); 10] = [
        (&[2, 3, 4], &[6, 4]),
        (&[6, 4], &[2, 3, 4]),
        (&[2, 3, 4], &[4, 6]),
        (&[1, 6, 1], &[6]),
        (&[6], &[1, 3, 1, 2, 1]),
        (&[4, 6], &[6, 4]),
        (&[2, 2, 5], &[2, 10]),
        (&[], &[1, 1]),
        (&[3, 1, 2], &[3, 2]),
        (&[2, 0, 3], &[0, 5]),
    ];
    for (from, to) in cases {
        check(Op::Reshape { shape: to.to_vec() }, vec![random.tensor(DType::F32, from)]);
    }
    // runs that only split need no division
    let group = check(Op::Reshape { shape: vec![2, 3, 4] }, vec![random.tensor(DType::F32, &[6, 4])]);
    let text = group.program.to_string();
    assert!(!text.contains('/') && !text.contains('%'), "{text}");
}

#[test]
fn transpose_and_expand() {
    let mut random = Random::new(11);
    for dtype in [DType::F32, DType::F16, DType::U8] {
        check(Op::Transpose { perm: vec![2, 0, 1] }, vec![random.tensor(dtype, &[2, 3, 4])]);
        check(Op::Transpose { perm: vec![0, 2, 3, 1] }, vec![random.tensor(dtype, &[2, 3, 4, 5])]);
        check(Op::Expand { shape: vec![2, 3, 4] }, vec![random.tensor(dtype, &[3, 1])]);
        check(Op::Expand { shape: vec![2, 2] }, vec![random.tensor(dtype, &[])]);
    }
}

#[test]
fn slices_with_steps() {
    let mut random = Random::new(12);
    let slice = |starts: &[usize], sizes: &[usize], steps: &[isize]| Op::Slice {
        starts: starts.to_vec(),
        sizes: sizes.to_vec(),
        steps: steps.to_vec(),
    };
    let mut x = || random.tensor(DType::I32, &[6, 7]);
    check(slice(&[1, 2], &[3, 4], &[1, 1]), vec![x()]);
    check(slice(&[0, 1], &[3, 3], &[2, 2]), vec![x()]);
    check(slice(&[5, 6], &[6, 3], &[-1, -3]), vec![x()]);
    check(slice(&[2, 3], &[1, 1], &[4, -2]), vec![x()]);
}

#[test]
fn concat_of_many() {
    let mut random = Random::new(13);
    for dtype in [DType::F32, DType::F16, DType::I64] {
        let parts = [1, 3, 2, 5].map(|e| random.tensor(dtype, &[2, e, 3]));
        check(Op::Concat { axis: 1 }, parts.to_vec());
    }
    check(Op::Concat { axis: 0 }, vec![random.tensor(DType::F32, &[2, 2])]);
    let parts = [2, 0, 1].map(|e| random.tensor(DType::F32, &[e, 2]));
    check(Op::Concat { axis: 0 }, parts.to_vec());
}

#[test]
fn pad_modes() {
    let mut random = Random::new(14);
    for mode in [PadMode::Constant(1.5), PadMode::Edge, PadMode::Reflect, PadMode::Wrap] {
        for dtype in [DType::F32, DType::F16, DType::I32] {
            let mode = match mode {
                PadMode::Constant(_) if dtype == DType::I32 => PadMode::Constant(3.0),
                m => m,
            };
            let op = Op::Pad { before: vec![1, 2], after: vec![2, 0], mode };
            check(op, vec![random.tensor(dtype, &[4, 5])]);
        }
    }
    let op = Op::Pad { before: vec![-1, 2], after: vec![1, -3], mode: PadMode::Constant(0.0) };
    check(op, vec![random.tensor(DType::F32, &[4, 5])]);
    let op = Op::Pad { before: vec![0, 0], after: vec![0, 0], mode: PadMode::Constant(0.0) };
    check(op, vec![random.tensor(DType::Bool, &[4, 5])]);
}

#[test]
fn tile_and_trilu() {
    let mut random = Random::new(15);
    check(Op::Tile { repeats: vec![2, 1, 3] }, vec![random.tensor(DType::F32, &[2, 3, 2])]);
    check(Op::Tile { repeats: vec![4, 1] }, vec![random.tensor(DType::I64, &[1, 3])]);
    for (upper, k) in [(true, 0), (false, 0), (true, 2), (false, -1), (true, -9), (false, 9)] {
        check(Op::Trilu { upper, k }, vec![random.tensor(DType::F32, &[2, 4, 5])]);
    }
}
