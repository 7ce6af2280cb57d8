//! `time`: how long inference takes.

use serde_json::json;

use super::run::parse;
use crate::arguments::TimeArgs;
use crate::console;
use crate::devices::{self, StepTime, TimeRequest};
use crate::failure::{Failure, Outcome};

pub fn run(args: &TimeArgs) -> Outcome {
    let bytes = std::fs::read(&args.artifact).map_err(|e| Failure::file("read", &args.artifact, &e))?;
    parse(&args.artifact, &bytes)?;
    let mut device = devices::open(&args.device, &args.artifact, &bytes)?;
    if args.profile {
        return profile(args, &device.profile(args.repeat)?);
    }
    let timing = device.time(&TimeRequest {
        number: args.number,
        repeat: args.repeat,
        min_repeat_ms: args.min_repeat_ms,
        cooldown_ms: args.cooldown_ms,
        flush_cache: args.flush_cache,
    })?;
    let document = json!({
        "artifact": args.artifact, "device": args.device.device, "threads": args.device.threads,
        "median_ms": timing.median_ms(), "mean_ms": timing.mean_ms(), "min_ms": timing.min_ms(),
        "max_ms": timing.max_ms(), "std_ms": timing.std_ms(), "samples_ms": timing.samples_ms, "number": timing.number,
    });
    console::report(document, || {
        format!(
            "median {:.4} ms, mean {:.4}, min {:.4}, max {:.4}, standard deviation {:.4} ({} samples of {} runs)\n",
            timing.median_ms(),
            timing.mean_ms(),
            timing.min_ms(),
            timing.max_ms(),
            timing.std_ms(),
            timing.samples_ms.len(),
            timing.number
        )
    })
}

fn profile(args: &TimeArgs, steps: &[StepTime]) -> Outcome {
    let total: f64 = steps.iter().map(|s| s.median_ms).sum();
    let share = |s: &StepTime| if total > 0.0 { s.median_ms / total } else { 0.0 };
    let gflops = |s: &StepTime| if s.median_ms > 0.0 { s.operations as f64 / s.median_ms / 1e6 } else { 0.0 };
    let step = |s: &StepTime| {
        json!({
            "step": s.step, "label": s.label, "kernel": s.kernel, "operations": s.operations, "bytes": s.bytes,
            "median_ms": s.median_ms, "share": share(s), "gflops": gflops(s),
        })
    };
    let document = json!({
        "artifact": args.artifact, "device": args.device.device, "threads": args.device.threads, "total_ms": total,
        "steps": steps.iter().map(step).collect::<Vec<_>>(),
    });
    console::report(document, || {
        let mut text = format!("{:>4} {:>10} {:>6} {:>9}  kernel: nodes\n", "step", "ms", "share", "GFLOP/s");
        for s in steps {
            let (percent, speed) = (share(s) * 100.0, gflops(s));
            text +=
                &format!("{:4} {:10.4} {percent:5.1}% {speed:9.2}  {}: {}\n", s.step, s.median_ms, s.kernel, s.label);
        }
        text + &format!("     {total:10.4} ms together\n")
    })
}
