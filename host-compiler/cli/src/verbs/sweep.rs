//! `time --cpus LIST --freq LIST`: the same measurement over numbers of processors and clocks, as a table.

use lathe_runtime_std::Timing;
use serde_json::{Value, json};

use crate::arguments::TimeArgs;
use crate::console;
use crate::devices::{Device, TimeRequest, TimeUnit};
use crate::failure::{Failure, Outcome};

/// One line of the table.
struct Point {
    cpus: u32,
    /// MHz the clock was held at; nothing when it was left alone
    mhz: Option<u32>,
    timing: Timing,
}

pub fn run(args: &TimeArgs, device: &mut dyn Device) -> Outcome {
    if device.unit() == TimeUnit::Instructions {
        return Err(Failure::usage("an emulated board has one processor, and its clock is the count of instructions"));
    }
    let cpus = or_one(&args.cpus, args.load.threads);
    let clocks: Vec<Option<u32>> = match args.freq.as_slice() {
        [] => vec![None],
        list => list.iter().copied().map(Some).collect(),
    };
    let bar = console::progress(Some((cpus.len() * clocks.len()) as u64));
    let mut points = Vec::new();
    for cpus in cpus {
        device.reload(cpus)?;
        for &mhz in &clocks {
            if let Some(mhz) = mhz {
                let khz = mhz.checked_mul(1000).ok_or_else(|| Failure::usage(format!("no clock runs at {mhz} MHz")))?;
                device.hold_clock(khz)?;
            }
            bar.set_message(format!("{cpus} CPUs{}", mhz.map_or(String::new(), |mhz| format!(", {mhz} MHz"))));
            points.push(Point { cpus, mhz, timing: device.time(&TimeRequest::from(args))? });
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    if !args.freq.is_empty() {
        device.hold_clock(0)?;
    }
    let documents: Vec<Value> = points.iter().map(document).collect();
    let document =
        json!({ "artifact": args.artifact, "device": args.device.device, "unit": "ms", "points": documents });
    console::report(document, || table(&points))
}

fn or_one(list: &[u32], one: u32) -> Vec<u32> {
    if list.is_empty() { vec![one] } else { list.to_vec() }
}

fn document(point: &Point) -> Value {
    let timing = &point.timing;
    json!({
        "cpus": point.cpus, "mhz_asked": point.mhz, "mhz": timing.mean_mhz(), "median_ms": timing.median_ms(),
        "min_ms": timing.min_ms(), "samples_ms": timing.samples_ms, "watts": timing.mean_watts(),
        "millijoules": timing.millijoules(), "samples_throttled": timing.throttled(),
    })
}

fn table(points: &[Point]) -> String {
    let number = |value: Option<f64>, decimals: usize| value.map_or("-".to_string(), |v| format!("{v:.decimals$}"));
    let head = ["CPUs", "MHz asked", "MHz", "median ms", "W", "mJ a run", "throttled"];
    let mut text = format!(
        "{:>7} {:>9} {:>7} {:>10} {:>7} {:>9} {:>9}\n",
        head[0], head[1], head[2], head[3], head[4], head[5], head[6]
    );
    for Point { cpus, mhz, timing } in points {
        text += &format!(
            "{cpus:7} {:>9} {:>7} {:10.4} {:>7} {:>9} {:>9}\n",
            number(mhz.map(f64::from), 0),
            number(timing.mean_mhz(), 0),
            timing.median_ms(),
            number(timing.mean_watts(), 2),
            number(timing.millijoules(), 2),
            format!("{}/{}", timing.throttled(), timing.samples_ms.len()),
        );
    }
    text + "W and mJ are the whole board's; - is what the device does not tell. A throttled sample is one to take again, cooler.\n"
}

#[cfg(test)]
mod tests {
    use lathe_runtime_std::conditions::Condition;

    use super::*;

    #[test]
    fn a_table_tells_what_is_known() {
        let condition = Condition { khz: Some(1_500_000), milliwatts: Some(4000), throttled: true };
        let known = Timing { samples_ms: vec![2.5], number: 1, conditions: vec![condition] };
        let unknown = Timing { samples_ms: vec![5.0], number: 1, conditions: vec![] };
        let points = [Point { cpus: 4, mhz: Some(1500), timing: known }, Point { cpus: 1, mhz: None, timing: unknown }];
        let lines: Vec<Vec<String>> =
            table(&points).lines().map(|l| l.split_whitespace().map(str::to_string).collect()).collect();
        assert_eq!(lines[1], ["4", "1500", "1500", "2.5000", "4.00", "10.00", "1/1"]);
        assert_eq!(lines[2], ["1", "-", "-", "5.0000", "-", "-", "0/1"]);
    }
}
