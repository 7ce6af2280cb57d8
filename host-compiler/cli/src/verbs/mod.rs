//! One file per verb.

mod check;
mod compare;
mod compile;
mod completions;
mod inputs;
mod inspect;
mod outputs;
mod run;
mod targets;
mod time;

use crate::arguments::{Cli, Verb};
use crate::console;
use crate::failure::Exit;

/// Runs what was asked for.
pub fn run(cli: Cli) -> Exit {
    let outcome = match (cli.verb, cli.compile) {
        (Some(Verb::Compile(args)), _) | (None, Some(args)) => compile::run(&args),
        (Some(Verb::Run(args)), _) => run::run(&args),
        (Some(Verb::Time(args)), _) => time::run(&args),
        (Some(Verb::Inspect(args)), _) => inspect::run(&args),
        (Some(Verb::Check(args)), _) => check::run(&args),
        (Some(Verb::Targets(args)), _) => targets::run(&args),
        (Some(Verb::Completions(args)), _) => completions::run(&args),
        (None, None) => Err(crate::failure::Failure::usage("nothing to do: give a model or a verb, see --help")),
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
