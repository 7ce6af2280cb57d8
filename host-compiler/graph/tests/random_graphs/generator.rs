//! Random small graphs: operators drawn at random over the values made so far, with attributes that fit, and idioms
//! that the passes look for. Functions are continuous and grow slowly, so that rounding stays visible as rounding.

use lathe_graph::op::{
    Binary, CoordinateMap, Interpolation, Layout, NearestRound, PadMode, Pool, Reduction, Unary, Window,
};
use lathe_graph::text::noise;
use lathe_graph::{DType, Graph, Op, Tensor, TensorType, ValueId};

/// A xorshift generator.
struct Rng(u64);

impl Rng {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % n.max(1)
    }

    fn flip(&mut self) -> bool {
        self.below(2) == 1
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    fn permutation(&mut self, n: usize) -> Vec<usize> {
        let mut perm: Vec<usize> = (0..n).collect();
        (1..n).for_each(|i| perm.swap(i, self.below(i + 1)));
        perm
    }
}

struct Builder {
    graph: Graph,
    rng: Rng,
    /// f32 values that operators may read.
    values: Vec<ValueId>,
}

/// The graph of a seed.
pub fn generate(seed: u64) -> Graph {
    let mut b = Builder {
        graph: Graph::new(format!("random {seed}")),
        rng: Rng(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1),
        values: Vec::new(),
    };
    let rank = 1 + b.rng.below(5);
    for i in 0..2 {
        let rank = if i == 0 { rank.max(3) } else { rank };
        let shape: Vec<usize> = (0..rank).map(|_| b.rng.pick(&[1, 2, 3, 4])).collect();
        let v = b.graph.add_input(format!("input{i}"), TensorType::new(DType::F32, shape));
        b.values.push(v);
    }
    let shape: Vec<usize> = (0..1 + b.rng.below(4)).map(|_| b.rng.pick(&[1, 2, 3])).collect();
    let constant = b.constant(&shape);
    b.values.insert(0, constant);
    let nodes = 3 + b.rng.below(22);
    for _ in 0..nodes {
        b.step();
    }
    let last = b.values.len() - 1;
    let mut outputs = vec![b.values[last]];
    outputs.extend((0..2).map(|_| b.values[b.rng.below(b.values.len())]));
    for (i, v) in outputs.into_iter().enumerate() {
        b.graph.outputs.push((format!("output{i}"), v));
    }
    b.graph
}

impl Builder {
    /// A value, recent ones more often.
    fn value(&mut self) -> ValueId {
        let n = self.values.len();
        let back = self.rng.below(n).min(self.rng.below(n));
        self.values[n - 1 - back]
    }

    fn shape(&self, v: ValueId) -> Vec<usize> {
        self.graph.ty(v).shape.clone()
    }

    fn constant(&mut self, shape: &[usize]) -> ValueId {
        let seed = self.rng.below(1000) as u64;
        let data = noise(&TensorType::new(DType::F32, shape), seed).expect("small");
        self.graph.add_constant("c", data)
    }

    fn number(&mut self, value: f64) -> ValueId {
        self.graph.add_constant("n", Tensor::scalar(DType::F32, value))
    }

    /// Adds a node if inference accepts it.
    fn push(&mut self, op: Op, inputs: &[ValueId]) -> Option<ValueId> {
        let small = self.graph.infer(&op, inputs).ok()?.iter().all(|ty| (1..=2000).contains(&ty.elements()));
        let v = small.then(|| self.graph.push("v", op, inputs).ok()).flatten()?[0];
        if self.graph.ty(v).dtype == DType::F32 && self.graph.ty(v).rank() > 0 {
            self.values.push(v);
        }
        Some(v)
    }

    fn step(&mut self) {
        let x = self.value();
        match self.rng.below(12) {
            0 => self.unary(x),
            1 | 2 => self.binary(x),
            3 | 4 => self.movement(x),
            5 => self.resample(x),
            6 => self.reduction(x),
            7 | 8 => self.image(x),
            9 => self.product(x),
            10 => self.idiom(x),
            _ => self.joins(x),
        };
    }

    fn unary(&mut self, x: ValueId) -> Option<ValueId> {
        let f = self.rng.pick(&[
            Unary::Relu,
            Unary::Tanh,
            Unary::Sigmoid,
            Unary::Neg,
            Unary::Abs,
            Unary::Softplus,
            Unary::LeakyRelu { alpha: 0.25 },
            Unary::HardSwish,
            Unary::Gelu { tanh: false },
            Unary::Erf,
        ]);
        self.push(Op::Unary(f), &[x])
    }

    /// A binary function with another value, a constant that broadcasts, or a number, on either side.
    fn binary(&mut self, x: ValueId) -> Option<ValueId> {
        let f = self.rng.pick(&[Binary::Add, Binary::Sub, Binary::Mul, Binary::Min, Binary::Max, Binary::Div]);
        let shape = self.shape(x);
        let y = match self.rng.below(4) {
            0 => self.value(),
            1 => {
                let number = self.rng.pick(&[0.0, 1.0, 2.0, -1.0, 6.0, 0.5]);
                self.number(number)
            }
            _ => {
                let from = self.rng.below(shape.len() + 1);
                let broadcast: Vec<usize> =
                    shape[from..].iter().map(|&d| if self.rng.flip() { d } else { 1 }).collect();
                self.constant(&broadcast)
            }
        };
        if f == Binary::Div {
            let divisor = self.graph.constant(y)?.to_f64s();
            return if divisor.iter().all(|d| d.abs() > 0.2) { self.push(Op::Binary(f), &[x, y]) } else { None };
        }
        let operands = if self.rng.flip() { [x, y] } else { [y, x] };
        self.push(Op::Binary(f), &operands)
    }

    fn movement(&mut self, x: ValueId) -> Option<ValueId> {
        let shape = self.shape(x);
        let rank = shape.len();
        let op = match self.rng.below(7) {
            0 | 1 => Op::Transpose { perm: self.rng.permutation(rank) },
            2 | 3 => Op::Reshape { shape: self.regrouped(&shape) },
            4 => {
                let sizes: Vec<usize> = shape.iter().map(|&d| 1 + self.rng.below(d)).collect();
                let starts = shape.iter().zip(&sizes).map(|(&d, &s)| self.rng.below(d - s + 1)).collect();
                Op::Slice { starts, sizes, steps: vec![1; rank] }
            }
            5 => {
                let mode = self.rng.pick(&[PadMode::Constant(0.0), PadMode::Edge, PadMode::Constant(1.0)]);
                let side = |b: &mut Builder| (0..rank).map(|_| b.rng.pick(&[0, 0, 1, -1])).collect();
                Op::Pad { before: side(self), after: side(self), mode }
            }
            _ => {
                let lead = self.rng.below(2);
                let mut to: Vec<usize> = vec![2; lead];
                to.extend(shape.iter().map(|&d| if d == 1 { self.rng.pick(&[1, 3]) } else { d }));
                Op::Expand { shape: to }
            }
        };
        self.push(op, &[x])
    }

    /// Another shape of as many elements: dimensions joined, split, or of extent 1 added and removed.
    fn regrouped(&mut self, shape: &[usize]) -> Vec<usize> {
        let mut to = shape.to_vec();
        for _ in 0..2 {
            let n = to.len();
            match self.rng.below(4) {
                0 if n >= 2 => {
                    let at = self.rng.below(n - 1);
                    let d = to.remove(at);
                    to[at] *= d;
                }
                1 if n >= 1 => {
                    let at = self.rng.below(n);
                    if to[at].is_multiple_of(2) {
                        to[at] /= 2;
                        to.insert(at + self.rng.below(2), 2);
                    }
                }
                2 if n < 5 => to.insert(self.rng.below(n + 1), 1),
                _ => {
                    if let Some(at) = to.iter().position(|&d| d == 1) {
                        to.remove(at);
                    }
                }
            }
        }
        to
    }

    fn resample(&mut self, x: ValueId) -> Option<ValueId> {
        let shape = self.shape(x);
        let axis = self.rng.below(shape.len());
        match self.rng.below(4) {
            0 => {
                let indices: Vec<i64> =
                    (0..1 + self.rng.below(3)).map(|_| self.rng.below(shape[axis]) as i64).collect();
                let scalar = self.rng.flip();
                let shape = if scalar { vec![] } else { vec![indices.len()] };
                let count = if scalar { 1 } else { indices.len() };
                let table = Tensor::from_slice(&shape, &indices[..count])?;
                let indices = self.graph.add_constant("i", table);
                self.push(Op::Gather { axis }, &[x, indices])
            }
            1 => {
                let repeats = shape.iter().map(|_| self.rng.pick(&[1, 1, 2])).collect();
                self.push(Op::Tile { repeats }, &[x])
            }
            _ => {
                let sizes: Vec<usize> =
                    shape.iter().enumerate().map(|(d, &n)| if d >= 2 && self.rng.flip() { 2 * n } else { n }).collect();
                let scales = sizes.iter().zip(&shape).map(|(&to, &from)| to as f32 / from as f32).collect();
                let linear = self.rng.flip();
                let interpolation =
                    if linear { Interpolation::Linear } else { Interpolation::Nearest(NearestRound::Floor) };
                let map = CoordinateMap::Asymmetric;
                self.push(Op::Resize { sizes, scales, map, interpolation, antialias: false }, &[x])
            }
        }
    }

    fn reduction(&mut self, x: ValueId) -> Option<ValueId> {
        let rank = self.shape(x).len();
        let mut axes: Vec<usize> = (0..rank).filter(|_| self.rng.flip()).collect();
        if axes.is_empty() {
            axes.push(self.rng.below(rank));
        }
        axes.retain(|&a| a < rank);
        let op = match self.rng.below(4) {
            0 => Op::Softmax { axes, log: false },
            1 => Op::CumSum { axis: *axes.first()?, exclusive: false, reverse: true },
            _ => {
                let reduction = self.rng.pick(&[Reduction::Mean, Reduction::Max, Reduction::Min, Reduction::Sum]);
                Op::Reduce { reduction, axes }
            }
        };
        self.push(op, &[x])
    }

    fn window(&mut self, shape: &[usize], layout: Layout) -> Window {
        let n = shape.len() - 2;
        let kernel: Vec<usize> = (0..n).map(|k| 1 + self.rng.below(shape[layout.spatial_axis(k)].min(3))).collect();
        Window {
            strides: (0..n).map(|_| self.rng.pick(&[1, 1, 2])).collect(),
            dilations: vec![1; n],
            pad_before: kernel.iter().map(|&k| self.rng.below(k)).collect(),
            pad_after: kernel.iter().map(|&k| self.rng.below(k)).collect(),
            kernel,
        }
    }

    /// A convolution, a transposed one, a pool or an instance normalisation; sometimes with an affine step behind it.
    fn image(&mut self, x: ValueId) -> Option<ValueId> {
        let shape = self.shape(x);
        if shape.len() < 3 {
            return None;
        }
        let layout = if self.rng.below(4) == 0 { Layout::ChannelsLast } else { Layout::ChannelsFirst };
        let channels = shape[layout.channel_axis(shape.len())];
        let window = self.window(&shape, layout);
        let groups = if self.rng.below(3) == 0 { channels } else { 1 };
        let outputs = self.rng.pick(&[1, 2]);
        match self.rng.below(6) {
            0 => {
                let pool = self.rng.pick(&[
                    Pool::Max,
                    Pool::Average { count_padding: true },
                    Pool::Average { count_padding: false },
                ]);
                let extent = |k: usize| window.output_extent(k, shape[layout.spatial_axis(k)]);
                let output = (0..shape.len() - 2).map(extent).collect::<Option<Vec<_>>>()?;
                self.push(Op::Pool { pool, window, output, layout }, &[x])
            }
            1 => {
                let (scale, bias) = (self.constant(&[channels]), self.constant(&[channels]));
                self.push(Op::InstanceNorm { epsilon: 0.5, layout }, &[x, scale, bias])
            }
            2 => {
                let mut weights = vec![channels, outputs];
                weights.extend(&window.kernel);
                let w = self.constant(&weights);
                let output_padding = vec![0; window.kernel.len()];
                let y = self.push(Op::ConvTranspose { window, groups, output_padding, layout }, &[x, w])?;
                self.affine(y, layout)
            }
            _ => {
                let mut weights = vec![outputs * groups, channels / groups];
                weights.extend(&window.kernel);
                let mut inputs = vec![x, self.constant(&weights)];
                if self.rng.flip() {
                    inputs.push(self.constant(&[outputs * groups]));
                }
                let y = self.push(Op::Conv { window, groups, layout }, &inputs)?;
                self.affine(y, layout)
            }
        }
    }

    fn affine(&mut self, x: ValueId, layout: Layout) -> Option<ValueId> {
        let shape = self.shape(x);
        let channels = shape[layout.channel_axis(shape.len())];
        match self.rng.below(3) {
            0 => {
                let [scale, bias, mean] = [0; 3].map(|_| self.constant(&[channels]));
                let variance = self.graph.add_constant("var", Tensor::splat(DType::F32, &[channels], 0.5)?);
                self.push(Op::BatchNorm { epsilon: 0.1, layout }, &[x, scale, bias, mean, variance])
            }
            1 => {
                let mut per_channel = vec![1; shape.len()];
                per_channel[layout.channel_axis(shape.len())] = channels;
                let c = self.constant(&per_channel);
                let f = self.rng.pick(&[Binary::Mul, Binary::Add, Binary::Sub]);
                let operands = if self.rng.flip() { [x, c] } else { [c, x] };
                self.push(Op::Binary(f), &operands)
            }
            _ => Some(x),
        }
    }

    fn product(&mut self, x: ValueId) -> Option<ValueId> {
        let shape = self.shape(x);
        if shape.len() < 2 {
            return None;
        }
        let (m, k) = (shape[shape.len() - 2], shape[shape.len() - 1]);
        match self.rng.below(4) {
            0 => self.push(Op::MatMul { transpose_a: false, transpose_b: true }, &[x, x]),
            1 => self.push(Op::MatMul { transpose_a: true, transpose_b: false }, &[x, x]),
            2 => {
                let mut perm: Vec<usize> = (0..shape.len()).collect();
                perm.swap(shape.len() - 2, shape.len() - 1);
                let t = self.push(Op::Transpose { perm }, &[x])?;
                let w = self.constant(&[m, 3]);
                self.push(Op::MatMul { transpose_a: false, transpose_b: false }, &[t, w])
            }
            _ => {
                let transpose_b = self.rng.flip();
                let w = self.constant(&if transpose_b { [3, k] } else { [k, 3] });
                let y = self.push(Op::MatMul { transpose_a: false, transpose_b }, &[x, w])?;
                let c = self.constant(&[3]);
                let f = self.rng.pick(&[Binary::Mul, Binary::Add]);
                let y = self.push(Op::Binary(f), &[y, c])?;
                let d = self.constant(&[3]);
                self.push(Op::Binary(Binary::Mul), &[y, d])
            }
        }
    }

    /// Spelled-out layer normalisation, error linear unit, or `x * sigmoid(x)`.
    fn idiom(&mut self, x: ValueId) -> Option<ValueId> {
        let shape = self.shape(x);
        match self.rng.below(3) {
            0 => {
                let axes = vec![shape.len() - 1];
                let mean = |axes: &[usize]| Op::Reduce { reduction: Reduction::Mean, axes: axes.to_vec() };
                let m = self.push(mean(&axes), &[x])?;
                let d = self.push(Op::Binary(Binary::Sub), &[x, m])?;
                let two = self.number(2.0);
                let s = self.push(Op::Binary(Binary::Pow), &[d, two])?;
                let v = self.push(mean(&axes), &[s])?;
                let epsilon = self.number(0.125);
                let a = self.push(Op::Binary(Binary::Add), &[v, epsilon])?;
                let r = self.push(Op::Unary(Unary::Sqrt), &[a])?;
                let n = self.push(Op::Binary(Binary::Div), &[d, r])?;
                let scale = self.constant(&shape[shape.len() - 1..]);
                self.push(Op::Binary(Binary::Mul), &[n, scale])
            }
            1 => {
                let root = self.number(std::f64::consts::SQRT_2);
                let d = self.push(Op::Binary(Binary::Div), &[x, root])?;
                let e = self.push(Op::Unary(Unary::Erf), &[d])?;
                let one = self.number(1.0);
                let a = self.push(Op::Binary(Binary::Add), &[e, one])?;
                let p = self.push(Op::Binary(Binary::Mul), &[x, a])?;
                let half = self.number(0.5);
                self.push(Op::Binary(Binary::Mul), &[p, half])
            }
            _ => {
                let s = self.push(Op::Unary(Unary::Sigmoid), &[x])?;
                self.push(Op::Binary(Binary::Mul), &[x, s])
            }
        }
    }

    /// Concatenation with a value of the same shape, or a selection between two.
    fn joins(&mut self, x: ValueId) -> Option<ValueId> {
        let shape = self.shape(x);
        let alike: Vec<ValueId> = self.values.iter().copied().filter(|&v| self.shape(v) == shape).collect();
        let y = self.rng.pick(&alike);
        if self.rng.flip() && !shape.is_empty() {
            let axis = self.rng.below(shape.len());
            return self.push(Op::Concat { axis }, &[x, y, x]);
        }
        let pattern: Vec<f64> = (0..shape.iter().product()).map(|i: usize| (i % 3 % 2) as f64).collect();
        let condition = Tensor::from_f64s(DType::Bool, &shape, &pattern)?;
        let condition = self.graph.add_constant("mask", condition);
        self.push(Op::Select, &[condition, x, y])
    }
}
