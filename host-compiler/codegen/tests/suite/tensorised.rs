//! An int8 matmul tile whose innermost loops are a dot product instruction.

use lathe_graph::DType;
use lathe_tensor::loops::lower;
use lathe_tensor::schedule::{Schedule, Trace};
use lathe_tensor::{Kernel, Program};

use super::Case;
use super::build::Dice;

const STEPS: &str = "
split relu.n 4
split relu.m 3
reorder relu.m.0 relu.n.0 relu.m.1 relu.n.1
compute_at product relu.n.0
split product.k 4
reorder product.k.0 product.m product.n product.k.1
unroll product.m
unroll relu.m.1
vectorize relu.n.1
";

/// `relu(a[6, 32] * w)`, `w` given as dot products take it: `[n / 4, k / 4, n % 4, k % 4]`.
pub fn matmul(element: DType, sum: DType, intrinsic: &str) -> Kernel {
    let program = format!(
        "program matmul_{element}
buffer a: input {element}[6,32]
buffer w: input {element}[2,8,4,4]
buffer acc: temp {sum}[6,8]
buffer out0: output {sum}[6,8]
stage product[m:6, n:8] sum[k:32] -> acc = (cast<{sum}>(a[m, k]) * cast<{sum}>(w[(n / 4), (k / 4), (n % 4), (k % 4)]))
stage relu[m:6, n:8] -> out0 = max(acc[m, n], {sum}:0)"
    );
    let mut schedule = Schedule::new(Program::parse(&program).unwrap());
    let trace: Trace = format!("{STEPS}tensorize product.n {intrinsic}").parse().unwrap();
    schedule.replay(&trace).unwrap_or_else(|e| panic!("{e}"));
    lower(&schedule, 64).remove(0).kernel
}

/// Both signs, all values of a byte; the interpreter computes them by the pattern.
pub fn cases() -> Vec<Case> {
    let mut dice = Dice(77);
    let mut random = |n: usize| (0..n).map(|_| dice.below(256) as u8).collect::<Vec<u8>>();
    let kinds = [(DType::I8, DType::I32, "neon_sdot"), (DType::U8, DType::U32, "neon_udot")];
    let case = |(element, sum, intrinsic)| {
        Case::new(matmul(element, sum, intrinsic), vec![random(6 * 32), random(256), vec![0; 6 * 8 * 4]])
    };
    kinds.map(case).into()
}
