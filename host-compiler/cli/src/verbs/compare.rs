//! `run --compare MODEL.onnx`: which step computes wrong numbers?
//!
//! The model is compiled again with the options the artifact records; the bytes must be the same, so that every step is
//! known down to its nodes. Then the artifact runs step by step. Each group of nodes is computed by the reference
//! interpreter from the very values its kernels were given, so that the step named is the one at fault and not one that
//! inherits an error. At the end the outputs are compared with the interpreter's run of the whole model as imported.

use std::collections::HashMap;
use std::path::Path;

use lathe_artifact::Artifact;
use lathe_artifact::golden::element;
use lathe_driver::{Compiled, Lowering, OptimizationLevel, Options};
use lathe_graph::{DType, Graph, NodeId, Tensor, ValueId, interpreter};
use lathe_runtime_std::Runner;
use serde_json::json;

use crate::arguments::RunArgs;
use crate::console;
use crate::devices::local;
use crate::failure::{Exit, Failure, Outcome};

pub fn run(args: &RunArgs, model: &Path, artifact: &Artifact<'_>, bytes: &[u8], inputs: &[Tensor]) -> Outcome {
    if args.device.device != "local" {
        return Err(Failure::usage("--compare looks into the arena between steps, which only --device local allows"));
    }
    super::compile::start_threads(0)?;
    let lowering = recompiled(model, artifact, bytes)?;
    let mut runner = local::load(&args.artifact, &args.load)?;
    for (index, tensor) in inputs.iter().enumerate() {
        runner.input_bytes(index).copy_from_slice(tensor.bytes());
    }
    let differences = differences(&lowering, &mut runner, inputs)?;
    let reference = interpreter::run(&lowering.imported, inputs).map_err(internal)?;
    let outputs = lowering.graph.outputs.iter().zip(&reference).map(|((name, _), expected)| {
        let found = runner.output(name).map(|b| Tensor::new(expected.ty().clone(), b.to_vec()));
        (name.clone(), found.ok().flatten().map_or(Error::WRONG_SIZE, |found| Error::between(expected, &found)))
    });
    report(&differences, &outputs.collect::<Vec<_>>())
}

fn internal(error: impl std::fmt::Display) -> Failure {
    Failure::new(Exit::Failure, format!("the reference interpreter failed: {error}; this is a bug, please report it"))
}

/// The lowering that gave exactly these bytes.
fn recompiled(model: &Path, artifact: &Artifact<'_>, bytes: &[u8]) -> Outcome<Lowering> {
    let cpu = artifact.header().cpu.to_string();
    for cpu in [cpu.as_str(), "native"] {
        let Ok(options) = recorded_options(artifact, cpu) else { continue };
        let Compiled { bytes: again, lowering } = lathe_driver::compile(model, &options, &())?;
        if again == bytes {
            return Ok(lowering);
        }
    }
    Err(Failure::usage(format!(
        "{} compiled again does not give this artifact: it was made from another model or by another version",
        model.display()
    )))
}

/// The options an artifact records in its provenance.
fn recorded_options(artifact: &Artifact<'_>, cpu: &str) -> Outcome<Options> {
    let mut target = artifact.header().target;
    let mut shapes = Vec::new();
    let mut pictures = Vec::new();
    let (mut level, mut self_test) = (OptimizationLevel::Full, true);
    for note in artifact.provenance() {
        match note.key {
            "target" => target = note.value,
            "options.level" if note.value == "0" => level = OptimizationLevel::None,
            "options.level" if note.value == "1" => level = OptimizationLevel::Graph,
            "options.self_test" => self_test = note.value == "true",
            "options.input_shape" => shapes.push(note.value.to_string()),
            "options.input" => pictures.push(note.value.parse().map_err(Failure::usage)?),
            _ => {}
        }
    }
    let target = lathe_codegen::targets::find(target, Some(cpu)).map_err(lathe_driver::CompileError::from)?;
    let input_shapes = super::compile::input_shapes(&shapes)?;
    Ok(Options { level, self_test, input_shapes, pictures, ..Options::new(target) })
}

/// How far a value that a step computed is from what it should be.
struct Difference {
    step: usize,
    label: String,
    kernel: String,
    value: String,
    error: Error,
}

/// Every value the steps computed, up to and with the first that is wrong. All steps have run then.
fn differences(lowering: &Lowering, runner: &mut Runner, inputs: &[Tensor]) -> Outcome<Vec<Difference>> {
    let graph = &lowering.graph;
    let mut known = Known::new(graph, inputs);
    let mut all: Vec<Difference> = Vec::new();
    runner.restart();
    for (number, step) in lowering.plan.steps.iter().enumerate() {
        runner.step();
        if all.last().is_some_and(|found| !found.error.is_small()) {
            continue;
        }
        let group = &lowering.groups[step.group];
        if step.phase + 1 < group.phases.len() {
            continue;
        }
        let expected = known.compute(&group.nodes)?;
        for (value, expected) in expected {
            let Some(found) = stored(lowering, runner, value) else { continue };
            let error = Error::between(&expected, &found);
            let kernel = lowering.kernels.kernels()[step.kernel].name.clone();
            let name = graph.value(value).name.clone();
            all.push(Difference { step: number, label: group.label.clone(), kernel, value: name, error });
            if !error.is_small() {
                break;
            }
            known.values.insert(value, found);
        }
    }
    Ok(all)
}

/// The bytes of `value` in the arena, when it has any there now.
fn stored(lowering: &Lowering, runner: &mut Runner, value: ValueId) -> Option<Tensor> {
    let offset = lowering.plan.offset(value)?;
    let ty = lowering.graph.ty(value).clone();
    let bytes = runner.arena().get(offset..offset + ty.bytes())?.to_vec();
    Tensor::new(ty, bytes)
}

/// Values as the artifact computed them.
struct Known<'g> {
    graph: &'g Graph,
    producers: HashMap<ValueId, NodeId>,
    values: HashMap<ValueId, Tensor>,
}

impl<'g> Known<'g> {
    fn new(graph: &'g Graph, inputs: &[Tensor]) -> Known<'g> {
        let values = graph.inputs.iter().copied().zip(inputs.iter().cloned()).collect();
        Known { graph, producers: graph.producers(), values }
    }

    /// What the interpreter makes of `nodes`, given what is known: the values other nodes or the model's outputs read.
    fn compute(&mut self, nodes: &[NodeId]) -> Outcome<Vec<(ValueId, Tensor)>> {
        let mut inside: HashMap<ValueId, Tensor> = HashMap::new();
        for &n in nodes {
            let node = &self.graph.nodes[n.0 as usize];
            let mut operands = Vec::new();
            for v in &node.inputs {
                let local = inside.get(v).cloned();
                operands.push(local.map_or_else(|| self.operand(*v), Ok)?);
            }
            let results = interpreter::eval_op(&node.op, &operands.iter().collect::<Vec<_>>()).map_err(internal)?;
            inside.extend(node.outputs.iter().copied().zip(results));
        }
        let consumers = self.graph.consumers();
        let leaves = |v: &ValueId| {
            self.graph.outputs.iter().any(|(_, o)| o == v)
                || consumers.get(v).is_some_and(|c| c.iter().any(|n| !nodes.contains(n)))
        };
        let mut results: Vec<_> = inside.into_iter().filter(|(v, _)| leaves(v)).collect();
        results.sort_by_key(|(v, _)| *v);
        Ok(results)
    }

    /// A value computed by an earlier step, or a view of one.
    fn operand(&mut self, value: ValueId) -> Outcome<Tensor> {
        if let Some(known) = self.graph.constant(value).or(self.values.get(&value)) {
            return Ok(known.clone());
        }
        let unknown = || internal(format!("value {:?} is read before it is computed", self.graph.value(value).name));
        let node = &self.graph.nodes[self.producers.get(&value).ok_or_else(unknown)?.0 as usize];
        let [operand] = node.inputs[..] else { return Err(unknown()) };
        let operand = self.operand(operand)?;
        let viewed = interpreter::eval_op(&node.op, &[&operand]).map_err(internal)?.swap_remove(0);
        self.values.insert(value, viewed.clone());
        Ok(viewed)
    }
}

/// How far two tensors are apart.
#[derive(Clone, Copy)]
struct Error {
    largest: f64,
    allowed: f64,
}

impl Error {
    const WRONG_SIZE: Error = Error { largest: f64::INFINITY, allowed: 0.0 };

    /// Allowed is 1e-4 of the larger of range and magnitude (4e-3 for half precision), nothing for integers and bool.
    fn between(expected: &Tensor, found: &Tensor) -> Error {
        let at = |t: &Tensor, i: usize| element(t.dtype(), t.bytes(), i as u32).unwrap_or(f64::NAN);
        let (mut largest, mut low, mut high) = (0f64, 0f64, 0f64);
        for i in 0..expected.ty().elements() {
            let (e, f) = (at(expected, i), at(found, i));
            if e == f || (e.is_nan() && f.is_nan()) {
                // Equal infinities, too, are no difference.
            } else if (e - f).is_finite() {
                largest = largest.max((e - f).abs());
            } else {
                largest = f64::INFINITY;
            }
            if e.is_finite() {
                (low, high) = (low.min(e), high.max(e));
            }
        }
        let relative = match expected.dtype() {
            DType::F16 => 4e-3,
            d if d.is_float() => 1e-4,
            _ => 0.0,
        };
        Error { largest, allowed: relative * (high - low) }
    }

    fn is_small(&self) -> bool {
        self.largest <= self.allowed
    }
}

fn report(differences: &[Difference], outputs: &[(String, Error)]) -> Outcome {
    let first = differences.iter().find(|d| !d.error.is_small());
    let difference = |d: &Difference| {
        json!({
            "step": d.step, "label": d.label, "kernel": d.kernel, "value": d.value,
            "largest_error": d.error.largest, "allowed_error": d.error.allowed,
        })
    };
    let wrong: Vec<&str> = outputs.iter().filter(|(_, e)| !e.is_small()).map(|(n, _)| n.as_str()).collect();
    let document = json!({
        "first_difference": first.map(difference),
        "steps": differences.iter().map(difference).collect::<Vec<_>>(),
        "outputs": outputs.iter().map(|(name, e)| json!({
            "name": name, "largest_error": e.largest, "allowed_error": e.allowed, "right": e.is_small(),
        })).collect::<Vec<_>>(),
    });
    console::report(document, || {
        let line = |(name, e): &(String, Error)| {
            format!("{name}: largest error {:.3e}, allowed {:.3e}\n", e.largest, e.allowed)
        };
        outputs.iter().map(line).collect()
    })?;
    if let Some(d) = first {
        let message = format!(
            "step {} ({}, kernel {}) computes a wrong {}: largest error {:.3e}, allowed {:.3e}",
            d.step, d.label, d.kernel, d.value, d.error.largest, d.error.allowed
        );
        return Err(Failure::new(Exit::WrongNumbers, message));
    }
    if !wrong.is_empty() {
        let message = format!(
            "every step is right by itself, but {} differs: a graph pass changed it, or rounding adds up",
            wrong.join(", ")
        );
        return Err(Failure::new(Exit::WrongNumbers, message));
    }
    Ok(())
}
