//! `time`: how long inference takes.

use lathe_runtime_std::Timing;
use serde_json::{Value, json};

use super::profile;
use super::run::parse;
use crate::arguments::TimeArgs;
use crate::console;
use crate::devices::{self, TimeRequest, TimeUnit, instructions};
use crate::failure::{Failure, Outcome};

pub fn run(args: &TimeArgs) -> Outcome {
    let bytes = std::fs::read(&args.artifact).map_err(|e| Failure::file("read", &args.artifact, &e))?;
    let artifact = parse(&args.artifact, &bytes)?;
    let mut device = devices::open(&args.device, &args.artifact, &bytes)?;
    if args.profile {
        return profile::run(args, &artifact, device.as_mut());
    }
    let timing = device.time(&TimeRequest {
        number: args.number,
        repeat: args.repeat,
        min_repeat_ms: args.min_repeat_ms,
        cooldown_ms: args.cooldown_ms,
        flush_cache: args.flush_cache,
    })?;
    let unit = device.unit();
    console::report(document(args, &timing, unit), || text(&timing, unit))
}

fn document(args: &TimeArgs, timing: &Timing, unit: TimeUnit) -> Value {
    let mut document = json!({
        "artifact": args.artifact, "device": args.device.device, "threads": args.device.threads, "unit": unit.name(),
        "median_ms": timing.median_ms(), "mean_ms": timing.mean_ms(), "min_ms": timing.min_ms(),
        "max_ms": timing.max_ms(), "std_ms": timing.std_ms(), "samples_ms": timing.samples_ms, "number": timing.number,
    });
    if unit == TimeUnit::Instructions {
        document["emulated"] = true.into();
        document["median_instructions"] = instructions(timing.median_ms()).into();
        document["samples_instructions"] = timing.samples_ms.iter().map(|ms| instructions(*ms)).collect();
    }
    document
}

fn text(timing: &Timing, unit: TimeUnit) -> String {
    let (decimals, unit) = match unit {
        TimeUnit::Milliseconds => (4, "ms"),
        TimeUnit::Instructions => (6, "M instructions, emulated"),
    };
    format!(
        "median {:.decimals$} {unit}, mean {:.decimals$}, min {:.decimals$}, max {:.decimals$}, standard deviation \
         {:.decimals$} ({} samples of {} runs)\n",
        timing.median_ms(),
        timing.mean_ms(),
        timing.min_ms(),
        timing.max_ms(),
        timing.std_ms(),
        timing.samples_ms.len(),
        timing.number
    )
}
