//! One node test.

use std::path::{Path, PathBuf};

use lathe_graph::{Graph, Tensor};
use prost::Message;

use super::{Backend, BackendError, Outcome, compare};
use crate::proto::{self, ModelProto, TensorProto};
use crate::{ImportError, Options, onnx, translate};

/// Runs the test in `folder` on all its data sets: the operator it tests, and the outcome.
pub(super) fn run(folder: &Path, backend: &dyn Backend) -> (String, Outcome) {
    let operator = operator(folder);
    let outcome = match data_sets(folder) {
        Ok(sets) if sets.is_empty() => Outcome::Unsupported("the test has no data".into()),
        Ok(sets) => sets
            .iter()
            .map(|set| run_set(folder, set, backend))
            .find(|o| *o != Outcome::Passed)
            .unwrap_or(Outcome::Passed),
        Err(why) => Outcome::Unsupported(why),
    };
    (operator, outcome)
}

/// The operator a test is about: its only node's, or for an expanded function the one of the test it belongs to.
pub(super) fn operator(folder: &Path) -> String {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let original = name.split("_expanded").next().map(|n| folder.with_file_name(n)).filter(|f| f.is_dir());
    let model = original.as_deref().unwrap_or(folder).join("model.onnx");
    let decoded = std::fs::read(model).ok().and_then(|bytes| proto::decode(&bytes).ok());
    let nodes = decoded.and_then(|m| m.graph).map(|g| g.node).unwrap_or_default();
    match nodes.as_slice() {
        [] => name,
        [node] if !proto::canonical_domain(&node.domain).is_empty() => format!("{}::{}", node.domain, node.op_type),
        [node] => node.op_type.clone(),
        _ => "several nodes".to_owned(),
    }
}

/// Stored inputs and outputs of one data set.
struct DataSet {
    inputs: Vec<Tensor>,
    outputs: Vec<Tensor>,
}

fn data_sets(folder: &Path) -> Result<Vec<DataSet>, String> {
    let set = |i: usize| Some(folder.join(format!("test_data_set_{i}"))).filter(|f| f.is_dir());
    let sets: Vec<PathBuf> = (0..).map_while(set).collect();
    let read = |set: &PathBuf| Ok(DataSet { inputs: tensors(set, "input")?, outputs: tensors(set, "output")? });
    sets.iter().map(read).collect()
}

fn tensors(set: &Path, prefix: &str) -> Result<Vec<Tensor>, String> {
    let path = |i: usize| Some(set.join(format!("{prefix}_{i}.pb"))).filter(|f| f.is_file());
    (0..).map_while(path).map(|p| tensor(&p)).collect()
}

fn tensor(path: &Path) -> Result<Tensor, String> {
    let bytes = std::fs::read(path).map_err(|e| e.to_string())?;
    let mut stored = TensorProto::decode(bytes.as_slice()).map_err(|_| "the data is not a tensor".to_owned())?;
    proto::tensor::take(&mut stored, &Options::default()).map_err(|e| format!("stored data: {e}"))
}

fn run_set(folder: &Path, set: &DataSet, backend: &dyn Backend) -> Outcome {
    let model = match std::fs::read(folder.join("model.onnx")) {
        Ok(bytes) => proto::decode(&bytes),
        Err(source) => Err(ImportError::Read { source }),
    };
    let imported = model.and_then(|m| import_with(&m, &set.inputs));
    let (graph, inputs) = match imported {
        Ok(imported) => imported,
        Err(error) if error.is_unsupported() => return Outcome::Unsupported(error.to_string()),
        Err(error) => return Outcome::Wrong(error.to_string()),
    };
    let results = match backend.run(&graph, &inputs) {
        Ok(results) => results,
        Err(BackendError::Unsupported(why)) => return Outcome::Unsupported(why),
        Err(BackendError::Failed(why)) => return Outcome::Wrong(why),
    };
    if results.len() != set.outputs.len() {
        return Outcome::Wrong(format!("{} outputs instead of {}", results.len(), set.outputs.len()));
    }
    let test = folder.file_name().unwrap_or_default().to_string_lossy();
    let differences = results.iter().zip(&set.outputs).enumerate();
    let first =
        differences.filter_map(|(i, (got, expected))| Some((i, compare::difference(&test, got, expected)?))).next();
    first.map_or(Outcome::Passed, |(i, what)| Outcome::Wrong(format!("output {i}: {what}")))
}

/// Imports with the stored inputs' shapes. When import asks for the value of an input, it is made a constant; when it
/// asks for something computed, all inputs but the first float one are.
fn import_with(model: &ModelProto, stored: &[Tensor]) -> Result<(Graph, Vec<Tensor>), ImportError> {
    let names: Vec<String> =
        model.graph.iter().flat_map(|g| &g.input).map(|i| i.name.clone()).filter(|name| !name.is_empty()).collect();
    let given = || names.iter().zip(stored);
    let mut options = Options::default();
    options.input_shapes.extend(given().map(|(n, t)| (n.clone(), t.shape().to_vec())));
    let first_float = given().find(|(_, t)| t.dtype().is_float()).map(|(n, _)| n.clone());
    loop {
        let error = match translate::model(model.clone(), &options, onnx::lookup) {
            Ok(graph) => {
                let inputs = given().filter(|(n, _)| !options.input_values.contains_key(*n));
                return Ok((graph, inputs.map(|(_, t)| t.clone()).collect()));
            }
            Err(error) => error,
        };
        let ImportError::DataDependent { value, .. } = &error else { return Err(error) };
        let fixed = options.input_values.len();
        let asked_for = given().any(|(n, _)| n == value);
        let fix = |name: &String| if asked_for { name == value } else { Some(name) != first_float.as_ref() };
        options.input_values.extend(given().filter(|(n, _)| fix(n)).map(|(n, t)| (n.clone(), t.clone())));
        if options.input_values.len() == fixed {
            return Err(error);
        }
    }
}
