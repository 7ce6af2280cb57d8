//! Matrix products and Einstein sums.

use lathe_graph::{DType, Op};

use super::{Random, check};
use crate::recipes::AnchorKind;

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
