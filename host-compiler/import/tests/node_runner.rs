//! The runner of the ONNX node tests tells right from wrong, and fixes inputs that decide shapes.

mod model_builder;

use std::path::Path;

use lathe_graph::{Graph, Tensor};
use lathe_import::node_tests::{Backend, BackendError, Interpreter, Outcome, Report, run_node_tests};
use model_builder::*;
use prost::Message;
use tract_onnx::pb::{GraphProto, NodeProto, TensorProto, ValueInfoProto};

/// Writes a test folder as ONNX lays it out.
fn write_test(dir: &Path, name: &str, node: NodeProto, inputs: &[(ValueInfoProto, TensorProto)], output: TensorProto) {
    let data = dir.join(name).join("test_data_set_0");
    std::fs::create_dir_all(&data).unwrap();
    let graph = GraphProto {
        input: inputs.iter().map(|(info, _)| info.clone()).collect(),
        output: vec![value("y", F32, &["2", "2"])],
        node: vec![node],
        ..Default::default()
    };
    std::fs::write(dir.join(name).join("model.onnx"), model_bytes(13, graph)).unwrap();
    for (i, (_, tensor)) in inputs.iter().enumerate() {
        std::fs::write(data.join(format!("input_{i}.pb")), tensor.encode_to_vec()).unwrap();
    }
    std::fs::write(data.join("output_0.pb"), output.encode_to_vec()).unwrap();
}

/// Four tests: right, wrong, a runtime shape, an operator that is not supported.
fn tests(dir: &Path) {
    let x = || (value("x", F32, &["4"]), floats_tensor("x", &[4], &[1.0, -2.0, 3.0, -4.0]));
    let shape = (value("s", I64, &["2"]), ints_tensor("s", &[2], &[2, 2]));
    let abs = || node("Abs", &["x"], &["y"], vec![]);
    let right = floats_tensor("y", &[4], &[1.0, 2.0, 3.0, 4.0]);
    write_test(dir, "test_abs", abs(), &[x()], right);
    write_test(dir, "test_abs_wrong", abs(), &[x()], floats_tensor("y", &[4], &[1.0, 2.0, 3.0, 4.1]));
    let reshaped = floats_tensor("y", &[2, 2], &[1.0, -2.0, 3.0, -4.0]);
    write_test(dir, "test_reshape", node("Reshape", &["x", "s"], &["y"], vec![]), &[x(), shape], reshaped.clone());
    write_test(dir, "test_roi", node("RoiAlign", &["x"], &["y"], vec![]), &[x()], reshaped);
}

fn outcome<'r>(report: &'r Report, name: &str) -> &'r Outcome {
    &report.results.iter().find(|r| r.name == name).unwrap().outcome
}

#[test]
fn outcomes_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    tests(dir.path());
    let report = run_node_tests(dir.path(), &Interpreter, "").unwrap();
    assert_eq!(outcome(&report, "test_abs"), &Outcome::Passed);
    assert_eq!(outcome(&report, "test_reshape"), &Outcome::Passed);
    assert!(matches!(outcome(&report, "test_abs_wrong"), Outcome::Wrong(why) if why.contains("element 3")));
    assert!(matches!(outcome(&report, "test_roi"), Outcome::Unsupported(why) if why.contains("RoiAlign")));
    assert!(!report.is_clean());
    let json = report.to_json();
    assert_eq!(
        json["operators"]["Abs"],
        serde_json::json!({"passed": 1, "wrong": 1, "unsupported": 0, "panicked": 0, "crashed": 0})
    );
    assert!(report.to_string().contains("WRONG     test_abs_wrong"));
}

/// A backend that panics.
struct Panics;

impl Backend for Panics {
    fn run(&self, _: &Graph, _: &[Tensor]) -> Result<Vec<Tensor>, BackendError> {
        panic!("broken backend")
    }
}

#[test]
fn panics_are_caught_and_named() {
    let dir = tempfile::tempdir().unwrap();
    tests(dir.path());
    let report = run_node_tests(dir.path(), &Panics, "reshape").unwrap();
    assert_eq!(report.results.len(), 1);
    assert_eq!(outcome(&report, "test_reshape"), &Outcome::Panicked("broken backend".to_owned()));
    assert_eq!(report.results[0].operator, "Reshape");
}
