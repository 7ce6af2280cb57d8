//! Matrix products and Einstein sums.

use lathe_graph::{DType, NodeId, Op};

use super::kernels::targets;
use super::{Given, Random, check, graph_of};
use crate::default_schedule::default_schedule;
use crate::loops::lower;
use crate::recipes::{AnchorKind, program_for_group};

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

/// Iterations to share out of the product of `m` x `k` inputs and `k` x 48 constants, on a processor with vectors.
fn iterations(m: usize, k: usize) -> i64 {
    let mut random = Random::new(52);
    let a = Given::Input(random.tensor(DType::F32, &[m, k]));
    let b = Given::Constant(random.tensor(DType::F32, &[k, 48]));
    let graph = graph_of(&Op::MatMul { transpose_a: false, transpose_b: false }, &[a, b]);
    let group = program_for_group(&graph, &[NodeId(0)], NodeId(0)).unwrap();
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
