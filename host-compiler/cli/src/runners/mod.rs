//! Putting a runtime, and a model, on a board: one file per runner, each of which plans what is to be done. A plan can be
//! shown as the commands a person would type, or carried out.

pub mod emulators;
mod openocd;
mod plan;
mod probe_rs;
mod qemu;
mod ssh;
mod tools;
mod uf2;
mod uf2_copy;

use std::path::{Path, PathBuf};

use lathe_driver::boards::{Board, Runner};

pub use plan::{Plan, Step};

use crate::failure::{Exit, Failure, Outcome};

/// What is to be put where.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// the board
    pub board: &'a Board,
    /// what runs models on it: the image of its firmware, or `device-server`
    pub runtime: &'a Path,
    /// an artifact for it
    pub model: Option<&'a Path>,
    /// which of several: a host, a drive's folder
    pub to: Option<&'a str>,
    /// which of several debug probes
    pub probe: Option<&'a str>,
    /// where the device server is to listen
    pub port: Option<u16>,
    /// the key to reach it with
    pub key_file: Option<&'a Path>,
}

/// What `runner` would do.
pub fn plan(runner: &Runner, job: &Job<'_>) -> Outcome<Plan> {
    unused_options(runner, job)?;
    match runner {
        Runner::ProbeRs { chip } => Ok(probe_rs::plan(chip, job)),
        Runner::Openocd { config } => Ok(openocd::plan(config, job)),
        Runner::Uf2Copy { family, volume } => uf2_copy::plan(*family, volume, job),
        Runner::Ssh { user } => ssh::plan(user, job),
        Runner::Qemu { machine, .. } => Ok(qemu::plan(machine, job)),
    }
}

/// Refuses an option that the runner has no use for.
fn unused_options(runner: &Runner, job: &Job<'_>) -> Outcome {
    let (probe, copied, network) = match runner {
        Runner::ProbeRs { .. } | Runner::Openocd { .. } => (true, false, false),
        Runner::Uf2Copy { .. } => (false, true, false),
        Runner::Ssh { .. } => (false, true, true),
        Runner::Qemu { .. } => (false, false, false),
    };
    let given = [
        ("--probe", job.probe.is_some(), probe),
        ("--to", job.to.is_some(), copied),
        ("--port", job.port.is_some(), network),
        ("--key-file", job.key_file.is_some(), network),
    ];
    match given.into_iter().find(|(_, given, used)| *given && !used) {
        Some((option, ..)) => Err(Failure::usage(format!("{option} means nothing to the runner {}", runner.kind()))),
        None => Ok(()),
    }
}

/// The board's usual runner, or the one called `kind`.
pub fn choose<'a>(board: &'a Board, kind: Option<&str>) -> Outcome<&'a Runner> {
    let chosen = board.runners().find(|runner| kind.is_none_or(|kind| kind == runner.kind()));
    chosen.ok_or_else(|| {
        let known: Vec<&str> = board.runners().map(Runner::kind).collect();
        match kind {
            Some(kind) => Failure::usage(format!("{} has no runner {kind} (it has: {})", board.name, known.join(", "))),
            None => Failure::usage(format!("the board.toml of {} says no runner", board.name)),
        }
    })
}

/// The folder for what this program keeps between runs: written images, which emulators run.
pub fn state_folder() -> Outcome<PathBuf> {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/state"));
    let named = std::env::var_os("XDG_STATE_HOME").filter(|path| !path.is_empty()).map(PathBuf::from);
    let base = named.or_else(home);
    base.map(|base| base.join("lathe")).ok_or_else(|| {
        Failure::new(Exit::Failure, "there is no HOME to keep files in; name a folder in XDG_STATE_HOME")
    })
}
