//! One file per verb.

mod artifact;
mod boards;
mod c_export;
mod check;
mod compare;
mod compile;
mod completions;
mod device;
mod devices;
mod emit;
mod flash;
mod footprint;
mod inputs;
mod inspect;
mod outputs;
mod profile;
mod run;
mod steps;
mod sweep;
mod targets;
mod time;
mod trial;

use crate::arguments::Verb;
use crate::console;
use crate::failure::Exit;

/// Runs what was asked for.
pub fn run(verb: &Verb) -> Exit {
    let outcome = match verb {
        Verb::Compile(args) => compile::run(args),
        Verb::Run(args) => run::run(args),
        Verb::Time(args) => time::run(args),
        Verb::Trial(args) => trial::run(args),
        Verb::Inspect(args) => inspect::run(args),
        Verb::Check(args) => check::run(args),
        Verb::Targets(args) => targets::run(args),
        Verb::Boards(args) => boards::run(args),
        Verb::Flash(args) => flash::run(args),
        Verb::Devices(args) => devices::run(args),
        Verb::Completions(args) => completions::run(args),
    };
    match outcome {
        Ok(()) => Exit::Done,
        Err(failure) => {
            console::fail(&failure);
            failure.exit
        }
    }
}

/// `12,345,678 B` and the like, for people.
fn bytes_text(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} B"),
        10_000..10_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}
