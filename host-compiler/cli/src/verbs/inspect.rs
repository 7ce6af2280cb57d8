//! `inspect`: what is in an artifact.

use lathe_artifact::layout::kind;
use lathe_artifact::{Artifact, Launch, Space, Tensor};
use lathe_driver::boards;
use serde_json::{Value, json};

use super::{artifact, bytes_text, footprint};
use crate::arguments::InspectArgs;
use crate::console;
use crate::failure::Outcome;

pub fn run(args: &InspectArgs) -> Outcome {
    let bytes = artifact::read(&args.artifact)?;
    let artifact = artifact::parse(&args.artifact, &bytes)?;
    let footprint =
        args.board.as_ref().map(|board| footprint::on_board(&artifact, &boards::find(board)?)).transpose()?;
    let mut document = document(&artifact, bytes.len());
    document["board"] = json!(footprint);
    console::report(document, || {
        text(&artifact, bytes.len()) + &footprint.as_ref().map(footprint::text).unwrap_or_default()
    })?;
    Ok(footprint.map_or(Ok(()), |footprint| footprint.check())?)
}

fn section_name(section: u16) -> String {
    let name = match section {
        kind::STRINGS => "strings",
        kind::IO => "inputs and outputs",
        kind::PLAN => "plan",
        kind::KERNELS => "kernels",
        kind::CODE => "code",
        kind::CONSTANTS => "constants",
        kind::GOLDEN => "self-test",
        kind::PROCESSORS => "processors",
        kind::SIGNATURE => "signature",
        kind::STEP_INFO => "step labels",
        kind::MEMORY_PLAN => "memory plan",
        kind::PROVENANCE => "provenance",
        other => return format!("section {other}"),
    };
    name.to_string()
}

fn tensor(t: &Tensor<'_>) -> Value {
    json!({
        "name": t.name, "dtype": t.dtype.name(), "shape": t.shape.dims().collect::<Vec<_>>(), "bytes": t.bytes,
        "arena_offset": t.arena_offset, "attributes": t.attributes().collect::<std::collections::BTreeMap<_, _>>(),
    })
}

fn document(artifact: &Artifact<'_>, bytes: usize) -> Value {
    let header = artifact.header();
    let step = |i: usize| {
        let (step, info) = (artifact.step(i)?, artifact.step_info(i));
        let arguments = step.arguments().map(|a| {
            let space = match a.space {
                Space::Arena => "arena",
                Space::Constants => "constants",
                Space::Noise => "noise",
            };
            json!({ "space": space, "offset": a.offset, "bytes": a.bytes, "reads": a.access.reads(), "writes": a.access.writes() })
        });
        let launch = match step.launch {
            Launch::Slices { extent } => json!({ "extent": extent }),
            Launch::Grid(g) => json!({ "blocks": g.blocks, "threads": g.threads, "shared_bytes": g.shared_bytes }),
        };
        Some(json!({
            "kernel": step.kernel, "launch": launch, "arguments": arguments.collect::<Vec<_>>(),
            "label": info.map(|i| i.label), "operations": info.map(|i| i.operations),
        }))
    };
    let kernel = |k: lathe_artifact::Kernel<'_>| json!({ "name": k.name, "entry": k.entry, "stack_bytes": k.stack_bytes, "processor": k.processor });
    let planned = |t: lathe_artifact::PlannedTensor<'_>| json!({ "name": t.name, "offset": t.offset, "bytes": t.bytes, "first_step": t.first_step, "last_step": t.last_step });
    let section =
        |(k, p, n): (u16, u8, usize)| json!({ "name": section_name(k), "kind": k, "processor": p, "bytes": n });
    json!({
        "bytes": bytes,
        "target": header.target,
        "cpu": header.cpu,
        "features": header.features().collect::<Vec<_>>(),
        "arena_bytes": header.arena_bytes,
        "arena_alignment": header.arena_align(),
        "workspace_bytes": header.workspace_bytes,
        "stack_bytes": header.stack_bytes,
        "code_alignment": artifact.code_align(0),
        "inputs": artifact.inputs().map(|t| tensor(&t)).collect::<Vec<_>>(),
        "outputs": artifact.outputs().map(|t| tensor(&t)).collect::<Vec<_>>(),
        "steps": (0..artifact.step_count()).filter_map(step).collect::<Vec<_>>(),
        "kernels": artifact.kernels().map(kernel).collect::<Vec<_>>(),
        "memory_plan": artifact.memory_plan().map(planned).collect::<Vec<_>>(),
        "sections": artifact.sections().map(section).collect::<Vec<_>>(),
        "self_test_samples": artifact.golden().map_or(0, |g| g.samples().len()),
        "provenance": artifact.provenance().map(|n| json!({ "key": n.key, "value": n.value })).collect::<Vec<_>>(),
    })
}

fn text(artifact: &Artifact<'_>, bytes: usize) -> String {
    let header = artifact.header();
    let features: Vec<&str> = header.features().collect();
    let mut text = format!(
        "{} for {} {} ({})\narena {} + {} of workspace a thread, stack {}\n",
        bytes_text(bytes as u64),
        header.target,
        header.cpu,
        features.join(" "),
        bytes_text(header.arena_bytes.into()),
        bytes_text(header.workspace_bytes.into()),
        bytes_text(header.stack_bytes.into()),
    );
    for (title, tensors) in
        [("inputs", artifact.inputs().collect::<Vec<_>>()), ("outputs", artifact.outputs().collect())]
    {
        text += &format!("\n{title}\n");
        for t in tensors {
            text += &format!("  {:32} {}{} at {}\n", t.name, t.dtype, t.shape, t.arena_offset);
        }
    }
    text += "\nsections\n";
    for (kind, _, length) in artifact.sections() {
        text += &format!("  {:20} {:>12}\n", section_name(kind), bytes_text(length as u64));
    }
    text += "\nplan\n";
    for (i, step) in artifact.steps().enumerate() {
        let label = artifact.step_info(i).map_or("", |info| info.label);
        let kernel = artifact.kernel(step.kernel).map_or("", |k| k.name);
        text += &format!("  {i:4} {kernel:40} {label}\n");
    }
    text += "\nmemory plan                      offset        bytes   steps\n";
    for t in artifact.memory_plan() {
        text += &format!("  {:28} {:>10} {:>12}   {}..={}\n", t.name, t.offset, t.bytes, t.first_step, t.last_step);
    }
    text += "\nprovenance\n";
    for note in artifact.provenance().filter(|n| !n.key.starts_with("schedule.")) {
        text += &format!("  {}: {}\n", note.key, note.value);
    }
    text
}
