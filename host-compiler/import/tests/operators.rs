//! What operators mean, opset by opset, where the ONNX node tests (all of newer opsets) do not look.

mod model_builder;

use lathe_graph::{Graph, Op, Tensor, interpreter};
use lathe_import::{Options, import};
use model_builder::*;
use tract_onnx::pb::{FunctionProto, GraphProto, NodeProto, OperatorSetIdProto, TensorProto};

/// A model over f32 inputs x0, x1, … with the output y.
fn imported(opset: i64, inputs: &[&Tensor], stored: Vec<TensorProto>, nodes: Vec<NodeProto>) -> Graph {
    let declare = |(i, t): (usize, &&Tensor)| {
        let dims: Vec<String> = t.shape().iter().map(usize::to_string).collect();
        let code = match t.dtype() {
            lathe_graph::DType::Bool => 9,
            lathe_graph::DType::I64 => I64,
            _ => F32,
        };
        value(&format!("x{i}"), code, &dims.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let graph = GraphProto {
        input: inputs.iter().enumerate().map(declare).collect(),
        output: vec![value("y", F32, &[])],
        initializer: stored,
        node: nodes,
        ..Default::default()
    };
    import(&model_bytes(opset, graph), &Options::default()).unwrap()
}

fn run(opset: i64, inputs: &[&Tensor], stored: Vec<TensorProto>, nodes: Vec<NodeProto>) -> Tensor {
    let graph = imported(opset, inputs, stored, nodes);
    let inputs: Vec<Tensor> = inputs.iter().map(|t| (*t).clone()).collect();
    interpreter::run(&graph, &inputs).unwrap().remove(0)
}

fn tensor(shape: &[usize], values: &[f32]) -> Tensor {
    Tensor::from_slice(shape, values).unwrap()
}

/// 0, 1, 2, … in `shape`.
fn counting(shape: &[usize]) -> Tensor {
    let values: Vec<f32> = (0..shape.iter().product()).map(|i: usize| i as f32).collect();
    tensor(shape, &values)
}

fn assert_is(got: &Tensor, shape: &[usize], expected: &[f64]) {
    assert_eq!(got.shape(), shape);
    let got = got.to_f64s();
    assert!(got.iter().zip(expected).all(|(g, e)| (g - e).abs() < 1e-5), "{got:?} instead of {expected:?}");
}

#[test]
fn softmax_took_the_rest_together_before_13() {
    let x = tensor(&[1, 2, 2], &[0.0; 4]);
    let nodes = || vec![node("Softmax", &["x0"], &["y"], vec![int("axis", 1)])];
    assert_is(&run(11, &[&x], vec![], nodes()), &[1, 2, 2], &[0.25; 4]);
    assert_is(&run(13, &[&x], vec![], nodes()), &[1, 2, 2], &[0.5; 4]);
    let default = vec![node("Hardmax", &["x0"], &["y"], vec![])];
    assert_is(&run(11, &[&x], vec![], default.clone()), &[1, 2, 2], &[1.0, 0.0, 0.0, 0.0]);
    assert_is(&run(13, &[&x], vec![], default), &[1, 2, 2], &[1.0, 0.0, 1.0, 0.0]);
}

#[test]
fn clip_bounds_moved_to_inputs() {
    let x = tensor(&[3], &[-2.0, 0.5, 9.0]);
    let old = vec![node("Clip", &["x0"], &["y"], vec![float("min", -1.0), float("max", 6.0)])];
    assert_is(&run(7, &[&x], vec![], old), &[3], &[-1.0, 0.5, 6.0]);
    let high = floats_tensor("high", &[], &[6.0]);
    let new = vec![node("Clip", &["x0", "", "high"], &["y"], vec![])];
    assert_is(&run(13, &[&x], vec![high], new), &[3], &[-2.0, 0.5, 6.0]);
}

#[test]
fn clip_from_zero_up_is_relu() {
    let low = floats_tensor("low", &[], &[0.0]);
    let graph = imported(13, &[&counting(&[3])], vec![low], vec![node("Clip", &["x0", "low"], &["y"], vec![])]);
    assert!(matches!(graph.nodes[0].op, Op::Unary(lathe_graph::op::Unary::Relu)));
}

#[test]
fn slice_by_attributes_and_by_inputs() {
    let x = counting(&[2, 4]);
    let old = vec![ints("axes", &[1]), ints("starts", &[-3]), ints("ends", &[1000])];
    let old = vec![node("Slice", &["x0"], &["y"], old)];
    assert_is(&run(9, &[&x], vec![], old), &[2, 3], &[1.0, 2.0, 3.0, 5.0, 6.0, 7.0]);
    let stored = vec![
        ints_tensor("starts", &[2], &[-1, 10]),
        ints_tensor("ends", &[2], &[i64::MIN, -6]),
        ints_tensor("axes", &[2], &[0, 1]),
        ints_tensor("steps", &[2], &[-1, -2]),
    ];
    let new = vec![node("Slice", &["x0", "starts", "ends", "axes", "steps"], &["y"], vec![])];
    assert_is(&run(13, &[&x], stored, new), &[2, 2], &[7.0, 5.0, 3.0, 1.0]);
}

#[test]
fn squeeze_and_unsqueeze_axes_moved_to_inputs() {
    let x = counting(&[1, 3, 1]);
    let old = vec![
        node("Squeeze", &["x0"], &["a"], vec![ints("axes", &[0])]),
        node("Unsqueeze", &["a"], &["y"], vec![ints("axes", &[0, 3])]),
    ];
    assert_eq!(run(11, &[&x], vec![], old).shape(), [1, 3, 1, 1]);
    let stored = vec![ints_tensor("drop", &[1], &[-1]), ints_tensor("add", &[1], &[-1])];
    let new = vec![
        node("Squeeze", &["x0", "drop"], &["a"], vec![]),
        node("Unsqueeze", &["a", "add"], &["b"], vec![]),
        node("Squeeze", &["b"], &["y"], vec![]),
    ];
    assert_eq!(run(13, &[&x], stored, new).shape(), [3]);
}

#[test]
fn split_sizes_through_the_opsets() {
    let x = counting(&[5]);
    let outputs = &["a", "y"];
    let by_attribute = vec![node("Split", &["x0"], outputs, vec![ints("split", &[2, 3])])];
    assert_is(&run(11, &[&x], vec![], by_attribute), &[3], &[2.0, 3.0, 4.0]);
    let sizes = ints_tensor("sizes", &[2], &[4, 1]);
    assert_is(&run(13, &[&x], vec![sizes], vec![node("Split", &["x0", "sizes"], outputs, vec![])]), &[1], &[4.0]);
    let uneven = vec![node("Split", &["x0"], outputs, vec![int("num_outputs", 2)])];
    assert_is(&run(18, &[&x], vec![], uneven), &[2], &[3.0, 4.0]);
}

#[test]
fn pad_amounts_through_the_opsets() {
    let x = counting(&[1, 2]);
    let old = vec![node("Pad", &["x0"], &["y"], vec![ints("pads", &[0, 1, 0, 1]), float("value", 7.0)])];
    assert_is(&run(10, &[&x], vec![], old), &[1, 4], &[7.0, 0.0, 1.0, 7.0]);
    let stored = vec![ints_tensor("pads", &[2], &[0, 1]), ints_tensor("axes", &[1], &[-1])];
    let new = vec![node("Pad", &["x0", "pads", "", "axes"], &["y"], vec![string("mode", "edge")])];
    assert_is(&run(18, &[&x], stored, new), &[1, 3], &[0.0, 1.0, 1.0]);
}

#[test]
fn upsample_and_the_first_resize_take_the_floor() {
    let x = tensor(&[1, 1, 1, 2], &[1.0, 2.0]);
    let old = vec![node("Upsample", &["x0"], &["y"], vec![floats("scales", &[1.0, 1.0, 1.0, 2.0])])];
    assert_is(&run(7, &[&x], vec![], old), &[1, 1, 1, 4], &[1.0, 1.0, 2.0, 2.0]);
    let scales = floats_tensor("scales", &[4], &[1.0, 1.0, 1.0, 1.5]);
    let resize = vec![node("Resize", &["x0", "scales"], &["y"], vec![])];
    assert_is(&run(10, &[&x], vec![scales], resize), &[1, 1, 1, 3], &[1.0, 1.0, 2.0]);
}

#[test]
fn reduction_axes_moved_to_inputs() {
    let x = counting(&[2, 2]);
    let attributes = || vec![ints("axes", &[-1]), int("keepdims", 0)];
    assert_is(&run(11, &[&x], vec![], vec![node("ReduceSum", &["x0"], &["y"], attributes())]), &[2], &[1.0, 5.0]);
    assert_is(&run(13, &[&x], vec![], vec![node("ReduceMean", &["x0"], &["y"], attributes())]), &[2], &[0.5, 2.5]);
    let stored = || vec![ints_tensor("axes", &[1], &[0])];
    let sum = vec![node("ReduceSum", &["x0", "axes"], &["y"], vec![])];
    assert_is(&run(13, &[&x], stored(), sum), &[1, 2], &[2.0, 4.0]);
    let mean = vec![node("ReduceMean", &["x0", "axes"], &["y"], vec![])];
    assert_is(&run(18, &[&x], stored(), mean), &[1, 2], &[1.0, 2.0]);
}

#[test]
fn top_k_count_moved_to_an_input() {
    let x = tensor(&[4], &[3.0, 1.0, 4.0, 1.5]);
    let old = vec![node("TopK", &["x0"], &["y", "where"], vec![int("k", 2)])];
    assert_is(&run(9, &[&x], vec![], old), &[2], &[4.0, 3.0]);
    let new = vec![node("TopK", &["x0", "k"], &["values", "y"], vec![int("largest", 0)])];
    assert_is(&run(11, &[&x], vec![ints_tensor("k", &[1], &[2])], new), &[2], &[1.0, 3.0]);
}

#[test]
fn gathers_of_known_indices_are_slices() {
    let x = counting(&[4, 2]);
    let take = |indices: TensorProto| {
        let nodes = vec![node("Gather", &["x0", "indices"], &["y"], vec![])];
        let graph = imported(13, &[&x], vec![indices], nodes);
        let slices = graph.nodes.iter().all(|n| !matches!(n.op, Op::Gather { .. }));
        (interpreter::run(&graph, std::slice::from_ref(&x)).unwrap().remove(0), slices)
    };
    let (last, sliced) = take(ints_tensor("indices", &[], &[-1]));
    assert_is(&last, &[2], &[6.0, 7.0]);
    assert!(sliced);
    let (backwards, sliced) = take(ints_tensor("indices", &[2, 1], &[2, 0]));
    assert_is(&backwards, &[2, 1, 2], &[4.0, 5.0, 0.0, 1.0]);
    assert!(sliced);
    let (uneven, sliced) = take(ints_tensor("indices", &[3], &[0, 1, 3]));
    assert_is(&uneven, &[3, 2], &[0.0, 1.0, 2.0, 3.0, 6.0, 7.0]);
    assert!(!sliced);
}

#[test]
fn shape_arithmetic_leaves_no_nodes() {
    let x = counting(&[2, 3, 4]);
    let stored = vec![ints_tensor("zero", &[1], &[0]), ints_tensor("minus", &[1], &[-1])];
    let nodes = vec![
        node("Shape", &["x0"], &["shape"], vec![]),
        node("Gather", &["shape", "zero"], &["batch"], vec![]),
        node("Concat", &["batch", "minus"], &["flat"], vec![int("axis", 0)]),
        node("Reshape", &["x0", "flat"], &["y"], vec![]),
    ];
    let graph = imported(13, &[&x], stored, nodes);
    assert_eq!(graph.nodes.len(), 1);
    assert_eq!(graph.ty(graph.outputs[0].1).shape, [2, 12]);
    assert_eq!(graph.value(graph.outputs[0].1).name, "y");
}

/// A branch without inputs whose result `r` is x0 changed by `op`.
fn branch(op: &str) -> GraphProto {
    GraphProto {
        output: vec![value("r", F32, &["2"])],
        node: vec![node(op, &["x0"], &["r"], vec![])],
        ..Default::default()
    }
}

#[test]
fn a_known_condition_takes_one_branch_and_another_selects() {
    let x = tensor(&[2], &[4.0, 9.0]);
    let attributes =
        || vec![graph_attribute("then_branch", branch("Neg")), graph_attribute("else_branch", branch("Sqrt"))];
    let condition =
        TensorProto { name: "c".into(), data_type: 9, dims: vec![1], raw_data: vec![0], ..Default::default() };
    let graph = imported(13, &[&x], vec![condition], vec![node("If", &["c"], &["y"], attributes())]);
    assert_eq!(graph.nodes.len(), 1);
    assert_is(&interpreter::run(&graph, std::slice::from_ref(&x)).unwrap()[0], &[2], &[2.0, 3.0]);
    for (truth, expected) in [(1.0, [-4.0, -9.0]), (0.0, [2.0, 3.0])] {
        let truth = Tensor::splat(lathe_graph::DType::Bool, &[1], truth).unwrap();
        let nodes = vec![node("If", &["x1"], &["y"], attributes())];
        assert_is(&run(13, &[&x, &truth], vec![], nodes), &[2], &expected);
    }
}

#[test]
fn functions_of_the_model_are_inlined() {
    let mut leaky = node("LeakyRelu", &["a"], &["b"], vec![float("alpha", 0.0)]);
    leaky.attribute[0].ref_attr_name = "slope".to_owned();
    let function = FunctionProto {
        name: Some("Twice".to_owned()),
        domain: Some("my.ops".to_owned()),
        input: vec!["a".to_owned()],
        output: vec!["c".to_owned()],
        attribute: vec!["slope".to_owned()],
        node: vec![leaky, node("Add", &["b", "b"], &["c"], vec![])],
        opset_import: vec![OperatorSetIdProto { domain: String::new(), version: 17 }],
        ..Default::default()
    };
    let call = |input: &str, output: &str| {
        let mut call = node("Twice", &[input], &[output], vec![float("slope", 0.5)]);
        call.domain = "my.ops".to_owned();
        call
    };
    let graph = GraphProto {
        input: vec![value("x", F32, &["2"])],
        output: vec![value("y", F32, &["2"])],
        node: vec![call("x", "b"), call("b", "y")],
        ..Default::default()
    };
    let mut model = model(17, graph);
    model.functions.push(function.clone());
    let graph = import(&bytes(&model), &Options::default()).unwrap();
    let y = interpreter::run(&graph, &[tensor(&[2], &[-4.0, 1.0])]).unwrap().remove(0);
    assert_is(&y, &[2], &[-4.0, 4.0]);

    let mut endless = function;
    endless.node = vec![call("a", "c")];
    model.functions = vec![endless];
    assert!(import(&bytes(&model), &Options::default()).is_err());
}

#[test]
fn layers_without_optional_operands_and_batch_first() {
    let x = tensor(&[2, 1, 1], &[0.5, -1.0]);
    let weights = || {
        vec![
            floats_tensor("w", &[1, 4, 1], &[0.3, -0.2, 0.7, 1.1]),
            floats_tensor("r", &[1, 4, 1], &[0.1, 0.2, -0.3, 0.4]),
        ]
    };
    let layer = |attributes| vec![node("LSTM", &["x0", "w", "r"], &["all", "y"], attributes)];
    let time_first = run(14, &[&x], weights(), layer(vec![int("hidden_size", 1)]));
    assert_eq!(time_first.shape(), [1, 1, 1]);
    let swapped = x.reshaped(&[1, 2, 1]).unwrap();
    let batch_first = run(14, &[&swapped], weights(), layer(vec![int("hidden_size", 1), int("layout", 1)]));
    assert_is(&batch_first, &[1, 1, 1], &time_first.to_f64s());
}

#[test]
fn dropout_passes_through() {
    let x = counting(&[2]);
    let nodes = vec![node("Dropout", &["x0"], &["y", "mask"], vec![float("ratio", 0.9)])];
    assert_is(&run(10, &[&x], vec![], nodes), &[2], &[0.0, 1.0]);
}

#[test]
fn weights_kept_as_small_integers_become_real_numbers() {
    let x = tensor(&[2], &[1.0, 1.0]);
    let weights =
        TensorProto { name: "q".into(), data_type: 3, dims: vec![2], raw_data: vec![5, 0xff], ..Default::default() };
    let stored = vec![weights, floats_tensor("s", &[], &[0.5])];
    let nodes = vec![node("DequantizeLinear", &["q", "s"], &["w"], vec![]), node("Mul", &["x0", "w"], &["y"], vec![])];
    assert_is(&run(13, &[&x], stored, nodes), &[2], &[2.5, -0.5]);
}

#[test]
fn operators_of_onnxruntime_that_stay_in_models() {
    let x = tensor(&[1, 2], &[1.0, 3.0]);
    let foreign = |op: &str, inputs: &[&str], attributes| {
        let mut node = node(op, inputs, &["y"], attributes);
        node.domain = "com.microsoft".to_owned();
        vec![node]
    };
    let scaled = foreign("FusedMatMul", &["x0", "x0"], vec![float("alpha", 0.5), int("transB", 1)]);
    assert_is(&run(13, &[&x], vec![], scaled), &[1, 1], &[5.0]);
    let scale = floats_tensor("scale", &[2], &[1.0, 1.0]);
    let normalised = foreign("SkipLayerNormalization", &["x0", "x0", "scale"], vec![]);
    assert_is(&run(13, &[&x], vec![scale], normalised), &[1, 2], &[-1.0, 1.0]);
    let bias = floats_tensor("bias", &[2], &[-1.0, -3.0]);
    assert_is(&run(13, &[&x], vec![bias], foreign("FastGelu", &["x0", "bias"], vec![])), &[1, 2], &[0.0, 0.0]);
}

#[test]
fn a_float_remainder_of_zero_has_the_sign_of_the_divisor() {
    let (a, b) = (tensor(&[2], &[4.0, 4.0]), tensor(&[2], &[2.0, -2.0]));
    let nodes = vec![node("Mod", &["x0", "x1"], &["r"], vec![]), node("Reciprocal", &["r"], &["y"], vec![])];
    assert_eq!(run(13, &[&a, &b], vec![], nodes).to_f64s(), [f64::INFINITY, f64::NEG_INFINITY]);
}

#[test]
fn a_shared_key_head_serves_a_group_of_query_heads() {
    let q = counting(&[1, 2, 1, 2]);
    let kv = tensor(&[1, 1, 2, 2], &[1.0, 0.0, 0.0, 1.0]);
    let nodes = vec![node("Attention", &["x0", "x1", "x1"], &["y"], vec![float("scale", 0.0)])];
    assert_is(&run(23, &[&q, &kv], vec![], nodes), &[1, 2, 1, 2], &[0.5; 4]);
}

#[test]
fn loops_of_a_known_length_are_unrolled() {
    let scalar = |name: &str, code| value(name, code, &[]);
    let body = GraphProto {
        input: vec![scalar("i", I64), scalar("c", 9), value("a", F32, &["2"])],
        output: vec![scalar("c2", 9), value("a2", F32, &["2"]), value("square", F32, &["2"])],
        node: vec![
            node("Identity", &["c"], &["c2"], vec![]),
            node("Add", &["a", "x0"], &["a2"], vec![]),
            node("Mul", &["a2", "a2"], &["square"], vec![]),
        ],
        ..Default::default()
    };
    let x = tensor(&[2], &[1.0, 2.0]);
    let run_loop = |outputs: &[&str], steps: i64| {
        let stored = vec![ints_tensor("steps", &[], &[steps])];
        let nodes = vec![node("Loop", &["steps", "", "x0"], outputs, vec![graph_attribute("body", body.clone())])];
        run(13, &[&x], stored, nodes)
    };
    assert_is(&run_loop(&["y"], 3), &[2], &[4.0, 8.0]);
    assert_is(&run_loop(&["last", "y"], 2), &[2, 2], &[4.0, 16.0, 9.0, 36.0]);
    assert_is(&run_loop(&["y"], 0), &[2], &[1.0, 2.0]);
}

#[test]
fn scans_are_unrolled_along_their_axes() {
    let body = GraphProto {
        input: vec![value("sum", F32, &[]), value("x", F32, &[])],
        output: vec![value("total", F32, &[]), value("running", F32, &[])],
        node: vec![node("Add", &["sum", "x"], &["total"], vec![]), node("Neg", &["total"], &["running"], vec![])],
        ..Default::default()
    };
    let (zero, x) = (tensor(&[], &[0.0]), counting(&[4]));
    let attributes =
        vec![graph_attribute("body", body), int("num_scan_inputs", 1), ints("scan_input_directions", &[1])];
    let nodes = vec![node("Scan", &["x0", "x1"], &["total", "y"], attributes)];
    assert_is(&run(13, &[&zero, &x], vec![], nodes), &[4], &[-3.0, -5.0, -6.0, -6.0]);
}

#[test]
fn max_pool_says_where_the_largest_element_stands() {
    let x = tensor(&[1, 2, 2, 3], &[1.0, 9.0, 2.0, 3.0, 4.0, 5.0, -1.0, -2.0, -3.0, -4.0, -5.0, -6.0]);
    let attributes = || vec![ints("kernel_shape", &[2, 2]), ints("strides", &[1, 2]), ints("pads", &[0, 0, 0, 1])];
    let nodes = vec![node("MaxPool", &["x0"], &["values", "y"], attributes())];
    assert_is(&run(13, &[&x], vec![], nodes), &[1, 2, 1, 2], &[1.0, 5.0, 6.0, 8.0]);
    let columns = [attributes(), vec![int("storage_order", 1)]].concat();
    let nodes = vec![node("MaxPool", &["x0"], &["values", "y"], columns)];
    assert_is(&run(13, &[&x], vec![], nodes), &[1, 2, 1, 2], &[2.0, 5.0, 6.0, 10.0]);
}
