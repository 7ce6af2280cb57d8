//! `trial --suite N`: kernels right and bad in random order; each must be told for what it is, and every right one stay
//! right whatever went before.

use std::time::Instant;

use lathe_artifact::noise;
use lathe_driver::trial::{self, Bundle, Prepared, TrialError};
use rpc_protocol::{CALLS_NOT_STOPPED, Request};
use serde_json::json;

use super::bad_kernels::Deed;
use super::outcome;
use crate::arguments::TrialArgs;
use crate::console;
use crate::devices::trials::Trials;
use crate::failure::{Exit, Failure, Outcome};

/// What of one kind of kernel was tried.
#[derive(Default)]
struct Tally {
    tried: u32,
    told: u32,
    /// what was last said of it
    said: String,
}

pub fn run(args: &TrialArgs, count: u32) -> Outcome {
    let target = super::target(args)?;
    let failed = |e: TrialError| Failure::new(Exit::Failure, e);
    let bad = Deed::bad(&target);
    let deeds: Vec<Deed> = [Deed::Right].iter().chain(bad).copied().collect();
    let prepared = deeds.iter().map(|deed| trial::prepare(deed.candidate(&target), args.seed));
    let prepared = prepared.collect::<Result<Vec<Prepared>, _>>().map_err(failed)?;
    let bundle = Bundle::new(&prepared, &target, args.seed).map_err(failed)?;
    let noise_bytes = prepared.iter().map(Prepared::noise_bytes).max().unwrap_or(0);
    let mut device = Trials::open(&args.device, &bundle.bytes, noise_bytes as u32)?;
    device.load(&bundle.bytes)?;
    let cpu = device.info().cpu.clone();
    let calls_stopped = !cpu.contains(CALLS_NOT_STOPPED);
    let mut tallies: Vec<Tally> = deeds.iter().map(|_| Tally::default()).collect();
    let started = Instant::now();
    for trial in 0..count {
        // The highest bits: whether it is bad, then how.
        let random = noise::hash(args.seed, trial);
        let chosen = if random >> 31 == 0 { 0 } else { 1 + (random >> 8) as usize % bad.len() };
        let tried = device.attempt(&Request::Trial {
            candidate: chosen as u32,
            number: 1,
            repeat: 1,
            min_repeat_ms: 0,
            cooldown_ms: 0,
            limit_ms: args.limit_ms,
        })?;
        let told = deeds[chosen].is_told_by(&tried, &target, calls_stopped);
        let tally = &mut tallies[chosen];
        tally.tried += 1;
        tally.told += u32::from(told);
        if !told || tally.told == tally.tried {
            tally.said = outcome::text(&tried, &bundle.checks);
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    device.close()?;
    let (tried, told) = tallies.iter().fold((0, 0), |(tried, told), t| (tried + t.tried, told + t.told));
    let kinds = deeds
        .iter()
        .zip(&tallies)
        .map(|(deed, t)| json!({ "kernel": deed.name(), "tried": t.tried, "told": t.told, "said": t.said }));
    let document = json!({
        "device": args.device.device, "cpu": cpu, "seed": args.seed, "trials": tried, "told": told, "seconds": seconds,
        "kernels": kinds.collect::<Vec<_>>(),
    });
    console::report(document, || {
        let mut text = format!("{cpu}\n");
        for (deed, t) in deeds.iter().zip(&tallies) {
            text += &format!("{:>5} of {:>5}  {}: {}\n", t.told, t.tried, deed.name(), t.said);
        }
        let rate = f64::from(tried) / seconds;
        text + &format!("{told} of {tried} trials told for what they are, {rate:.1} a second\n")
    })?;
    if told != tried {
        let message = format!("{} of {tried} trials were not told for what they are", tried - told);
        return Err(Failure::new(Exit::WrongNumbers, message));
    }
    Ok(())
}
