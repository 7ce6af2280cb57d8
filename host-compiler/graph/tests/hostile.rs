//! Inference survives any operator on any operands: it accepts or explains, and never panics. What it accepts, the
//! interpreter computes with the types that inference gave, again without a panic.

use lathe_graph::interpreter::{EvalError, eval_op};
use lathe_graph::op::{
    Binary, CoordinateMap, Direction, Interpolation, Layout, NearestRound, PadMode, Pool, Reduction, ScatterCombine,
    Unary, Window,
};
use lathe_graph::text::noise;
use lathe_graph::{DType, Op, Tensor, TensorType, infer};

struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) ^ (self.0 >> 51)
    }

    fn below(&mut self, n: usize) -> usize {
        self.next() as usize % n.max(1)
    }

    fn flip(&mut self) -> bool {
        self.below(2) == 0
    }

    /// Mostly small, sometimes enormous.
    fn size(&mut self) -> usize {
        match self.below(40) {
            0 => usize::MAX,
            1 => 1 << 33,
            2 => usize::MAX / 2 + 1,
            n => n % 5,
        }
    }

    fn signed(&mut self) -> isize {
        match self.below(40) {
            0 => isize::MAX,
            1 => isize::MIN,
            n => (n % 5) as isize - 2,
        }
    }

    fn sizes(&mut self, n: usize) -> Vec<usize> {
        let n = self.about(n);
        (0..n).map(|_| self.size()).collect()
    }

    fn signeds(&mut self, n: usize) -> Vec<isize> {
        let n = self.about(n);
        (0..n).map(|_| self.signed()).collect()
    }

    /// Mostly `n`.
    fn about(&mut self, n: usize) -> usize {
        if self.below(16) == 0 { self.below(7) } else { n }
    }

    fn axes(&mut self, rank: usize) -> Vec<usize> {
        if self.below(16) == 0 { self.sizes(2) } else { (0..rank).filter(|_| self.flip()).collect() }
    }

    fn dtype(&mut self) -> DType {
        if self.below(3) > 0 { DType::F32 } else { DType::ALL[self.below(12)] }
    }

    fn layout(&mut self) -> Layout {
        if self.flip() { Layout::ChannelsFirst } else { Layout::ChannelsLast }
    }

    fn window(&mut self, n: usize) -> Window {
        let n = self.about(n);
        let positive = |r: &mut Rng| {
            (0..n).map(|_| 1 + r.size() % (1 << 62)).map(|v| if v > 4 && v < 1 << 30 { 1 } else { v }).collect()
        };
        Window {
            kernel: positive(self),
            strides: positive(self),
            dilations: positive(self),
            pad_before: self.sizes(n),
            pad_after: self.sizes(n),
        }
    }
}

fn movement(r: &mut Rng, rank: usize) -> Op {
    match r.below(9) {
        0 => Op::Reshape { shape: r.sizes(2) },
        1 => {
            let mut perm: Vec<usize> = (0..rank).collect();
            (1..rank).for_each(|i| perm.swap(i, r.below(i + 1)));
            Op::Transpose { perm: if r.below(9) == 0 { r.sizes(rank) } else { perm } }
        }
        2 => Op::Expand { shape: r.sizes(rank) },
        3 => Op::Slice { starts: r.sizes(rank), sizes: r.sizes(rank), steps: r.signeds(rank) },
        4 => Op::Concat { axis: r.below(rank + 1) },
        5 => {
            let mode = [PadMode::Constant(2.5), PadMode::Edge, PadMode::Reflect, PadMode::Wrap][r.below(4)];
            Op::Pad { before: r.signeds(rank), after: r.signeds(rank), mode }
        }
        6 => Op::Tile { repeats: r.sizes(rank) },
        7 => Op::Trilu { upper: r.flip(), k: r.signed() as i64 },
        _ => Op::Cast(DType::ALL[r.below(12)]),
    }
}

fn indexing(r: &mut Rng, rank: usize) -> Op {
    let axis = r.below(rank + 1);
    let combine = [ScatterCombine::Replace, ScatterCombine::Add, ScatterCombine::Mul, ScatterCombine::Max][r.below(4)];
    match r.below(6) {
        0 => Op::Gather { axis },
        1 => Op::GatherElements { axis },
        2 => Op::GatherNd { batch_dims: r.size() },
        3 => Op::ScatterNd { combine },
        4 => Op::ScatterElements { axis, combine },
        _ => Op::OneHot { axis, depth: r.size() },
    }
}

fn reduction(r: &mut Rng, rank: usize) -> Op {
    let kinds = [Reduction::Sum, Reduction::Mean, Reduction::Max, Reduction::Prod, Reduction::L2, Reduction::LogSumExp];
    match r.below(5) {
        0 => Op::CumSum { axis: r.below(rank + 1), exclusive: r.flip(), reverse: r.flip() },
        1 => Op::Reduce { reduction: kinds[r.below(6)], axes: r.axes(rank) },
        2 => Op::ArgReduce { max: r.flip(), axis: r.below(rank + 1), select_last: r.flip() },
        3 => Op::TopK { axis: r.below(rank + 1), k: r.size(), largest: r.flip() },
        _ => Op::Softmax { axes: r.axes(rank), log: r.flip() },
    }
}

fn image(r: &mut Rng, rank: usize) -> Op {
    let spatial = rank.saturating_sub(2);
    let (groups, layout) = (r.size(), r.layout());
    match r.below(6) {
        0 => Op::Conv { window: r.window(spatial), groups, layout },
        1 => Op::ConvTranspose { window: r.window(spatial), groups, output_padding: r.sizes(spatial), layout },
        2 => {
            let pool =
                [Pool::Max, Pool::Average { count_padding: r.flip() }, Pool::Lp { p: r.below(4) as u32 }][r.below(3)];
            Op::Pool { pool, window: r.window(spatial), output: r.sizes(spatial), layout }
        }
        3 => {
            let maps = [CoordinateMap::HalfPixel, CoordinateMap::AlignCorners, CoordinateMap::HalfPixelSymmetric];
            let kinds = [
                Interpolation::Nearest(NearestRound::HalfDown),
                Interpolation::Linear,
                Interpolation::Cubic { a: -0.5, exclude_outside: r.flip() },
            ];
            let scales = [1.0, 0.5, 2.0, 1e-30, f32::NAN, 3.0];
            Op::Resize {
                sizes: r.sizes(rank),
                scales: (0..r.about(rank)).map(|_| scales[r.below(6)]).collect(),
                map: maps[r.below(3)],
                interpolation: kinds[r.below(3)],
                antialias: r.flip(),
            }
        }
        4 => Op::BatchNorm { epsilon: 0.1, layout },
        _ => Op::InstanceNorm { epsilon: 0.1, layout },
    }
}

fn other(r: &mut Rng, rank: usize) -> Op {
    let equations = ["ij,jk->ik", "ab->ba", "ii->i", "i->", "->", "ij,jk", "i1->i", "abc,c->ab"];
    let directions = [Direction::Forward, Direction::Reverse, Direction::Bidirectional];
    match r.below(11) {
        0 => Op::Unary(Unary::PLAIN[r.below(Unary::PLAIN.len())]),
        1 | 2 => Op::Binary(Binary::ALL[r.below(Binary::ALL.len())]),
        3 => Op::Select,
        4 => Op::MatMul { transpose_a: r.flip(), transpose_b: r.flip() },
        5 => Op::Einsum { equation: equations[r.below(8)].into() },
        6 => Op::LayerNorm { axis: r.below(rank + 1), epsilon: 0.1 },
        7 => Op::Lstm { direction: directions[r.below(3)], hidden: r.size() },
        8 => Op::Gru { direction: directions[r.below(3)], hidden: r.size(), linear_before_reset: r.flip() },
        9 => Op::Quantize { axis: r.below(rank + 1) },
        _ => Op::Dequantize { axis: r.below(rank + 1) },
    }
}

/// Operand types that have a chance to fit, or not.
fn operands(r: &mut Rng, op: &Op, rank: usize) -> Vec<TensorType> {
    let dtype = r.dtype();
    let shape: Vec<usize> = (0..rank).map(|_| r.below(4)).collect();
    let count = match op {
        Op::Conv { .. } | Op::ConvTranspose { .. } | Op::Gather { .. } | Op::MatMul { .. } | Op::Binary(_) => 2,
        Op::GatherElements { .. } | Op::GatherNd { .. } | Op::OneHot { .. } => 2,
        Op::ScatterNd { .. } | Op::ScatterElements { .. } | Op::Select | Op::LayerNorm { .. } => 3,
        Op::InstanceNorm { .. } | Op::Quantize { .. } | Op::Dequantize { .. } => 3,
        Op::BatchNorm { .. } | Op::Gru { .. } => 5,
        Op::Lstm { .. } => 7,
        Op::Einsum { .. } | Op::Concat { .. } => 1 + r.below(2),
        _ => 1,
    };
    let mut types = vec![TensorType::new(dtype, shape.clone())];
    for i in 1..r.about(count) {
        let like = match (op, r.below(4)) {
            (_, 0) => (0..r.below(5)).map(|_| r.below(4)).collect(),
            (Op::Conv { window, .. } | Op::ConvTranspose { window, .. }, _) => {
                [&[r.below(4), r.below(4)], window.kernel.as_slice()].concat()
            }
            (Op::BatchNorm { .. } | Op::InstanceNorm { .. }, _) => shape.get(1).map_or_else(Vec::new, |&c| vec![c]),
            (Op::Quantize { .. } | Op::Dequantize { .. }, 1) => vec![],
            (Op::OneHot { .. }, _) => vec![2],
            (_, 1) => shape.iter().rev().copied().collect(),
            _ => shape.clone(),
        };
        let indexes = matches!(op, Op::Gather { .. } | Op::GatherElements { .. } | Op::GatherNd { .. })
            || (i == 1 && matches!(op, Op::ScatterNd { .. } | Op::ScatterElements { .. }));
        types.push(TensorType::new(if indexes { DType::I64 } else { dtype }, like));
    }
    if matches!(op, Op::Select) {
        types[0].dtype = DType::Bool;
    }
    types
}

/// Whether evaluating is quick enough for a test.
fn is_small(op: &Op, types: &[&TensorType]) -> bool {
    let kernel = match op {
        Op::Conv { window, .. } | Op::ConvTranspose { window, .. } | Op::Pool { window, .. } => {
            window.kernel.iter().fold(1usize, |n, &k| n.saturating_mul(k))
        }
        _ => 1,
    };
    let thin = !matches!(op, Op::Resize { scales, .. } if scales.iter().any(|&s| s < 0.1));
    thin && kernel < 1000 && types.iter().all(|t| t.checked_bytes().is_some_and(|b| b < 1 << 16))
}

#[test]
fn any_operator_on_any_operands() {
    let mut r = Rng(1);
    let (mut accepted, mut evaluated) = (std::collections::BTreeMap::new(), 0);
    for round in 0..200_000 {
        let rank = r.below(6);
        let op = match r.below(5) {
            0 => movement(&mut r, rank),
            1 => indexing(&mut r, rank),
            2 => reduction(&mut r, rank),
            3 => image(&mut r, rank),
            _ => other(&mut r, rank),
        };
        let types = operands(&mut r, &op, rank);
        let types: Vec<&TensorType> = types.iter().collect();
        let Ok(results) = infer(&op, &types) else { continue };
        let all: Vec<&TensorType> = types.iter().copied().chain(&results).collect();
        if !is_small(&op, &all) {
            continue;
        }
        *accepted.entry(op.name()).or_insert(0) += 1;
        let tensors: Vec<Tensor> = types.iter().map(|ty| noise(ty, round).expect("small")).collect();
        match eval_op(&op, &tensors.iter().collect::<Vec<_>>()) {
            Ok(tensors) => {
                let got: Vec<TensorType> = tensors.iter().map(|t| t.ty().clone()).collect();
                assert_eq!(got, results, "{op:?} on {types:?}");
                evaluated += 1;
            }
            Err(EvalError::IndexOutOfRange { .. }) => {}
            Err(e) => panic!("{op:?} on {types:?}: {e}"),
        }
    }
    // The test is worth something only if most operators got through.
    assert!(accepted.len() > 50 && evaluated > 20_000, "{evaluated} evaluated; accepted: {accepted:?}");
}
