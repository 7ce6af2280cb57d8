//! Symbolic dimensions: asked for by name, fixed by the user, checked for consistency.

mod model_builder;

use lathe_import::{ImportError, Options, import};
use model_builder::{F32, model_bytes, node, value};
use tract_onnx::pb::GraphProto;

/// c = a + b over [batch, 4] and [batch, 1].
fn sum() -> Vec<u8> {
    model_bytes(
        13,
        GraphProto {
            input: vec![value("a", F32, &["batch", "4"]), value("b", F32, &["batch", "1"])],
            output: vec![value("c", F32, &["batch", "4"])],
            node: vec![node("Add", &["a", "b"], &["c"], vec![])],
            ..Default::default()
        },
    )
}

fn with_shapes(shapes: &[(&str, &[usize])]) -> Options {
    let input_shapes = shapes.iter().map(|(n, s)| ((*n).to_owned(), s.to_vec())).collect();
    Options { input_shapes, ..Options::default() }
}

#[test]
fn missing_shapes_are_asked_for_by_name() {
    let error = import(&sum(), &Options::default()).unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, ImportError::MissingShapes { ref inputs } if inputs.len() == 2), "{text}");
    assert!(text.contains("--input-shape a=") && text.contains("[batch,4]"), "{text}");
    assert!(text.contains("--input-shape b=") && text.contains("[batch,1]"), "{text}");
}

#[test]
fn one_input_fixes_the_symbol_of_another() {
    let graph = import(&sum(), &with_shapes(&[("a", &[3, 4])])).unwrap();
    assert_eq!(graph.ty(graph.inputs[1]).shape, [3, 1]);
    assert_eq!(graph.ty(graph.outputs[0].1).shape, [3, 4]);
}

#[test]
fn a_contradicted_symbol_is_refused() {
    let error = import(&sum(), &with_shapes(&[("a", &[3, 4]), ("b", &[2, 1])])).unwrap_err();
    assert!(matches!(error, ImportError::SymbolMismatch { first: 3, second: 2, .. }), "{error}");
}

#[test]
fn a_contradicted_extent_or_rank_is_refused() {
    for shape in [&[3, 5][..], &[4]] {
        let error = import(&sum(), &with_shapes(&[("a", shape)])).unwrap_err();
        assert!(matches!(error, ImportError::ShapeMismatch { .. }), "{error}");
    }
}

#[test]
fn a_shape_for_no_input_is_refused_with_the_inputs() {
    let error = import(&sum(), &with_shapes(&[("image", &[1])])).unwrap_err();
    assert!(matches!(error, ImportError::UnknownInput { .. }));
    assert!(error.to_string().contains("a, b"), "{error}");
}

#[test]
fn an_impossible_extent_is_refused() {
    let error = import(&sum(), &with_shapes(&[("a", &[usize::MAX, 4])])).unwrap_err();
    assert!(matches!(error, ImportError::InputType { .. }), "{error}");
}

#[test]
fn stale_value_info_is_ignored() {
    let graph = GraphProto {
        input: vec![value("a", F32, &["2", "4"])],
        output: vec![value("c", F32, &["7"])],
        value_info: vec![value("b", F32, &["9", "9"])],
        node: vec![node("Relu", &["a"], &["b"], vec![]), node("Neg", &["b"], &["c"], vec![])],
        ..Default::default()
    };
    let graph = import(&model_bytes(13, graph), &Options::default()).unwrap();
    assert_eq!(graph.ty(graph.outputs[0].1).shape, [2, 4]);
}
