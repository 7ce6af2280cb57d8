//! The walk: initialisers, inputs, nodes in order, outputs; names resolved through scopes.

use std::collections::{BTreeMap, HashMap};

use lathe_graph::{Graph, ValueId};
use prost::Message;

use super::builder::Builder;
use super::{Fault, Lookup, NodeContext};
use crate::error::{ImportError, NodeRef};
use crate::options::Options;
use crate::proto::{FunctionProto, GraphProto, ModelProto, NodeProto, canonical_domain, tensor};

/// The most nodes a model may have, those of inlined functions and branches counted each time.
const MAX_NODES: usize = 1 << 20;
/// How deep functions and branches may nest.
const MAX_DEPTH: usize = 48;

/// Told of every node and every problem; an error stops the walk.
pub(crate) trait Observer {
    /// A node was translated, or not. A node behind one that failed is only looked up.
    fn node(&mut self, node: NodeRef, result: Result<(), ImportError>) -> Result<(), ImportError>;

    /// Something other than a node's translation went wrong; what it concerns counts as failed.
    fn problem(&mut self, error: ImportError) -> Result<(), ImportError>;
}

/// Stops at the first error.
pub(crate) struct Strict;

impl Observer for Strict {
    fn node(&mut self, _: NodeRef, result: Result<(), ImportError>) -> Result<(), ImportError> {
        result
    }

    fn problem(&mut self, error: ImportError) -> Result<(), ImportError> {
        Err(error)
    }
}

/// What a name stands for.
#[derive(Clone, Copy)]
pub(super) enum Binding {
    /// A value of the graph.
    Value(ValueId),
    /// The result of a node that failed, where the walk went on.
    Broken,
}

/// Names of one graph, branch or function body.
struct Scope {
    names: HashMap<String, Binding>,
    /// Whether names of the scopes around it are out of sight (a function body).
    isolated: bool,
}

/// A model being translated.
pub(crate) struct Walk<'a> {
    pub(super) options: &'a Options,
    operators: Lookup,
    pub(super) observer: &'a mut dyn Observer,
    pub(super) builder: Builder,
    opsets: BTreeMap<String, i64>,
    functions: HashMap<(String, String), FunctionProto>,
    scopes: Vec<Scope>,
    nodes: usize,
}

impl<'a> Walk<'a> {
    /// Prepares to walk `model`: its operator sets and functions are known afterwards.
    pub(crate) fn new(
        model: &ModelProto,
        options: &'a Options,
        operators: Lookup,
        observer: &'a mut dyn Observer,
    ) -> Walk<'a> {
        let opsets = model.opset_import.iter().map(|o| (canonical_domain(&o.domain).to_owned(), o.version)).collect();
        let functions = model.functions.iter().map(|f| {
            let domain = canonical_domain(f.domain.as_deref().unwrap_or_default()).to_owned();
            ((domain, f.name.clone().unwrap_or_default()), f.clone())
        });
        let functions = functions.collect();
        let name = model.graph.as_ref().map(|g| g.name.as_str()).unwrap_or_default();
        let builder = Builder::new(name);
        Walk { options, operators, observer, builder, opsets, functions, scopes: Vec::new(), nodes: 0 }
    }

    /// Translates the model's graph.
    pub(crate) fn run(mut self, graph: Option<GraphProto>) -> Result<Graph, ImportError> {
        let mut graph = graph.ok_or_else(|| ImportError::Model { reason: "it has no graph".into() })?;
        if self.opsets.is_empty() {
            return Err(ImportError::Model { reason: "it does not say which operator set it uses".into() });
        }
        self.scopes.push(Scope { names: HashMap::new(), isolated: true });
        self.initialisers(&mut graph)?;
        self.inputs(&graph)?;
        self.nodes(&graph.node)?;
        for output in &graph.output {
            match self.lookup(&output.name) {
                Some(Binding::Value(id)) => self.builder.graph.outputs.push((output.name.clone(), id)),
                Some(Binding::Broken) => {}
                None => self.observer.problem(ImportError::UnknownOutput { value: output.name.clone() })?,
            }
        }
        Ok(self.builder.finish())
    }

    /// Makes constants of a graph's stored tensors.
    fn initialisers(&mut self, graph: &mut GraphProto) -> Result<(), ImportError> {
        if let Some(sparse) = graph.sparse_initializer.first() {
            let tensor = sparse.values.as_ref().map(|v| v.name.clone()).unwrap_or_default();
            return Err(ImportError::Tensor { tensor, fault: crate::error::TensorFault::Sparse });
        }
        for proto in &mut graph.initializer {
            let name = std::mem::take(&mut proto.name);
            let binding = match tensor::take(proto, self.options) {
                Ok(tensor) => Binding::Value(self.builder.graph.add_constant(name.clone(), tensor)),
                Err(fault) => {
                    self.observer.problem(ImportError::Tensor { tensor: name.clone(), fault })?;
                    Binding::Broken
                }
            };
            self.define(&name, binding)?;
        }
        Ok(())
    }

    /// Translates nodes in order.
    fn nodes(&mut self, nodes: &[NodeProto]) -> Result<(), ImportError> {
        for node in nodes {
            self.nodes += 1;
            if self.nodes > MAX_NODES {
                return Err(ImportError::Model { reason: format!("it has more than {MAX_NODES} nodes") });
            }
            let reference = self.reference(node);
            let inputs = self.node_inputs(node, nodes, &reference)?;
            let (result, outputs) = match self.node(node, &reference, inputs.as_deref()) {
                Ok(outputs) => (Ok(()), outputs),
                Err(fault) => (Err(fault.at(reference.clone())), Vec::new()),
            };
            self.observer.node(reference, result)?;
            for (i, name) in node.output.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
                let binding = outputs.get(i).copied().flatten().map_or(Binding::Broken, Binding::Value);
                self.define(name, binding)?;
            }
        }
        Ok(())
    }

    /// The node as messages name it.
    fn reference(&self, node: &NodeProto) -> NodeRef {
        let domain = canonical_domain(&node.domain);
        let first_output = node.output.first().map(String::as_str).unwrap_or_default();
        NodeRef {
            name: if node.name.is_empty() { first_output } else { &node.name }.to_owned(),
            domain: domain.to_owned(),
            operator: node.op_type.clone(),
            opset: self.opsets.get(domain).copied().unwrap_or_default(),
        }
    }

    /// The values a node reads, `None` for inputs left out; `None` altogether when one of them failed before.
    fn node_inputs(
        &mut self,
        node: &NodeProto,
        nodes: &[NodeProto],
        reference: &NodeRef,
    ) -> Result<Option<Vec<Option<ValueId>>>, ImportError> {
        let mut values = Vec::with_capacity(node.input.len());
        for name in &node.input {
            if name.is_empty() {
                values.push(None);
                continue;
            }
            match self.lookup(name) {
                Some(Binding::Value(id)) => values.push(Some(id)),
                Some(Binding::Broken) => return Ok(None),
                None => {
                    let (node, value) = (Box::new(reference.clone()), name.clone());
                    let later = nodes.iter().any(|n| n.output.contains(name));
                    self.observer.problem(match later {
                        true => ImportError::OutOfOrder { node, value },
                        false => ImportError::UnknownValue { node, value },
                    })?;
                    return Ok(None);
                }
            }
        }
        Ok(Some(values))
    }

    /// Translates one node: the values of its outputs, `None` for an optional one that is not wanted. Without
    /// `inputs` the operator is only looked up.
    fn node(
        &mut self,
        node: &NodeProto,
        reference: &NodeRef,
        inputs: Option<&[Option<ValueId>]>,
    ) -> Result<Vec<Option<ValueId>>, Fault> {
        if let Some(function) = self.function(reference) {
            let Some(inputs) = inputs else { return Ok(Vec::new()) };
            return self.inline(&function, node, inputs);
        }
        let translate = (self.operators)(reference)?;
        let Some(inputs) = inputs else { return Ok(Vec::new()) };
        let mut context = NodeContext::new(self, node, reference, inputs);
        let outputs = translate(&mut context)?;
        self.name_outputs(node, outputs)
    }

    /// Checks that every wanted output is there and gives fresh values their ONNX names.
    fn name_outputs(&mut self, node: &NodeProto, outputs: Vec<ValueId>) -> Result<Vec<Option<ValueId>>, Fault> {
        let named = node.output.iter().enumerate().map(|(i, name)| {
            if name.is_empty() {
                return Ok(None);
            }
            let Some(&id) = outputs.get(i) else {
                return Err(Fault::Unsupported(format!("its output {i} ('{name}') is not supported")));
            };
            let fresh = self.builder.is_fresh(id);
            if fresh && self.builder.graph.value(id).name != *name {
                self.builder.graph.rename(id, name.as_str());
            }
            Ok(Some(id))
        });
        let named = named.collect();
        self.builder.mark_seen();
        named
    }

    /// The model's own function that a node calls, if it is one.
    fn function(&self, reference: &NodeRef) -> Option<FunctionProto> {
        self.functions.get(&(reference.domain.clone(), reference.operator.clone())).cloned()
    }

    /// The domain's operator set.
    pub(super) fn with_opsets<R>(&mut self, opsets: BTreeMap<String, i64>, body: impl FnOnce(&mut Self) -> R) -> R {
        let outer = std::mem::replace(&mut self.opsets, opsets);
        let result = body(self);
        self.opsets = outer;
        result
    }

    /// Translates a nested body: `given` are names bound beforehand, `wanted` the names of its results.
    pub(super) fn nested(
        &mut self,
        body: &mut GraphProto,
        given: &[(String, Option<ValueId>)],
        isolated: bool,
    ) -> Result<Vec<ValueId>, ImportError> {
        if self.scopes.len() >= MAX_DEPTH {
            return Err(ImportError::Model { reason: format!("functions or branches nest deeper than {MAX_DEPTH}") });
        }
        self.nodes += 1;
        let stored: usize = body.initializer.iter().map(|t| t.encoded_len()).sum();
        if self.nodes > MAX_NODES || !self.builder.afford(stored) {
            return Err(ImportError::Model { reason: "inlined functions, branches and loops grow too large".into() });
        }
        let names = given.iter().filter_map(|(n, v)| v.map(|v| (n.clone(), Binding::Value(v)))).collect();
        self.scopes.push(Scope { names, isolated });
        let results = self.nested_results(body);
        self.scopes.pop();
        results
    }

    fn nested_results(&mut self, body: &mut GraphProto) -> Result<Vec<ValueId>, ImportError> {
        self.initialisers(body)?;
        self.nodes(&body.node)?;
        let result = |name: &str| match self.lookup(name) {
            Some(Binding::Value(id)) => Ok(id),
            Some(Binding::Broken) => {
                Err(ImportError::Model { reason: format!("'{name}' depends on an operator that is not supported") })
            }
            None => Err(ImportError::UnknownOutput { value: name.to_owned() }),
        };
        body.output.iter().map(|o| result(&o.name)).collect()
    }

    /// Binds a name in the innermost scope.
    pub(super) fn define(&mut self, name: &str, binding: Binding) -> Result<(), ImportError> {
        let Some(scope) = self.scopes.last_mut() else { return Ok(()) };
        match scope.names.insert(name.to_owned(), binding) {
            Some(_) => Err(ImportError::DuplicateValue { value: name.to_owned() }),
            None => Ok(()),
        }
    }

    /// What a name stands for, innermost scope first.
    pub(super) fn lookup(&self, name: &str) -> Option<Binding> {
        for scope in self.scopes.iter().rev() {
            if let Some(&binding) = scope.names.get(name) {
                return Some(binding);
            }
            if scope.isolated {
                break;
            }
        }
        None
    }
}
