//! `measure DIR`: the device protocol by files, for devices that no socket reaches. A host puts bundles and options into
//! a folder (shared, mounted, carried), this puts results beside them.
//!
//! `NAME.lathe` is a bundle of candidates; `NAME.options`, if there, has a line `key = number` for each of `number`,
//! `repeat`, `min_repeat_ms`, `cooldown_ms`, `limit_ms`. `NAME.results` has a line of words for each candidate, or one
//! that begins with `failed`. A results file appears whole, and is not made again while it is there.
//!
//! A bundle that cannot be read as one may still be on its way: a watched one is looked at again until it has stayed the
//! same for a while. Options come before their bundle, or with it.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use device_server::rpc_protocol::frame::crc32c;
use device_server::rpc_protocol::{TrialOutcome, reasons};
use device_server::trial::{TrialOptions, Tried};
use device_server::{Device, Fault, figure};

use crate::failure::Failure;
use crate::machine::{Machine, MachineFault};

/// How often a watched folder is looked at.
const PAUSE: Duration = Duration::from_millis(200);
/// How long a bundle that cannot be read must have stayed the same to count as damaged.
const PATIENCE: Duration = Duration::from_secs(3);

/// Tries every bundle in `folder` that has no results yet; with `watch`, for ever.
pub fn run(folder: &Path, watch: bool) -> Result<(), Failure> {
    let failed = |error| Failure::Folder { path: folder.to_path_buf(), error };
    let mut machine = Machine::new(Vec::new(), true);
    let (mut coming, mut bad, mut all) = (Coming::default(), 0, 0);
    loop {
        for bundle in waiting(folder).map_err(failed)? {
            if watch && coming.may_grow(&bundle) {
                continue;
            }
            let results = measure(&mut machine, &bundle).unwrap_or_else(|why| {
                bad += 1;
                format!("failed {why}\n")
            });
            all += 1;
            leave(&bundle.with_extension("results"), &results).map_err(failed)?;
            crate::print(&format!("{}", bundle.with_extension("results").display()));
        }
        match (watch, bad) {
            (true, _) => sleep(PAUSE),
            (false, 0) => return Ok(()),
            (false, bad) => return Err(Failure::Bundles { path: folder.to_path_buf(), bad, all }),
        }
    }
}

/// Bundles that something may still be writing: their length and time, and since when these are known.
#[derive(Default)]
struct Coming(HashMap<PathBuf, (u64, Option<SystemTime>, Instant)>);

impl Coming {
    /// Whether the bundle is not whole and has not been the same for long.
    fn may_grow(&mut self, path: &Path) -> bool {
        if fs::read(path).is_ok_and(|bytes| lathe_artifact::Artifact::parse(&bytes).is_ok()) {
            self.0.remove(path);
            return false;
        }
        // One that is gone again is as if it had never been there.
        let Ok(seen) = fs::metadata(path).map(|file| (file.len(), file.modified().ok())) else { return true };
        let known = self.0.entry(path.to_path_buf()).or_insert((seen.0, seen.1, Instant::now()));
        if (known.0, known.1) != seen {
            *known = (seen.0, seen.1, Instant::now());
        }
        known.2.elapsed() < PATIENCE
    }
}

/// The bundles without results, by name.
fn waiting(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut bundles = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "lathe") && !path.with_extension("results").exists() {
            bundles.push(path);
        }
    }
    bundles.sort();
    Ok(bundles)
}

/// Writes beside the place, then renames: who sees the file sees all of it.
fn leave(path: &Path, text: &str) -> io::Result<()> {
    let partial = path.with_extension("partial");
    fs::write(&partial, text)?;
    fs::rename(partial, path)
}

/// Loads the bundle and tries each of its candidates; a line for each.
fn measure(machine: &mut Machine, path: &Path) -> Result<String, String> {
    let words = |error: io::Error| error.to_string();
    let bytes = fs::read(path).map_err(words)?;
    let mut options = read_options(&path.with_extension("options"))?;
    let count = lathe_artifact::Artifact::parse(&bytes).map_err(|e| e.to_string())?.step_count();
    let fault = |fault: MachineFault| reasons::told(&fault.reason());
    machine.upload_begin(figure(bytes.len()), crc32c(&bytes)).map_err(fault)?;
    machine.upload_chunk(0, &bytes).map_err(fault)?;
    machine.load(1).map_err(fault)?;
    let mut text = String::new();
    for candidate in 0..figure(count) {
        options.candidate = candidate;
        let tried = machine.trial(&options).map_err(fault)?;
        // Text takes all that is written to it.
        let _ = writeln!(text, "{}", line(candidate, &tried, machine.samples()));
    }
    Ok(text)
}

/// `0 right number 10 ns 1200 1190 …`, or what else became of it with its figures.
fn line(candidate: u32, tried: &Tried, samples: &[u64]) -> String {
    let place = |pc: u64| if pc == u64::MAX { "unknown".to_string() } else { pc.to_string() };
    let outcome = match tried.outcome {
        TrialOutcome::Right => {
            let samples: Vec<String> = samples.iter().map(u64::to_string).collect();
            format!("right number {} ns {}", tried.number, samples.join(" "))
        }
        TrialOutcome::Faulted { kind, pc, address } => {
            let kind = format!("{kind:?}").to_lowercase();
            format!("faulted {kind} pc {} address {address} arena {}", place(pc), tried.arena)
        }
        TrialOutcome::Abandoned { pc } => format!("abandoned pc {}", place(pc)),
        TrialOutcome::WroteOutside { offset } => format!("wrote-outside offset {offset}"),
        TrialOutcome::StackOverflow { pc, address } => {
            format!("stack-overflow pc {} address {address}", place(pc))
        }
        TrialOutcome::WrongNumbers { check, found } => format!("wrong-numbers check {check} found {found}"),
    };
    format!("{candidate} {outcome}")
}

fn read_options(path: &Path) -> Result<TrialOptions, String> {
    let mut options =
        TrialOptions { candidate: 0, number: 1, repeat: 10, min_repeat_ms: 0, cooldown_ms: 0, limit_ms: 1000 };
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(options),
        Err(error) => return Err(format!("{}: {error}", path.display())),
    };
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let wrong = || {
            format!(
                "{}: {line:?} is no option: number, repeat, min_repeat_ms, cooldown_ms or limit_ms = N",
                path.display()
            )
        };
        let (key, value) = line.split_once('=').ok_or_else(wrong)?;
        let value = value.trim().parse().map_err(|_| wrong())?;
        match key.trim() {
            "number" => options.number = value,
            "repeat" => options.repeat = value,
            "min_repeat_ms" => options.min_repeat_ms = value,
            "cooldown_ms" => options.cooldown_ms = value,
            "limit_ms" => options.limit_ms = value,
            _ => return Err(wrong()),
        }
    }
    Ok(options)
}
