//! `time`: how long inference takes.

use lathe_runtime_std::Timing;
use serde_json::{Value, json};

use super::{artifact, profile, sweep};
use crate::arguments::TimeArgs;
use crate::console;
use crate::devices::{self, Clock, TimeRequest, TimeUnit, instructions};
use crate::failure::Outcome;

pub fn run(args: &TimeArgs) -> Outcome {
    let bytes = artifact::read(&args.artifact)?;
    let artifact = artifact::parse(&args.artifact, &bytes)?;
    let mut device = devices::open(&args.device, &args.load, &args.artifact, &bytes)?;
    if args.profile {
        return profile::run(args, &artifact, device.as_mut());
    }
    if !args.cpus.is_empty() || !args.freq.is_empty() {
        return sweep::run(args, device.as_mut());
    }
    let timing = device.time(&TimeRequest::from(args))?;
    let (unit, clock) = (device.unit(), device.clock());
    console::report(document(args, &timing, unit, clock), || text(&timing, unit) + &clock.text(unit, "run"))
}

impl From<&TimeArgs> for TimeRequest {
    fn from(args: &TimeArgs) -> TimeRequest {
        TimeRequest {
            number: args.number,
            repeat: args.repeat,
            min_repeat_ms: args.min_repeat_ms,
            cooldown_ms: args.cooldown_ms,
            flush_cache: args.flush_cache,
        }
    }
}

fn document(args: &TimeArgs, timing: &Timing, unit: TimeUnit, clock: Clock) -> Value {
    let mut document = json!({
        "artifact": args.artifact, "device": args.device.device, "threads": args.load.threads, "unit": unit.name(),
        "median_ms": timing.median_ms(), "mean_ms": timing.mean_ms(), "min_ms": timing.min_ms(),
        "max_ms": timing.max_ms(), "std_ms": timing.std_ms(), "samples_ms": timing.samples_ms, "number": timing.number,
        "mhz": timing.mean_mhz(), "watts": timing.mean_watts(), "millijoules": timing.millijoules(),
        "samples_throttled": timing.throttled(), "counter": clock.document(),
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
         {:.decimals$} ({} samples of {} runs)\n{}",
        timing.median_ms(),
        timing.mean_ms(),
        timing.min_ms(),
        timing.max_ms(),
        timing.std_ms(),
        timing.samples_ms.len(),
        timing.number,
        conditions(timing)
    )
}

/// A line on what is known of the conditions; nothing when nothing is.
fn conditions(timing: &Timing) -> String {
    let throttled = match timing.throttled() {
        0 => None,
        count => {
            Some(format!("{count} samples were taken while the processor was slowed down by heat or a weak supply"))
        }
    };
    let known = [
        timing.mean_mhz().map(|mhz| format!("{mhz:.0} MHz")),
        timing.mean_watts().map(|watts| format!("{watts:.2} W")),
        timing.millijoules().map(|millijoules| format!("{millijoules:.2} mJ a run (whole board)")),
        throttled,
    ];
    let known: Vec<String> = known.into_iter().flatten().collect();
    if known.is_empty() { String::new() } else { known.join(", ") + "\n" }
}
