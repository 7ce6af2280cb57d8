//! `targets`: whom artifacts can be made for.

use lathe_codegen::targets;
use lathe_driver::CompileError;
use serde_json::json;

use crate::arguments::{TargetsAction, TargetsArgs};
use crate::console;
use crate::failure::Outcome;

pub fn run(args: &TargetsArgs) -> Outcome {
    match &args.action {
        None | Some(TargetsAction::List) => list(),
        Some(TargetsAction::Show { name, mcpu }) => show(name, mcpu.as_deref()),
    }
}

fn list() -> Outcome {
    let all = targets::list();
    let document = json!({
        "targets": all.iter().map(|t| json!({ "name": t.name, "about": t.about, "cpus": t.cpus })).collect::<Vec<_>>(),
    });
    console::report(document, || {
        let line =
            |t: &targets::TargetInfo| format!("{:24} {}\n{:24}   --mcpu {}\n", t.name, t.about, "", t.cpus.join(" "));
        all.iter().map(line).collect::<String>()
            + "The first --mcpu of each is its default; `native` is this machine.\n"
    })
}

fn show(name: &str, mcpu: Option<&str>) -> Outcome {
    let t = targets::find(name, mcpu).map_err(CompileError::from)?;
    let document = json!({
        "name": t.name, "triple": t.triple, "cpu": t.cpu, "features": t.features, "vector_bits": t.vector_bits,
        "vector_registers": t.vector_registers, "fma_per_cycle": t.fma_per_cycle, "fma_latency": t.fma_latency,
        "l1_bytes": t.l1_bytes, "l2_bytes": t.l2_bytes,
    });
    console::report(document, || {
        format!(
            "{}\n  processor  {} ({})\n  features   {}\n  vectors    {} registers of {} bits\n  multiply-adds  {} a cycle, {} \
             cycles until used\n  caches     {} B first level, {} B second level\n",
            t.name,
            t.cpu,
            t.triple,
            t.features.join(" "),
            t.vector_registers,
            t.vector_bits,
            t.fma_per_cycle,
            t.fma_latency,
            t.l1_bytes,
            t.l2_bytes
        )
    })
}
