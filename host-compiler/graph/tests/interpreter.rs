//! The interpreter against results worked out by hand or by definition.

use lathe_graph::interpreter::{EvalError, eval_op, run, run_observed};
use lathe_graph::op::{
    Binary, CoordinateMap, Direction, Interpolation, Layout, NearestRound, PadMode, Pool, Reduction, Unary, Window,
};
use lathe_graph::{DType, Graph, InferError, Op, Tensor, TensorType};

fn f32s(shape: &[usize], values: &[f32]) -> Tensor {
    Tensor::from_slice(shape, values).expect("values fill the shape")
}

fn i64s(shape: &[usize], values: &[i64]) -> Tensor {
    Tensor::from_slice(shape, values).expect("values fill the shape")
}

fn one(op: Op, inputs: &[&Tensor]) -> Tensor {
    eval_op(&op, inputs).expect("evaluates").remove(0)
}

fn close(got: &Tensor, want: &[f64]) {
    let got = got.to_f64s();
    assert_eq!(got.len(), want.len());
    for (g, w) in got.iter().zip(want) {
        assert!((g - w).abs() <= 1e-6 * (1.0 + w.abs()), "{got:?} is not {want:?}");
    }
}

fn window(kernel: &[usize], stride: usize, pad: usize) -> Window {
    let n = kernel.len();
    Window {
        kernel: kernel.to_vec(),
        strides: vec![stride; n],
        dilations: vec![1; n],
        pad_before: vec![pad; n],
        pad_after: vec![pad; n],
    }
}

#[test]
fn binary_broadcasts_both_sides() {
    let a = f32s(&[2, 1], &[1.0, 2.0]);
    let b = f32s(&[3], &[10.0, 20.0, 30.0]);
    let sum = one(Op::Binary(Binary::Add), &[&a, &b]);
    assert_eq!(sum.shape(), [2, 3]);
    assert_eq!(sum.to_f64s(), [11.0, 21.0, 31.0, 12.0, 22.0, 32.0]);
}

#[test]
fn integers_wrap_and_division_by_zero_is_zero() {
    let a = Tensor::from_slice(&[3], &[127i8, -128, 5]).unwrap();
    let b = Tensor::from_slice(&[3], &[1i8, -1, 0]).unwrap();
    assert_eq!(one(Op::Binary(Binary::Add), &[&a, &b]).to_vec::<i8>().unwrap(), [-128, 127, 5]);
    assert_eq!(one(Op::Binary(Binary::Div), &[&a, &b]).to_vec::<i8>().unwrap(), [127, -128, 0]);
    let big = Tensor::from_slice(&[2], &[u64::MAX, 3]).unwrap();
    let two = Tensor::from_slice(&[], &[2u64]).unwrap();
    assert_eq!(one(Op::Binary(Binary::Div), &[&big, &two]).to_vec::<u64>().unwrap(), [u64::MAX / 2, 1]);
    assert_eq!(one(Op::Binary(Binary::Max), &[&big, &two]).to_vec::<u64>().unwrap(), [u64::MAX, 3]);
}

#[test]
fn remainders_follow_divisor_or_dividend() {
    let a = i64s(&[4], &[-7, 7, -7, 7]);
    let b = i64s(&[4], &[3, -3, -3, 3]);
    assert_eq!(one(Op::Binary(Binary::Mod), &[&a, &b]).to_i64s(), [2, -2, -1, 1]);
    assert_eq!(one(Op::Binary(Binary::Fmod), &[&a, &b]).to_i64s(), [-1, 1, -1, 1]);
}

#[test]
fn erf_and_gelu_match_tables() {
    let x = f32s(&[4], &[0.5, 1.0, 2.0, -3.0]);
    close(&one(Op::Unary(Unary::Erf), &[&x]), &[0.5204998778, 0.8427007929, 0.9953222650, -0.9999779095]);
    close(&one(Op::Unary(Unary::Gelu { tanh: false }), &[&x]), &[0.3457312, 0.8413447, 1.9544997, -0.0040497]);
}

#[test]
fn f16_results_round_to_storage() {
    let x = Tensor::from_f64s(DType::F16, &[2], &[2048.0, 1.0]).unwrap();
    let y = Tensor::from_f64s(DType::F16, &[2], &[1.0, 0.0004]).unwrap();
    assert_eq!(one(Op::Binary(Binary::Add), &[&x, &y]).to_f64s(), [2048.0, 1.0]);
}

#[test]
fn casts_truncate_and_wrap() {
    let x = f32s(&[4], &[1.9, -1.9, 0.0, f32::NAN]);
    assert_eq!(one(Op::Cast(DType::I32), &[&x]).to_i64s(), [1, -1, 0, 0]);
    assert_eq!(one(Op::Cast(DType::Bool), &[&x]).to_i64s(), [1, 1, 0, 1]);
    let n = i64s(&[2], &[300, -1]);
    assert_eq!(one(Op::Cast(DType::U8), &[&n]).to_i64s(), [44, 255]);
}

#[test]
fn movement_operators_move() {
    let x = i64s(&[2, 3], &[0, 1, 2, 3, 4, 5]);
    assert_eq!(one(Op::Transpose { perm: vec![1, 0] }, &[&x]).to_i64s(), [0, 3, 1, 4, 2, 5]);
    let slice = Op::Slice { starts: vec![1, 2], sizes: vec![2, 2], steps: vec![-1, -2] };
    assert_eq!(one(slice, &[&x]).to_i64s(), [5, 3, 2, 0]);
    assert_eq!(one(Op::Tile { repeats: vec![1, 2] }, &[&x]).to_i64s(), [0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5]);
    assert_eq!(one(Op::Concat { axis: 1 }, &[&x, &x]).to_i64s(), [0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5]);
    assert_eq!(one(Op::Trilu { upper: true, k: 1 }, &[&x]).to_i64s(), [0, 1, 2, 0, 0, 5]);
    let pad = |mode| Op::Pad { before: vec![0, 2], after: vec![-1, 1], mode };
    assert_eq!(one(pad(PadMode::Constant(9.0)), &[&x]).to_i64s(), [9, 9, 0, 1, 2, 9]);
    assert_eq!(one(pad(PadMode::Reflect), &[&x]).to_i64s(), [2, 1, 0, 1, 2, 1]);
    assert_eq!(one(pad(PadMode::Edge), &[&x]).to_i64s(), [0, 0, 0, 1, 2, 2]);
    assert_eq!(one(pad(PadMode::Wrap), &[&x]).to_i64s(), [1, 2, 0, 1, 2, 0]);
}

#[test]
fn indices_count_from_the_end_and_are_checked() {
    let x = f32s(&[3, 2], &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    let gathered = one(Op::Gather { axis: 0 }, &[&x, &i64s(&[2], &[-1, 0])]);
    assert_eq!(gathered.to_f64s(), [4.0, 5.0, 0.0, 1.0]);
    let outside = eval_op(&Op::Gather { axis: 0 }, &[&x, &i64s(&[1], &[3])]);
    assert_eq!(outside, Err(EvalError::IndexOutOfRange { op: "Gather", index: 3, extent: 3 }));
    let nd = one(Op::GatherNd { batch_dims: 0 }, &[&x, &i64s(&[2, 2], &[0, 1, 2, 0])]);
    assert_eq!(nd.to_f64s(), [1.0, 4.0]);
    let elements = one(Op::GatherElements { axis: 1 }, &[&x, &i64s(&[2, 1], &[1, 0])]);
    assert_eq!(elements.to_f64s(), [1.0, 2.0]);
}

#[test]
fn convolution_matches_its_definition_in_both_layouts() {
    let (n, c, h, w, oc, groups) = (2, 4, 5, 6, 6, 2);
    let x: Vec<f32> = (0..n * c * h * w).map(|i| ((i * 7 + 3) % 11) as f32 - 5.0).collect();
    let k: Vec<f32> = (0..oc * (c / groups) * 9).map(|i| ((i * 5 + 1) % 7) as f32 - 3.0).collect();
    let bias: Vec<f32> = (0..oc).map(|i| i as f32).collect();
    let op = |layout| Op::Conv { window: window(&[3, 3], 2, 1), groups, layout };
    let (kt, bt) = (f32s(&[oc, c / groups, 3, 3], &k), f32s(&[oc], &bias));
    let xt = f32s(&[n, c, h, w], &x);
    let got = one(op(Layout::ChannelsFirst), &[&xt, &kt, &bt]);
    assert_eq!(got.shape(), [n, oc, 3, 3]);
    let mut want = Vec::new();
    for b in 0..n {
        for o in 0..oc {
            for (oy, ox) in (0..3).flat_map(|oy| (0..3).map(move |ox| (oy, ox))) {
                let mut sum = f64::from(bias[o]);
                for i in 0..c / groups {
                    for (ky, kx) in (0..3).flat_map(|ky| (0..3).map(move |kx| (ky, kx))) {
                        let (y, xx) = (oy * 2 + ky, ox * 2 + kx);
                        if (1..=h).contains(&y) && (1..=w).contains(&xx) {
                            let ic = o / (oc / groups) * (c / groups) + i;
                            let at = ((b * c + ic) * h + y - 1) * w + xx - 1;
                            sum += f64::from(x[at] * k[((o * (c / groups) + i) * 3 + ky) * 3 + kx]);
                        }
                    }
                }
                want.push(sum);
            }
        }
    }
    close(&got, &want);
    let nhwc = one(Op::Transpose { perm: vec![0, 2, 3, 1] }, &[&xt]);
    let last = one(op(Layout::ChannelsLast), &[&nhwc, &kt, &bt]);
    close(&one(Op::Transpose { perm: vec![0, 3, 1, 2] }, &[&last]), &want);
}

#[test]
fn transposed_convolution_is_the_adjoint_of_convolution() {
    // <conv(x), y> = <x, conv_transpose(y)> with the same weights.
    let x = f32s(&[1, 4, 7], &(0..28).map(|i| (i % 5) as f32 - 2.0).collect::<Vec<_>>());
    let w = f32s(&[6, 2, 3], &(0..36).map(|i| (i % 7) as f32 - 3.0).collect::<Vec<_>>());
    let conv = Op::Conv { window: window(&[3], 2, 1), groups: 2, layout: Layout::ChannelsFirst };
    let forward = one(conv, &[&x, &w]);
    let y = f32s(forward.shape(), &(0..24).map(|i| (i % 3) as f32 - 1.0).collect::<Vec<_>>());
    let adjoint = Op::ConvTranspose {
        window: window(&[3], 2, 1),
        groups: 2,
        output_padding: vec![0],
        layout: Layout::ChannelsFirst,
    };
    let back = one(adjoint, &[&y, &w]);
    assert_eq!(back.shape(), x.shape());
    let dot = |a: &Tensor, b: &Tensor| a.to_f64s().iter().zip(b.to_f64s()).map(|(a, b)| a * b).sum::<f64>();
    assert_eq!(dot(&forward, &y), dot(&x, &back));
}

#[test]
fn pools_count_what_they_should() {
    let x = f32s(&[1, 1, 4], &[1.0, 2.0, 3.0, 4.0]);
    let pool = |pool| Op::Pool { pool, window: window(&[3], 2, 1), output: vec![2], layout: Layout::ChannelsFirst };
    close(&one(pool(Pool::Max), &[&x]), &[2.0, 4.0]);
    close(&one(pool(Pool::Average { count_padding: true }), &[&x]), &[1.0, 3.0]);
    close(&one(pool(Pool::Average { count_padding: false }), &[&x]), &[1.5, 3.0]);
    close(&one(pool(Pool::Lp { p: 2 }), &[&x]), &[5f64.sqrt(), 29f64.sqrt()]);
}

#[test]
fn products_transpose_broadcast_and_contract() {
    let a = f32s(&[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let b = f32s(&[2, 2, 3], &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0]);
    let product = one(Op::MatMul { transpose_a: false, transpose_b: true }, &[&a, &b]);
    assert_eq!(product.to_f64s(), [1.0, 2.0, 4.0, 5.0, 3.0, 6.0, 6.0, 15.0]);
    let einsum = one(Op::Einsum { equation: "ik,bjk->bij".into() }, &[&a, &b]);
    assert_eq!(einsum, product);
    let trace = one(Op::Einsum { equation: "ii->".into() }, &[&f32s(&[2, 2], &[1.0, 2.0, 3.0, 4.0])]);
    assert_eq!(trace.to_f64s(), [5.0]);
}

#[test]
fn reductions_and_extremes() {
    let x = f32s(&[2, 3], &[1.0, -2.0, 3.0, 4.0, 5.0, -6.0]);
    let reduce = |reduction, axes: &[usize]| Op::Reduce { reduction, axes: axes.to_vec() };
    close(&one(reduce(Reduction::Mean, &[1]), &[&x]), &[2.0 / 3.0, 1.0]);
    close(&one(reduce(Reduction::L1, &[0]), &[&x]), &[5.0, 7.0, 9.0]);
    close(&one(reduce(Reduction::Max, &[0, 1]), &[&x]), &[5.0]);
    close(&one(reduce(Reduction::LogSumExp, &[1]), &[&f32s(&[1, 2], &[1000.0, 1000.0])]), &[1000.0 + 2f64.ln()]);
    let top = eval_op(&Op::TopK { axis: 1, k: 2, largest: true }, &[&x]).unwrap();
    assert_eq!(top[0].to_f64s(), [3.0, 1.0, 5.0, 4.0]);
    assert_eq!(top[1].to_i64s(), [2, 0, 1, 0]);
    let ties = i64s(&[3], &[7, 7, 1]);
    assert_eq!(one(Op::ArgReduce { max: true, axis: 0, select_last: false }, &[&ties]).to_i64s(), [0]);
    assert_eq!(one(Op::ArgReduce { max: true, axis: 0, select_last: true }, &[&ties]).to_i64s(), [1]);
    let scan = Op::CumSum { axis: 1, exclusive: true, reverse: true };
    assert_eq!(one(scan, &[&x]).to_f64s(), [1.0, 3.0, 0.0, -1.0, -6.0, 0.0]);
    close(&one(Op::Softmax { axes: vec![1], log: false }, &[&f32s(&[1, 2], &[0.0, 3f32.ln()])]), &[0.25, 0.75]);
}

#[test]
fn resize_maps_coordinates() {
    let x = f32s(&[4], &[1.0, 2.0, 3.0, 4.0]);
    let resize = |size: usize, map, interpolation| Op::Resize {
        sizes: vec![size],
        scales: vec![size as f32 / 4.0],
        map,
        interpolation,
        antialias: false,
    };
    let linear = one(resize(8, CoordinateMap::HalfPixel, Interpolation::Linear), &[&x]);
    close(&linear, &[1.0, 1.25, 1.75, 2.25, 2.75, 3.25, 3.75, 4.0]);
    close(
        &one(resize(7, CoordinateMap::AlignCorners, Interpolation::Linear), &[&x]),
        &[1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0],
    );
    let nearest = Interpolation::Nearest(NearestRound::Floor);
    close(&one(resize(8, CoordinateMap::Asymmetric, nearest), &[&x]), &[1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0, 4.0]);
    // The example resize_downsample_scales_cubic of the ONNX operator's documentation.
    let square = f32s(&[1, 1, 4, 4], &(1..=16).map(|i| i as f32).collect::<Vec<_>>());
    let op = Op::Resize {
        sizes: vec![1, 1, 3, 3],
        scales: vec![1.0, 1.0, 0.8, 0.8],
        map: CoordinateMap::HalfPixel,
        interpolation: Interpolation::Cubic { a: -0.75, exclude_outside: false },
        antialias: false,
    };
    close(
        &one(op, &[&square]),
        &[1.47119141, 2.78125, 4.08251953, 6.71142578, 8.02148438, 9.32275391, 11.91650391, 13.2265625, 14.52783203],
    );
}

#[test]
fn lstm_without_recurrence_is_its_gates() {
    let zeros = |shape: &[usize]| Tensor::splat(DType::F32, shape, 0.0).unwrap();
    let w = f32s(&[1, 4, 1], &[1.0, 0.0, 0.0, 2.0]);
    let x = f32s(&[1, 1, 1], &[0.5]);
    let state = zeros(&[1, 1, 1]);
    let op = Op::Lstm { direction: Direction::Forward, hidden: 1 };
    let out = eval_op(&op, &[&x, &w, &zeros(&[1, 4, 1]), &zeros(&[1, 8]), &state, &state, &zeros(&[1, 3])]).unwrap();
    let c = 1.0 / (1.0 + (-0.5f64).exp()) * 1f64.tanh();
    close(&out[2], &[c]);
    close(&out[0], &[0.5 * c.tanh()]);
}

#[test]
fn quantize_rounds_to_even_and_saturates() {
    let x = f32s(&[4], &[1.0, 3.0, 1000.0, -1000.0]);
    let (scale, zero) = (Tensor::scalar(DType::F32, 2.0), Tensor::scalar(DType::I8, 1.0));
    let q = one(Op::Quantize { axis: 0 }, &[&x, &scale, &zero]);
    assert_eq!(q.to_vec::<i8>().unwrap(), [1, 3, 127, -128]);
    assert_eq!(one(Op::Dequantize { axis: 0 }, &[&q, &scale, &zero]).to_f64s(), [0.0, 4.0, 252.0, -258.0]);
}

#[test]
fn run_follows_the_graph_and_shows_every_value() {
    let mut graph = Graph::new("g");
    let x = graph.add_input("x", TensorType::new(DType::F32, [2]));
    let two = graph.add_constant("two", Tensor::scalar(DType::F32, 2.0));
    let double = graph.push("double", Op::Binary(Binary::Mul), &[x, two]).unwrap()[0];
    let y = graph.push("y", Op::Unary(Unary::Neg), &[double]).unwrap()[0];
    graph.outputs.push(("y".into(), y));
    let input = f32s(&[2], &[1.0, -3.0]);
    let mut seen = Vec::new();
    let out = run_observed(&graph, std::slice::from_ref(&input), |v, t| seen.push((v, t.to_f64s()))).unwrap();
    assert_eq!(seen, [(double, vec![2.0, -6.0]), (y, vec![-2.0, 6.0])]);
    assert_eq!(out[0].to_f64s(), [-2.0, 6.0]);
    assert!(matches!(run(&graph, &[]), Err(EvalError::InputCount { expected: 1, got: 0 })));
}

#[test]
fn hostile_attributes_are_refused_without_panic() {
    let x = f32s(&[1, 1, 4, 4], &[0.0; 16]);
    let w = f32s(&[1, 1, 3, 3], &[0.0; 9]);
    let huge = Window {
        kernel: vec![3, 3],
        strides: vec![1, 1],
        dilations: vec![usize::MAX, 1],
        pad_before: vec![usize::MAX, 0],
        pad_after: vec![usize::MAX, 0],
    };
    let conv = Op::Conv { window: huge.clone(), groups: 1, layout: Layout::ChannelsFirst };
    assert!(eval_op(&conv, &[&x, &w]).is_err());
    let transposed =
        Op::ConvTranspose { window: huge, groups: 1, output_padding: vec![usize::MAX; 2], layout: Layout::default() };
    assert!(eval_op(&transposed, &[&x, &w]).is_err());
    let pad = Op::Pad { before: vec![isize::MAX; 4], after: vec![isize::MAX; 4], mode: PadMode::Edge };
    assert!(eval_op(&pad, &[&x]).is_err());
    let pad = Op::Pad { before: vec![1 << 40; 4], after: vec![0; 4], mode: PadMode::Edge };
    assert!(matches!(eval_op(&pad, &[&x]), Err(EvalError::Infer(InferError::TooLarge { .. }))));
    let slice = Op::Slice { starts: vec![3; 4], sizes: vec![usize::MAX; 4], steps: vec![isize::MIN; 4] };
    assert!(eval_op(&slice, &[&x]).is_err());
    assert!(eval_op(&Op::Tile { repeats: vec![1 << 20; 4] }, &[&x]).is_err());
    assert!(eval_op(&Op::Reshape { shape: vec![usize::MAX, usize::MAX] }, &[&x]).is_err());
    assert!(eval_op(&Op::Transpose { perm: vec![0, 0, 1, 9] }, &[&x]).is_err());
    assert!(eval_op(&Op::Binary(Binary::Add), &[&x]).is_err());
}
