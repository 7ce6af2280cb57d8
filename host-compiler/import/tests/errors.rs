//! Every way a model can be wrong has an error that names the place.

mod model_builder;

use lathe_import::{ImportError, Options, Support, TensorFault, check, import, import_file};
use model_builder::{F32, I64, float, floats_tensor, int, ints, ints_tensor, model, model_bytes, node, value};
use tract_onnx::pb::{GraphProto, NodeProto, TensorProto};

fn graph(nodes: Vec<NodeProto>) -> GraphProto {
    GraphProto {
        input: vec![value("x", F32, &["2", "3"])],
        output: vec![value("y", F32, &["2", "3"])],
        node: nodes,
        ..Default::default()
    }
}

fn error_of(opset: i64, graph: GraphProto) -> ImportError {
    import(&model_bytes(opset, graph), &Options::default()).unwrap_err()
}

fn error_of_nodes(nodes: Vec<NodeProto>) -> ImportError {
    error_of(13, graph(nodes))
}

#[test]
fn not_a_protobuf() {
    let error = import(b"\x89PNG\r\n\x1a\n and so on", &Options::default()).unwrap_err();
    assert!(matches!(error, ImportError::Decode { .. }), "{error}");
}

#[test]
fn no_graph_and_no_opset() {
    let mut empty = model(13, GraphProto::default());
    empty.graph = None;
    let error = import(&model_builder::bytes(&empty), &Options::default()).unwrap_err();
    assert!(matches!(error, ImportError::Model { .. }), "{error}");
    let mut without = model(13, graph(vec![node("Relu", &["x"], &["y"], vec![])]));
    without.opset_import.clear();
    let error = import(&model_builder::bytes(&without), &Options::default()).unwrap_err();
    assert!(error.to_string().contains("operator set"), "{error}");
}

#[test]
fn an_unsupported_operator_is_named_with_node_and_opset() {
    let mut roi = node("RoiAlign", &["x"], &["y"], vec![]);
    roi.name = "align_7".to_owned();
    let error = error_of_nodes(vec![roi]);
    assert!(matches!(error, ImportError::Unsupported { .. }) && error.is_unsupported());
    let text = error.to_string();
    assert!(text.contains("align_7") && text.contains("RoiAlign") && text.contains("opset 13"), "{text}");
}

#[test]
fn a_foreign_domain_is_named() {
    let mut foreign = node("Fancy", &["x"], &["y"], vec![]);
    foreign.domain = "com.example".to_owned();
    let error = error_of_nodes(vec![foreign]);
    assert!(error.to_string().contains("com.example::Fancy"), "{error}");
}

#[test]
fn quantised_operators_are_coming() {
    let error = error_of_nodes(vec![node("QuantizeLinear", &["x", "x"], &["y"], vec![])]);
    assert!(error.to_string().contains("quantised operators are coming"), "{error}");
}

#[test]
fn opsets_too_old_and_too_new() {
    let nodes = || vec![node("Add", &["x", "x"], &["y"], vec![])];
    for opset in [6, 99] {
        let error = error_of(opset, graph(nodes()));
        assert!(matches!(error, ImportError::Unsupported { .. }), "{error}");
    }
    assert!(import(&model_bytes(7, graph(nodes())), &Options::default()).is_ok());
}

#[test]
fn unknown_and_unsorted_and_cyclic_values() {
    let error = error_of_nodes(vec![node("Relu", &["nowhere"], &["y"], vec![])]);
    assert!(matches!(error, ImportError::UnknownValue { ref value, .. } if value == "nowhere"), "{error}");
    let unsorted = vec![node("Relu", &["z"], &["y"], vec![]), node("Relu", &["x"], &["z"], vec![])];
    assert!(matches!(error_of_nodes(unsorted), ImportError::OutOfOrder { .. }));
    let cyclic = vec![node("Add", &["x", "y"], &["z"], vec![]), node("Relu", &["z"], &["y"], vec![])];
    assert!(matches!(error_of_nodes(cyclic), ImportError::OutOfOrder { .. }));
}

#[test]
fn names_defined_twice_and_outputs_of_nothing() {
    let twice = vec![node("Relu", &["x"], &["y"], vec![]), node("Neg", &["x"], &["y"], vec![])];
    assert!(matches!(error_of_nodes(twice), ImportError::DuplicateValue { .. }));
    let error = error_of_nodes(vec![node("Relu", &["x"], &["z"], vec![])]);
    assert!(matches!(error, ImportError::UnknownOutput { ref value } if value == "y"), "{error}");
}

#[test]
fn malformed_nodes() {
    let cases = vec![
        node("Add", &["x"], &["y"], vec![]),
        node("Transpose", &["x"], &["y"], vec![ints("perm", &[0, 0])]),
        node("Concat", &["x", "x"], &["y"], vec![]),
        node("Concat", &["x", "x"], &["y"], vec![float("axis", 1.0)]),
        node("Softmax", &["x"], &["y"], vec![int("axis", 5)]),
        node("MatMul", &["x", "x"], &["y"], vec![]),
    ];
    for case in cases {
        let error = error_of_nodes(vec![case]);
        assert!(matches!(error, ImportError::InvalidNode { .. }), "{error}");
        assert!(error.to_string().contains("opset 13"), "{error}");
    }
}

#[test]
fn shapes_that_depend_on_data() {
    let mut graph = graph(vec![node("Reshape", &["x", "shape"], &["y"], vec![])]);
    graph.input.push(value("shape", I64, &["2"]));
    let error = error_of(13, graph);
    assert!(matches!(error, ImportError::DataDependent { ref value, .. } if value == "shape"), "{error}");
    let error = error_of_nodes(vec![node("NonZero", &["x"], &["y"], vec![])]);
    assert!(matches!(error, ImportError::DataDependent { .. }) && error.is_unsupported(), "{error}");
}

fn with_tensor(tensor: TensorProto) -> ImportError {
    let mut graph = graph(vec![node("Add", &["x", "w"], &["y"], vec![])]);
    graph.initializer.push(TensorProto { name: "w".to_owned(), ..tensor });
    error_of(13, graph)
}

#[test]
fn malformed_tensors() {
    let short = TensorProto { raw_data: vec![0; 23], ..floats_tensor("", &[2, 3], &[]) };
    let error = with_tensor(short);
    assert!(matches!(error, ImportError::Tensor { fault: TensorFault::Length { .. }, .. }), "{error}");
    for dims in [vec![-1, 3], vec![i64::MAX, i64::MAX, 8], vec![1 << 40]] {
        let error = with_tensor(TensorProto { raw_data: vec![0; 4], ..floats_tensor("", &dims, &[]) });
        assert!(matches!(error, ImportError::Tensor { .. }), "{error}");
    }
    assert!(matches!(
        with_tensor(TensorProto { data_type: 8, dims: vec![1], ..Default::default() }),
        ImportError::Tensor { fault: TensorFault::DType { .. }, .. }
    ));
    assert!(matches!(
        with_tensor(TensorProto { data_type: 3, dims: vec![1], int32_data: vec![300], ..Default::default() }),
        ImportError::Tensor { fault: TensorFault::Element { index: 0 }, .. }
    ));
    let too_few = with_tensor(ints_tensor("", &[1 << 50], &[1, 2]));
    assert!(matches!(too_few, ImportError::Tensor { .. }), "{too_few}");
}

#[test]
fn results_too_large_to_be_made() {
    let mut graph = graph(vec![node("ConstantOfShape", &["shape"], &["y"], vec![])]);
    graph.initializer.push(ints_tensor("shape", &[3], &[1 << 40, 1 << 40, 1 << 40]));
    let error = error_of(13, graph);
    assert!(matches!(error, ImportError::Unsupported { .. } | ImportError::InvalidNode { .. }), "{error}");
}

#[test]
fn errors_of_files_name_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("broken.onnx");
    let missing = import_file(&path, &Options::default()).unwrap_err();
    assert!(missing.to_string().contains("broken.onnx"), "{missing}");
    std::fs::write(&path, b"nonsense").unwrap();
    let broken = import_file(&path, &Options::default()).unwrap_err();
    assert!(broken.to_string().contains("broken.onnx") && broken.to_string().contains("not an ONNX model"), "{broken}");
}

#[test]
fn check_lists_every_operator_and_never_stops() {
    let nodes = vec![
        node("Relu", &["x"], &["a"], vec![]),
        node("RoiAlign", &["a"], &["b"], vec![]),
        node("Neg", &["b"], &["c"], vec![]),
        node("QLinearConv", &["c"], &["d"], vec![]),
        node("Relu", &["nowhere"], &["e"], vec![]),
        node("Add", &["d", "e"], &["y"], vec![]),
    ];
    let report = check(&model_bytes(13, graph(nodes)), &Options::default());
    assert!(!report.is_supported());
    let support = |name: &str| &report.operators.iter().find(|o| o.name == name).unwrap().support;
    assert_eq!(support("Neg"), &Support::Supported);
    assert_eq!(support("Add"), &Support::Supported);
    assert!(matches!(support("RoiAlign"), Support::Unsupported(_)));
    assert!(matches!(support("QLinearConv"), Support::Unsupported(why) if why.contains("coming")));
    let relu = report.operators.iter().find(|o| o.name == "Relu").unwrap();
    assert_eq!((relu.count, relu.opset, relu.nodes.as_slice()), (2, 13, &["a".to_owned(), "e".to_owned()][..]));
    assert!(report.problems.iter().any(|p| matches!(p, ImportError::UnknownValue { .. })));
}

#[test]
fn check_goes_on_without_shapes() {
    let open = |last: &str| {
        let mut open = graph(vec![node("Relu", &["x"], &["a"], vec![]), node(last, &["a"], &["y"], vec![])]);
        open.input = vec![value("x", F32, &["N", "3"])];
        check(&model_bytes(13, open), &Options::default())
    };
    let supported = open("Neg");
    assert!(supported.is_supported() && supported.open_inputs.len() == 1);
    let report = open("Det");
    assert_eq!(report.operators.len(), 2);
    assert!(matches!(&report.open_inputs[..], [input] if input.declared == "[N,3]"));
    assert!(report.problems.is_empty() && !report.is_supported());
    assert!(check(b"nonsense", &Options::default()).problems.len() == 1);
}
