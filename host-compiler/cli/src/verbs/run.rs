//! `run`: an artifact on inputs from files.

use lathe_artifact::Tensor as Described;
use lathe_graph::{Tensor, TensorType};
use serde_json::json;

use super::{artifact, compare, inputs, outputs};
use crate::arguments::RunArgs;
use crate::console;
use crate::devices::{self, TimeUnit, instructions};
use crate::failure::{Exit, Failure, Outcome};

pub fn run(args: &RunArgs) -> Outcome {
    let bytes = artifact::read(&args.artifact)?;
    let artifact = artifact::parse(&args.artifact, &bytes)?;
    let inputs = inputs::read(&artifact, &args.inputs)?;
    if let Some(model) = &args.compare {
        return compare::run(args, model, &artifact, &bytes, &inputs);
    }
    let labels = outputs::labels(args.labels.as_deref())?;
    let mut device = devices::open(&args.device, &args.load, &args.artifact, &bytes)?;
    if args.self_test {
        device.self_test()?;
    }
    for (index, tensor) in inputs.iter().enumerate() {
        device.set_input(index, tensor.bytes())?;
    }
    let unit = device.unit();
    let times_ms = (0..args.repeat).map(|_| device.run()).collect::<Outcome<Vec<f64>>>()?;
    let mut results = Vec::new();
    for (index, t) in artifact.outputs().enumerate() {
        results.push((t.name.to_string(), tensor(&t, device.output(index, t.bytes as usize)?)?));
    }
    if let Some(path) = &args.output {
        outputs::write(path, &results)?;
    }
    report(args, &results, &labels, &times_ms, unit)
}

fn tensor(described: &Described<'_>, bytes: Vec<u8>) -> Outcome<Tensor> {
    let shape: Vec<usize> = described.shape.dims().map(|d| d as usize).collect();
    Tensor::new(TensorType::new(described.dtype, shape), bytes)
        .ok_or_else(|| Failure::new(Exit::Failure, format!("output {:?} came back with a wrong size", described.name)))
}

fn report(
    args: &RunArgs,
    results: &[(String, Tensor)],
    labels: &[String],
    times_ms: &[f64],
    unit: TimeUnit,
) -> Outcome {
    let summaries: Vec<_> = results.iter().map(|(name, tensor)| outputs::summary(name, tensor)).collect();
    let top = match (args.top, results.first()) {
        (Some(k), Some((_, tensor))) => outputs::top(tensor, k, labels),
        _ => Vec::new(),
    };
    let mut document = json!({
        "artifact": args.artifact,
        "device": args.device.device,
        "unit": unit.name(),
        "outputs": summaries.iter().map(|(document, _)| document).collect::<Vec<_>>(),
        "top": top.iter().map(|r| json!({ "index": r.index, "value": r.value, "label": r.label })).collect::<Vec<_>>(),
        "times_ms": times_ms,
        "output_file": args.output,
    });
    if unit == TimeUnit::Instructions {
        document["emulated"] = true.into();
        document["instructions"] = times_ms.iter().map(|ms| instructions(*ms)).collect();
    }
    console::report(document, || {
        let mut text = String::new();
        for r in &top {
            text += &format!("{:12.6}  {:6}  {}\n", r.value, r.index, r.label.as_deref().unwrap_or_default());
        }
        if top.is_empty() {
            summaries.iter().for_each(|(_, summary)| text += summary);
        }
        if args.print_time {
            let (decimals, unit) = match unit {
                TimeUnit::Milliseconds => (3, "ms"),
                TimeUnit::Instructions => (6, "M instructions, emulated"),
            };
            let times: Vec<String> = times_ms.iter().map(|t| format!("{t:.decimals$}")).collect();
            text += &format!("time: {} {unit}\n", times.join(" "));
        }
        text
    })
}
