//! Every kernel of a model timed alone, several in one upload.

use std::path::Path;
use std::time::Instant;

use lathe_driver::trial::{self, Bundle, Candidate, Prepared, TrialError};
use lathe_driver::{Options, emit};
use rayon::prelude::*;
use rpc_protocol::Request;
use rpc_protocol::client::Tried;
use serde_json::{Value, json};

use super::outcome;
use crate::arguments::TrialArgs;
use crate::console;
use crate::devices::trials::{Place, Trials};
use crate::devices::{Clock, TimeUnit, instructions};
use crate::failure::{Exit, Failure, Outcome};
use crate::verbs::compile::model_options;

/// Speeds of serial lines for which rates are given, in bits a second; a byte takes ten.
const BAUDS: [u32; 2] = [115_200, 921_600];

/// Samples of each kernel, unless the arguments say how many: instructions are the same in all of them.
fn samples(unit: TimeUnit) -> u32 {
    match unit {
        TimeUnit::Milliseconds => 5,
        TimeUnit::Instructions => 1,
    }
}

/// A kernel that was tried.
struct Row {
    name: String,
    label: String,
    operations: u64,
    tried: Tried,
    document: Value,
    text: String,
    /// the median of its samples, in milliseconds as the device counts them
    median_ms: f64,
    /// bytes on the wire, its share of the upload counted
    wire: u64,
    /// milliseconds, its share of upload and load counted
    round_trip_ms: f64,
}

pub fn run(args: &TrialArgs, model: &Path) -> Outcome {
    let mut options = Options::new(super::target(args)?);
    model_options(&args.graph, &mut options)?;
    let lowering = lathe_driver::lower(model, &options, &())?;
    let wanted =
        |c: &Candidate| args.kernel.as_deref().is_none_or(|g| emit::glob(g, &c.name) || emit::glob(g, &c.label));
    let candidates: Vec<Candidate> = lowering.candidates().into_iter().filter(wanted).collect();
    if candidates.is_empty() {
        return Err(Failure::usage("no kernel matches"));
    }
    let prepared: Vec<_> = candidates.into_par_iter().map(|c| trial::prepare(c, args.seed)).collect();
    let (prepared, unsuited) = sorted(prepared)?;
    let groups = prepared.chunks(args.per_upload.max(1));
    let bundle = |group: &[Prepared]| Bundle::new(group, &options.target, args.seed);
    let bundles = groups.map(bundle).collect::<Result<Vec<_>, _>>().map_err(|e| Failure::new(Exit::Failure, e))?;
    let noise = prepared.iter().map(Prepared::noise_bytes).max().unwrap_or(0);
    let first = bundles.first().map(|b| b.bytes.as_slice()).unwrap_or_default();
    let mut device = Trials::open(&args.device, first, noise as u32)?;
    let (mut rows, mut in_ram) = (Vec::new(), false);
    for (group, bundle) in prepared.chunks(args.per_upload.max(1)).zip(&bundles) {
        rows.extend(in_one_upload(args, &mut device, group, bundle)?);
        in_ram |= device.noise() == Some(Place::Ram);
    }
    let unit = device.unit();
    let wrong = rows.iter().filter(|row| row.tried.outcome != rpc_protocol::TrialOutcome::Right).count();
    // Of the same device in the same way each time: the last is as good as any.
    let clock = Clock::of(device.info(), rows.last().map_or(0, |row| row.tried.samples.overhead));
    let mut document = document(args, &rows, &unsuited, unit, clock);
    document["weights_in_ram"] = in_ram.into();
    console::report(document, || table(&rows, &unsuited, unit) + &clock.text(unit, "run"))?;
    if in_ram {
        console::say(&format!(
            "note: the flash of {} holds no noise, or less than {noise} bytes: kernels read it from RAM, where a product has \
             no weights. `host-compiler flash {} --noise` puts it there",
            args.device.device,
            args.board.as_deref().unwrap_or("BOARD")
        ));
    }
    device.close()?;
    if wrong > 0 {
        return Err(Failure::new(Exit::WrongNumbers, format!("{wrong} of {} kernels are not right", rows.len())));
    }
    Ok(())
}

/// The kernels that can be tried, and why others cannot; what is wrong with the compiler ends the program.
fn sorted(candidates: Vec<Result<Prepared, TrialError>>) -> Outcome<(Vec<Prepared>, Vec<String>)> {
    let (mut prepared, mut unsuited) = (Vec::new(), Vec::new());
    for candidate in candidates {
        match candidate {
            Ok(candidate) => prepared.push(candidate),
            Err(error @ TrialError::Unsuited { .. }) => unsuited.push(error.to_string()),
            Err(error) => return Err(Failure::new(Exit::Failure, error)),
        }
    }
    if prepared.is_empty() {
        return Err(Failure::usage(format!("no kernel can be tried alone:\n{}", unsuited.join("\n"))));
    }
    Ok((prepared, unsuited))
}

fn in_one_upload(args: &TrialArgs, device: &mut Trials, group: &[Prepared], bundle: &Bundle) -> Outcome<Vec<Row>> {
    let (started, before) = (Instant::now(), device.wire_bytes());
    device.load(&bundle.bytes)?;
    let (shared_ms, shared) = (started.elapsed().as_secs_f64() * 1e3, device.wire_bytes() - before);
    let share = group.len().max(1);
    let one = |(number, prepared): (u32, &Prepared)| {
        let (started, before) = (Instant::now(), device.wire_bytes());
        let tried = device.attempt(&Request::Trial {
            candidate: number,
            number: args.number,
            repeat: args.repeat.unwrap_or(samples(device.unit())),
            min_repeat_ms: args.min_repeat_ms,
            cooldown_ms: 0,
            limit_ms: args.limit_ms,
        })?;
        let clock = device.info().clock_hz.max(1) as f64;
        let runs = f64::from(tried.samples.number.max(1));
        let mut times: Vec<f64> = tried.samples.ticks.iter().map(|t| *t as f64 * 1e3 / clock / runs).collect();
        times.sort_by(f64::total_cmp);
        let candidate = prepared.candidate();
        Ok(Row {
            name: candidate.name.clone(),
            label: candidate.label.clone(),
            operations: candidate.operations,
            document: outcome::document(&tried, &bundle.checks),
            text: outcome::text(&tried, &bundle.checks),
            median_ms: times.get(times.len() / 2).copied().unwrap_or(0.0),
            wire: device.wire_bytes() - before + shared.div_ceil(share as u64),
            round_trip_ms: started.elapsed().as_secs_f64() * 1e3 + shared_ms / share as f64,
            tried,
        })
    };
    (0u32..).zip(group).map(one).collect()
}

/// Trials a second that a serial line of this speed allows, the time of the trial counted.
fn rate(row: &Row, baud: u32) -> f64 {
    1.0 / (row.wire as f64 * 10.0 / f64::from(baud) + row.round_trip_ms / 1e3)
}

fn document(args: &TrialArgs, rows: &[Row], unsuited: &[String], unit: TimeUnit, clock: Clock) -> Value {
    let row = |row: &Row| {
        let mut document = row.document.clone();
        document["kernel"] = row.name.clone().into();
        document["label"] = row.label.clone().into();
        document["operations"] = row.operations.into();
        document["median_ms"] = row.median_ms.into();
        document["samples"] = row.tried.samples.ticks.len().into();
        document["number"] = row.tried.samples.number.into();
        document["wire_bytes"] = row.wire.into();
        document["round_trip_ms"] = row.round_trip_ms.into();
        for baud in BAUDS {
            document[format!("trials_per_second_{baud}")] = rate(row, baud).into();
        }
        if unit == TimeUnit::Instructions {
            document["instructions"] = instructions(row.median_ms).into();
        }
        document
    };
    let mut document = json!({
        "model": args.model, "device": args.device.device, "unit": unit.name(), "seed": args.seed,
        "kernels": rows.iter().map(row).collect::<Vec<_>>(), "unsuited": unsuited, "counter": clock.document(),
    });
    if unit == TimeUnit::Instructions {
        document["emulated"] = true.into();
    }
    document
}

fn table(rows: &[Row], unsuited: &[String], unit: TimeUnit) -> String {
    let head = match unit {
        TimeUnit::Milliseconds => "ms",
        TimeUnit::Instructions => "instructions",
    };
    let mut text =
        format!("{head:>12} {:>9} {:>7} {:>9} {:>9}  kernel: outcome\n", "wire B", "trip ms", "/s 115k2", "/s 921k6");
    for row in rows {
        let time = match unit {
            TimeUnit::Milliseconds => format!("{:.4}", row.median_ms),
            TimeUnit::Instructions => instructions(row.median_ms).to_string(),
        };
        let (slow, fast) = (rate(row, BAUDS[0]), rate(row, BAUDS[1]));
        text += &format!(
            "{time:>12} {:>9} {:>7.1} {slow:>9.1} {fast:>9.1}  {}: {}\n",
            row.wire, row.round_trip_ms, row.name, row.text
        );
    }
    let seconds = rows.iter().map(|row| row.round_trip_ms).sum::<f64>() / 1e3;
    let bytes = rows.iter().map(|row| row.wire).sum::<u64>() / rows.len().max(1) as u64;
    text += &format!("{} trials, {bytes} bytes each, {:.1} a second here\n", rows.len(), rows.len() as f64 / seconds);
    if unit == TimeUnit::Instructions {
        text += "instructions are counted by the emulator\n";
    }
    unsuited.iter().for_each(|why| text += &format!("not tried: {why}\n"));
    text
}
