//! `time --profile`: where the time of a run goes, step by step, and what bounds each step.

use lathe_artifact::Artifact;
use rpc_protocol::MemoryUse;
use serde_json::{Value, json};

use crate::arguments::TimeArgs;
use crate::console;
use crate::devices::{Device, StepTime, TimeUnit, instructions};
use crate::failure::Outcome;

pub fn run(args: &TimeArgs, artifact: &Artifact<'_>, device: &mut dyn Device) -> Outcome {
    let steps = device.profile(args.repeat)?;
    let (unit, memory) = (device.unit(), device.memory_use()?);
    let total: f64 = steps.iter().map(|s| s.median_ms).sum();
    let lanes = lanes(artifact);
    let stack = artifact.header().stack_bytes;
    let mut document = json!({
        "artifact": args.artifact, "device": args.device.device, "threads": args.device.threads, "unit": unit.name(),
        "total_ms": total, "steps": steps.iter().map(|s| step_document(s, total, unit, lanes)).collect::<Vec<_>>(),
    });
    if unit == TimeUnit::Instructions {
        document["emulated"] = true.into();
        document["total_instructions"] = instructions(total).into();
    }
    if let Some(used) = memory {
        document["memory"] = json!({
            "run_stack": used.run_stack, "stack_bytes_of_artifact": stack, "stack": used.stack,
            "stack_bytes": used.stack_bytes, "arena": used.arena, "beyond_arena": used.beyond_arena,
        });
    }
    console::report(document, || {
        let table = match unit {
            TimeUnit::Milliseconds => times(&steps, total),
            TimeUnit::Instructions => counts(&steps, total, lanes),
        };
        table + &memory.map(|used| memory_text(&used, stack)).unwrap_or_default()
    })
}

fn step_document(s: &StepTime, total: f64, unit: TimeUnit, lanes: u64) -> Value {
    let mut step = json!({
        "step": s.step, "label": s.label, "kernel": s.kernel, "operations": s.operations, "bytes": s.bytes,
        "median_ms": s.median_ms, "share": share(s, total), "gflops": gflops(s),
    });
    if unit == TimeUnit::Instructions {
        step["instructions"] = instructions(s.median_ms).into();
        step["instructions_per_mac"] = per_mac(s).into();
        step["bound"] = Bound::of(s, lanes).name().into();
    }
    step
}

fn times(steps: &[StepTime], total: f64) -> String {
    let mut text = format!("{:>4} {:>10} {:>6} {:>9}  kernel: nodes\n", "step", "ms", "share", "GFLOP/s");
    for s in steps {
        let (percent, speed) = (share(s, total) * 100.0, gflops(s));
        text += &format!("{:4} {:10.4} {percent:5.1}% {speed:9.2}  {}: {}\n", s.step, s.median_ms, s.kernel, s.label);
    }
    text + &format!("     {total:10.4} ms together\n")
}

fn counts(steps: &[StepTime], total: f64, lanes: u64) -> String {
    let head = ["step", "instructions", "share", "a MAC", "bound"];
    let mut text =
        format!("{:>4} {:>12} {:>6} {:>8}  {:<10}  kernel: nodes\n", head[0], head[1], head[2], head[3], head[4]);
    for s in steps {
        let (count, percent, bound) = (instructions(s.median_ms), share(s, total) * 100.0, Bound::of(s, lanes).name());
        let mac = per_mac(s).map_or("-".into(), |per| format!("{per:.2}"));
        text += &format!("{:4} {count:12} {percent:5.1}% {mac:>8}  {bound:<10}  {}: {}\n", s.step, s.kernel, s.label);
    }
    let (all, macs) = (instructions(total), steps.iter().map(|s| s.operations / 2).sum::<u64>().max(1));
    text += &format!(
        "     {all:12} instructions together, emulated; {:.2} a multiply-accumulate\n",
        all as f64 / macs as f64
    );
    text + "bound: by arithmetic or by memory, whichever needs more instructions at least; overhead: more than 4 times both\n"
}

fn memory_text(used: &MemoryUse, stack: u32) -> String {
    let beyond = match used.beyond_arena {
        0 => "nothing was written beyond it".to_string(),
        bytes => format!("{bytes} bytes beyond it WERE WRITTEN"),
    };
    format!(
        "stack: {} bytes in a run, {stack} by the artifact; {} of {} ever\narena: {} bytes, {beyond}\n",
        used.run_stack, used.stack, used.stack_bytes, used.arena
    )
}

fn share(s: &StepTime, total: f64) -> f64 {
    if total > 0.0 { s.median_ms / total } else { 0.0 }
}

fn gflops(s: &StepTime) -> f64 {
    if s.median_ms > 0.0 { s.operations as f64 / s.median_ms / 1e6 } else { 0.0 }
}

/// Instructions for each multiply-accumulate; `None` for a step without any.
fn per_mac(s: &StepTime) -> Option<f64> {
    (s.operations >= 2).then(|| instructions(s.median_ms) as f64 / (s.operations / 2) as f64)
}

/// Numbers of 32 bits that one instruction of the artifact's processor works on.
fn lanes(artifact: &Artifact<'_>) -> u64 {
    if artifact.header().features().any(|f| f.starts_with("mve")) { 4 } else { 1 }
}

/// What keeps a step from taking fewer instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bound {
    /// a multiply-accumulate takes an instruction
    Arithmetic,
    /// a word of a buffer is loaded or stored by an instruction
    Memory,
    /// neither: addresses, loops, loads repeated
    Overhead,
}

impl Bound {
    fn of(s: &StepTime, lanes: u64) -> Bound {
        let (arithmetic, memory) = (s.operations / 2 / lanes, s.bytes / 4 / lanes);
        match instructions(s.median_ms) {
            count if count > 4 * (arithmetic + memory) => Bound::Overhead,
            _ if arithmetic >= memory => Bound::Arithmetic,
            _ => Bound::Memory,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Bound::Arithmetic => "arithmetic",
            Bound::Memory => "memory",
            Bound::Overhead => "overhead",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(operations: u64, bytes: u64, count: u64) -> StepTime {
        let (label, kernel) = (String::new(), String::new());
        StepTime { step: 0, label, kernel, operations, bytes, median_ms: count as f64 / 1e6 }
    }

    #[test]
    fn what_bounds_a_step() {
        assert_eq!(Bound::of(&step(2000, 400, 1940), 1), Bound::Arithmetic);
        assert_eq!(Bound::of(&step(2000, 400, 1940), 4), Bound::Overhead);
        assert_eq!(Bound::of(&step(2000, 40_000, 12_000), 1), Bound::Memory);
        assert_eq!(Bound::of(&step(0, 0, 10), 1), Bound::Overhead);
        assert_eq!(per_mac(&step(2000, 400, 1940)), Some(1.94));
        assert_eq!(per_mac(&step(0, 400, 1940)), None);
    }
}
