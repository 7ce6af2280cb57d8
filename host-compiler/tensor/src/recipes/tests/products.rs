//! Matrix products and Einstein sums.

use lathe_graph::{DType, NodeId, Op};

use super::kernels::{target, targets};
use super::{Given, Random, check, check_given, graph_of};
use crate::default_schedule::default_schedule;
use crate::loops::lower;
use crate::recipes::{AnchorKind, GroupProgram, program_for_group};

#[test]
fn matrix_products() {
    let mut random = Random::new(50);
    for dtype in [DType::F32, DType::F16, DType::F64, DType::I32] {
        for (transpose_a, transpose_b) in [(false, false), (true, false), (false, true), (true, true)] {
            let a: &[usize] = if transpose_a { &[2, 1, 6, 3] } else { &[2, 1, 3, 6] };
            let b: &[usize] = if transpose_b { &[4, 5, 6] } else { &[4, 6, 5] };
            let op = Op::MatMul { transpose_a, transpose_b };
            check(op.clone(), vec![random.tensor(dtype, a), random.tensor(dtype, b)]);
            check(op, vec![random.tensor(dtype, &a[2..]), random.tensor(dtype, &b[1..])]);
        }
    }
}

#[test]
fn einstein_sums() {
    let mut random = Random::new(51);
    let mut sum = |equation: &str, shapes: &[&[usize]]| {
        let operands = shapes.iter().map(|s| random.tensor(DType::F32, s)).collect();
        check(Op::Einsum { equation: equation.to_string() }, operands)
    };
    sum("ij,jk->ik", &[&[2, 3], &[3, 4]]);
    sum("bij,bjk->bik", &[&[2, 2, 3], &[2, 3, 4]]);
    sum("ij->ji", &[&[2, 3]]);
    sum("ii->i", &[&[3, 3]]);
    sum("ij->", &[&[3, 2]]);
    sum("i,j->ij", &[&[3], &[2]]);
    sum("bhqd,bhkd->bhqk", &[&[1, 2, 3, 4], &[1, 2, 5, 4]]);
    sum("ab,bc,cd->ad", &[&[2, 3], &[3, 2], &[2, 4]]);
    let scores = sum("bhqd,bhkd->bhqk", &[&[1, 2, 3, 4], &[1, 2, 5, 4]]);
    assert_eq!(scores.kind, AnchorKind::MatMul { batch: 2, transpose_a: false, transpose_b: true });
    let outer = sum("i,j->ij", &[&[3], &[2]]);
    assert_eq!(outer.kind, AnchorKind::Injective);
}

/// The product of `m` x `k` inputs and `k` x `n` constants.
fn product(m: usize, k: usize, n: usize) -> GroupProgram {
    let mut random = Random::new(52);
    let a = Given::Input(random.tensor(DType::F32, &[m, k]));
    let b = Given::Constant(random.tensor(DType::F32, &[k, n]));
    let graph = graph_of(&Op::MatMul { transpose_a: false, transpose_b: false }, &[a, b]);
    program_for_group(&graph, &[NodeId(0)], NodeId(0)).unwrap()
}

/// Iterations to share out of the product of `m` x `k` inputs and `k` x 48 constants, on a processor with vectors.
fn iterations(m: usize, k: usize) -> i64 {
    let group = product(m, k, 48);
    let [processor, ..] = targets();
    let kernels = lower(&default_schedule(&group, &processor).unwrap(), 64);
    kernels.iter().map(|lowered| lowered.kernel.parallel).max().unwrap()
}

#[test]
fn few_column_tiles_are_shared_out_with_blocks_of_rows_where_sums_are_long() {
    // two column tiles
    assert_eq!(iterations(240, 40), 2);
    assert_eq!(iterations(24, 100), 2);
    assert_eq!(iterations(240, 256), 24);
    // taken in blocks
    assert_eq!(iterations(240, 1024), 24);
}

#[test]
fn few_rows_with_weights_beyond_the_caches_fetch_them_ahead() {
    let mut random = Random::new(53);
    let op = Op::MatMul { transpose_a: false, transpose_b: false };
    // integers, whose long sums are exact
    let a = Given::Input(random.tensor(DType::I32, &[7, 544]));
    check_given(op, vec![a, Given::Constant(random.tensor(DType::I32, &[544, 304]))]);
    let [avx2, neon, _] = targets();
    let avx512 = target("avx512", 512, 32, false);
    let fetches = |m, k, n, on| {
        let schedule = default_schedule(&product(m, k, n), on).unwrap_or_else(|e| panic!("{m}x{k}x{n}: {e}"));
        assert!(!lower(&schedule, 64).is_empty());
        schedule.trace().to_string().lines().find(|step| step.starts_with("prefetch")).map(str::to_string)
    };
    // 272 terms of 16 columns are 272 lines: the two row tiles ask 34 times each for 4 of them
    assert_eq!(fetches(7, 544, 304, &avx2).as_deref(), Some("prefetch const0 matmul.local.lane matmul.rf.k.0"));
    // weights that stay in the second cache; one row tile
    assert_eq!(fetches(7, 544, 200, &avx2), None);
    for (m, k, n, on) in
        [(4, 1024, 1024, &neon), (1, 1024, 3584, &avx2), (1, 1024, 4096, &avx2), (4, 1024, 1152, &avx512)]
    {
        assert_eq!(fetches(m, k, n, on), None);
    }
    // rows, sums and columns that no tile divides
    for on in [&avx2, &neon, &avx512] {
        assert!(fetches(13, 1024, 2000, on).is_some(), "{}", on.name);
        for (m, k, n) in [(2, 1000, 3001), (49, 2048, 2048), (63, 600, 4096)] {
            fetches(m, k, n, on);
        }
    }
}
