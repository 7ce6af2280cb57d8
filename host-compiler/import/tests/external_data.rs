//! Tensor data beside the model is read; data outside the model's folder is refused.

mod model_builder;

use std::path::Path;

use lathe_graph::interpreter;
use lathe_import::{ImportError, Options, TensorFault, import, import_file};
use model_builder::{F32, model_bytes, node, value};
use tract_onnx::pb::{GraphProto, StringStringEntryProto, TensorProto};

/// y = x + w, with w = [1, 2] at `location`.
fn model(entries: &[(&str, &str)]) -> Vec<u8> {
    let entry = |(k, v): &(&str, &str)| StringStringEntryProto { key: (*k).to_owned(), value: (*v).to_owned() };
    let weights = TensorProto {
        name: "w".to_owned(),
        dims: vec![2],
        data_type: F32,
        data_location: Some(1),
        external_data: entries.iter().map(entry).collect(),
        ..Default::default()
    };
    let graph = GraphProto {
        input: vec![value("x", F32, &["2"])],
        output: vec![value("y", F32, &["2"])],
        initializer: vec![weights],
        node: vec![node("Add", &["x", "w"], &["y"], vec![])],
        ..Default::default()
    };
    model_bytes(13, graph)
}

fn weights() -> Vec<u8> {
    [9.0f32, 1.0, 2.0].iter().flat_map(|v| v.to_le_bytes()).collect()
}

/// Imports the model from `folder`/inside, where `folder`/secret.bin must not be read.
fn import_from(folder: &Path, entries: &[(&str, &str)]) -> Result<lathe_graph::Graph, ImportError> {
    let path = folder.join("inside/model.onnx");
    std::fs::create_dir_all(folder.join("inside/data")).unwrap();
    std::fs::write(folder.join("secret.bin"), weights()).unwrap();
    std::fs::write(folder.join("inside/data/w.bin"), weights()).unwrap();
    std::fs::write(&path, model(entries)).unwrap();
    import_file(&path, &Options::default())
}

fn fault(result: Result<lathe_graph::Graph, ImportError>) -> TensorFault {
    match result.unwrap_err() {
        ImportError::InFile { source, .. } => match *source {
            ImportError::Tensor { fault, .. } => fault,
            other => panic!("{other}"),
        },
        other => panic!("{other}"),
    }
}

#[test]
fn data_in_the_folder_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let graph = import_from(folder.path(), &[("location", "data/w.bin"), ("offset", "4"), ("length", "8")]).unwrap();
    let x = lathe_graph::Tensor::from_slice(&[2], &[0.5f32, 0.5]).unwrap();
    assert_eq!(interpreter::run(&graph, &[x]).unwrap()[0].to_f64s(), [1.5, 2.5]);
}

#[test]
fn paths_out_of_the_folder_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let absolute = folder.path().join("secret.bin");
    let absolute = absolute.to_str().unwrap();
    for location in ["../secret.bin", "data/../../secret.bin", absolute, ""] {
        let fault = fault(import_from(folder.path(), &[("location", location), ("length", "8")]));
        assert!(matches!(fault, TensorFault::Outside { .. }), "{location}: {fault}");
    }
}

#[cfg(unix)]
#[test]
fn a_link_out_of_the_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("inside")).unwrap();
    std::os::unix::fs::symlink("../secret.bin", folder.path().join("inside/link.bin")).unwrap();
    let fault = fault(import_from(folder.path(), &[("location", "link.bin"), ("length", "8")]));
    assert!(matches!(fault, TensorFault::Outside { .. }), "{fault}");
}

#[test]
fn wrong_lengths_and_missing_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let cases: [&[(&str, &str)]; 6] = [
        &[("location", "data/w.bin"), ("length", "12")],
        &[("location", "data/w.bin"), ("offset", "8"), ("length", "8")],
        &[("location", "data/w.bin"), ("offset", "18446744073709551615"), ("length", "8")],
        &[("location", "data/w.bin"), ("offset", "-1"), ("length", "8")],
        &[("location", "data/none.bin"), ("length", "8")],
        &[("length", "8")],
    ];
    for entries in cases {
        let fault = fault(import_from(folder.path(), entries));
        assert!(matches!(fault, TensorFault::External(_)), "{entries:?}: {fault}");
    }
}

#[test]
fn bytes_without_a_folder_have_no_external_data() {
    let error = import(&model(&[("location", "data/w.bin")]), &Options::default()).unwrap_err();
    assert!(matches!(error, ImportError::Tensor { fault: TensorFault::NoFolder, .. }), "{error}");
}
