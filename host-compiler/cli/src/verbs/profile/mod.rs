//! `time --profile`: where the time of a run goes, step by step, and what bounds each step.

mod median;
mod rounds;

use std::time::Instant;

use lathe_artifact::Artifact;
use rpc_protocol::MemoryUse;
use serde_json::{Value, json};

use crate::arguments::TimeArgs;
use crate::console;
use crate::devices::{Device, RunTimes, StepTime, TimeRequest, TimeUnit, instructions};
use crate::failure::Outcome;
use median::Median;
use rounds::Measured;

pub fn run(args: &TimeArgs, artifact: &Artifact<'_>, device: &mut dyn Device) -> Outcome {
    let began = Instant::now();
    let measured = rounds::measure(device, args.repeat, &TimeRequest::from(args), &|| began.elapsed())?;
    let total = measured.times.sum_ms();
    let Measured { times: RunTimes { inputs_ms, steps }, whole_ms, steps_of_whole, rounds, clock } = measured;
    let (unit, memory) = (device.unit(), device.memory_use()?);
    let ceilings = match unit {
        TimeUnit::Milliseconds => Ceilings::reached_by(&steps),
        TimeUnit::Instructions => Ceilings::of_instructions(lanes(artifact)),
    };
    let stack = artifact.header().stack_bytes;
    let mut document = json!({
        "artifact": args.artifact, "device": args.device.device, "threads": args.load.threads, "unit": unit.name(),
        "total_ms": total, "inputs_ms": inputs_ms, "whole_run_ms": whole_ms, "steps_of_whole": steps_of_whole.value,
        "steps_of_whole_error": steps_of_whole.error, "rounds": rounds,
        "counter": clock.document(), "steps": steps.iter().map(|s| step_document(s, total, unit, ceilings)).collect::<Vec<_>>(),
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
            TimeUnit::Milliseconds => times(&steps, inputs_ms, total, ceilings),
            TimeUnit::Instructions => counts(&steps, total, ceilings),
        };
        table
            + &share_text(steps_of_whole, rounds)
            + &clock.text(unit, "step")
            + &memory.map(|used| memory_text(&used, stack)).unwrap_or_default()
    })
}

fn step_document(s: &StepTime, total: f64, unit: TimeUnit, ceilings: Ceilings) -> Value {
    let mut step = json!({
        "step": s.step, "label": s.label, "kernel": s.kernel, "operations": s.operations, "bytes": s.bytes,
        "median_ms": s.ms, "share": ratio(s.ms, total), "gflops": gflops(s),
        "gbytes_per_s": gbytes(s), "bound": Bound::of(s, ceilings).name(),
    });
    if unit == TimeUnit::Instructions {
        step["instructions"] = instructions(s.ms).into();
        step["instructions_per_mac"] = per_mac(s).into();
    }
    step
}

fn times(steps: &[StepTime], inputs_ms: Option<f64>, total: f64, ceilings: Ceilings) -> String {
    let head = ["step", "ms", "share", "GFLOP/s", "GB/s", "bound"];
    let decimals = if total < 0.01 { 6 } else { 4 };
    let mut text = format!(
        "{:>4} {:>10} {:>6} {:>9} {:>7}  {:<10}  kernel: nodes\n",
        head[0], head[1], head[2], head[3], head[4], head[5]
    );
    for s in steps {
        let (percent, speed, bytes) = (ratio(s.ms, total) * 100.0, gflops(s), gbytes(s));
        text += &format!(
            "{:4} {:10.decimals$} {percent:5.1}% {speed:9.2} {bytes:7.2}  {:<10}  {}: {}\n",
            s.step,
            s.ms,
            Bound::of(s, ceilings).name(),
            s.kernel,
            s.label
        );
    }
    if let Some(ms) = inputs_ms {
        text += &format!("     {ms:10.decimals$} {:5.1}%  putting the inputs in place\n", ratio(ms, total) * 100.0);
    }
    text += &format!("     {total:10.decimals$} ms together\n");
    text + "bound: by arithmetic or by memory, whichever comes closer to the best that a step of this model reaches; \
            overhead: both together come to less than a quarter of it\n"
}

fn counts(steps: &[StepTime], total: f64, ceilings: Ceilings) -> String {
    let head = ["step", "instructions", "share", "a MAC", "bound"];
    let mut text =
        format!("{:>4} {:>12} {:>6} {:>8}  {:<10}  kernel: nodes\n", head[0], head[1], head[2], head[3], head[4]);
    for s in steps {
        let (count, percent, bound) = (instructions(s.ms), ratio(s.ms, total) * 100.0, Bound::of(s, ceilings).name());
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

/// What the steps take of a whole run, and how certain that is.
fn share_text(share: Median, rounds: usize) -> String {
    let percent = share.value * 100.0;
    let Some(error) = share.error else { return format!("the steps together take {percent:.1} % of a whole run\n") };
    let unreached = match share.is_within(rounds::CERTAIN) {
        true => String::new(),
        false => format!("; ± 1 % was not reached in {} s", rounds::LIMIT.as_secs()),
    };
    let error = error * 100.0;
    format!(
        "the steps together take {percent:.1} % ± {error:.1} of a whole run (median of {rounds} rounds and its standard error{unreached})\n"
    )
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

fn gflops(s: &StepTime) -> f64 {
    ratio(s.operations as f64, s.ms) / 1e6
}

fn gbytes(s: &StepTime) -> f64 {
    ratio(s.bytes as f64, s.ms) / 1e6
}

/// `part / whole`; 0 of nothing.
fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

/// Instructions for each multiply-accumulate; `None` for a step without any.
fn per_mac(s: &StepTime) -> Option<f64> {
    (s.operations >= 2).then(|| instructions(s.ms) as f64 / (s.operations / 2) as f64)
}

/// Numbers of 32 bits that one instruction of the artifact's processor works on.
fn lanes(artifact: &Artifact<'_>) -> u64 {
    if artifact.header().features().any(|f| f.starts_with("mve")) { 4 } else { 1 }
}

/// The roofline: the fastest that arithmetic and memory can be (Williams et al., "Roofline", CACM 2009).
#[derive(Clone, Copy, Debug)]
struct Ceilings {
    gflops: f64,
    gbytes: f64,
}

impl Ceilings {
    /// What the steps of this run reach at best: what the device can do is not known, and no step shows more.
    fn reached_by(steps: &[StepTime]) -> Ceilings {
        let most = |rate: fn(&StepTime) -> f64| steps.iter().map(rate).fold(0.0, f64::max);
        Ceilings { gflops: most(gflops), gbytes: most(gbytes) }
    }

    /// One instruction a nanosecond, which multiplies and accumulates, or loads or stores, `lanes` numbers of 32 bits.
    fn of_instructions(lanes: u64) -> Ceilings {
        Ceilings { gflops: 2.0 * lanes as f64, gbytes: 4.0 * lanes as f64 }
    }
}

/// What keeps a step from being faster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bound {
    /// arithmetic
    Arithmetic,
    /// what moves its buffers
    Memory,
    /// neither: addresses, loops, loads repeated
    Overhead,
}

impl Bound {
    fn of(s: &StepTime, ceilings: Ceilings) -> Bound {
        let (arithmetic, memory) = (ratio(gflops(s), ceilings.gflops), ratio(gbytes(s), ceilings.gbytes));
        match arithmetic + memory {
            reached if reached < 0.25 => Bound::Overhead,
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
        StepTime { step: 0, label, kernel, operations, bytes, ms: count as f64 / 1e6 }
    }

    #[test]
    fn an_uncertain_share_is_told_as_one() {
        let share = |error| share_text(Median { value: 0.9912, error }, 94);
        assert_eq!(share(None), "the steps together take 99.1 % of a whole run\n");
        let certain =
            "the steps together take 99.1 % ± 0.7 of a whole run (median of 94 rounds and its standard error)\n";
        assert_eq!(share(Some(0.0071)), certain);
        let busy = "standard error; ± 1 % was not reached in 15 s)\n";
        assert!(share(Some(0.018)).contains("99.1 % ± 1.8 of") && share(Some(0.018)).ends_with(busy));
    }

    #[test]
    fn what_bounds_a_step() {
        let (scalar, vector) = (Ceilings::of_instructions(1), Ceilings::of_instructions(4));
        assert_eq!(Bound::of(&step(2000, 400, 1940), scalar), Bound::Arithmetic);
        assert_eq!(Bound::of(&step(2000, 400, 8000), vector), Bound::Overhead);
        assert_eq!(Bound::of(&step(2000, 40_000, 12_000), scalar), Bound::Memory);
        assert_eq!(Bound::of(&step(0, 0, 10), scalar), Bound::Overhead);
        // one step does 4 operations a nanosecond, another moves 8 bytes in one
        let reached = Ceilings::reached_by(&[step(4000, 1000, 1000), step(100, 8000, 1000)]);
        assert_eq!(Bound::of(&step(3000, 1000, 1000), reached), Bound::Arithmetic);
        assert_eq!(Bound::of(&step(100, 6000, 1000), reached), Bound::Memory);
        assert_eq!(Bound::of(&step(400, 400, 1000), reached), Bound::Overhead);
        assert_eq!(per_mac(&step(2000, 400, 1940)), Some(1.94));
        assert_eq!(per_mac(&step(0, 400, 1940)), None);
    }
}
