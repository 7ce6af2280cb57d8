//! What of a model is supported, operator by operator, without stopping at the first that is not.

use std::collections::BTreeMap;

use crate::error::{ImportError, MissingShape, NodeRef};
use crate::options::Options;
use crate::translate::{Observer, Walk};
use crate::{onnx, proto};

/// Whether an operator can be compiled.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Support {
    /// It can.
    Supported,
    /// It cannot, and why.
    Unsupported(String),
}

/// Nodes of one operator that share their fate.
#[derive(Clone, Debug)]
pub struct OperatorReport {
    /// The operator.
    pub name: String,
    /// Its domain, empty for ONNX's own.
    pub domain: String,
    /// The domain's opset in the model.
    pub opset: i64,
    /// How many nodes there are.
    pub count: usize,
    /// Their names.
    pub nodes: Vec<String>,
    /// Whether they can be compiled.
    pub support: Support,
}

/// What [`check`] found.
#[derive(Debug, Default)]
pub struct Report {
    /// Bytes of the tensors the model stores: initialisers and the values of Constant nodes.
    pub weight_bytes: u64,
    /// Operators by name; one whose nodes differ in support stands once for each reason.
    pub operators: Vec<OperatorReport>,
    /// Inputs with dimensions that the model leaves open and no option fixes.
    pub open_inputs: Vec<MissingShape>,
    /// What is wrong besides single nodes: a damaged file, contradictory shapes, tensors of an unsupported type.
    pub problems: Vec<ImportError>,
}

impl Report {
    /// Whether nothing is in the way of [`import`](crate::import), except that open dimensions have to be given.
    pub fn is_supported(&self) -> bool {
        self.problems.is_empty() && self.operators.iter().all(|o| o.support == Support::Supported)
    }
}

/// Examines a model. Nodes whose inputs are unknown, because of an open dimension or an unsupported node before them, are
/// judged by their operator alone.
pub fn check(bytes: &[u8], options: &Options) -> Report {
    let mut collector = Collector::default();
    let mut weight_bytes = 0;
    let walked = proto::decode(bytes)
        .and_then(|mut model| {
            let graph = model.graph.take();
            weight_bytes = graph.as_ref().map_or(0, proto::stored_bytes);
            Walk::new(&model, options, onnx::lookup, &mut collector).run(graph)
        })
        .map(|_| ());
    let mut report = Report { weight_bytes, ..collector.report() };
    report.problems.extend(walked.err());
    report
}

/// Nodes grouped by operator and fate.
#[derive(Default)]
struct Collector {
    groups: BTreeMap<(String, String, i64, Support), Vec<String>>,
    open_inputs: Vec<MissingShape>,
    problems: Vec<ImportError>,
}

impl Collector {
    fn report(self) -> Report {
        let operator = |((domain, name, opset, support), nodes): ((String, String, i64, Support), Vec<String>)| {
            OperatorReport { name, domain, opset, count: nodes.len(), nodes, support }
        };
        let operators = self.groups.into_iter().map(operator).collect();
        Report { operators, open_inputs: self.open_inputs, problems: self.problems, ..Report::default() }
    }
}

impl Observer for Collector {
    fn node(&mut self, node: NodeRef, result: Result<(), ImportError>) -> Result<(), ImportError> {
        let support = match result {
            Ok(()) => Support::Supported,
            Err(error) => Support::Unsupported(reason(error)),
        };
        self.groups.entry((node.domain, node.operator, node.opset, support)).or_default().push(node.name);
        Ok(())
    }

    fn problem(&mut self, error: ImportError) -> Result<(), ImportError> {
        match error {
            ImportError::MissingShapes { inputs } => self.open_inputs.extend(inputs),
            other => self.problems.push(other),
        }
        Ok(())
    }
}

/// The error without the node's name, so that nodes with one fate fall into one group.
fn reason(error: ImportError) -> String {
    match error {
        ImportError::Unsupported { reason, .. } | ImportError::InvalidNode { reason, .. } => reason,
        ImportError::DataDependent { reason, .. } => {
            format!("an input must be known when compiling ({reason}), but is computed from the model's inputs")
        }
        other => other.to_string(),
    }
}
