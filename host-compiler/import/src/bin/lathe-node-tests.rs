//! Runs the ONNX backend node tests below a folder through the graph interpreter.
//!
//! `lathe-node-tests DIR [--json] [--filter TEXT] [--unsupported]` prints passed, wrong, unsupported and panicked for
//! each operator and ends with 1 when a test is wrong or panicked, 2 when it was called wrongly.

use std::path::PathBuf;
use std::process::ExitCode;

use lathe_import::node_tests::{Interpreter, Outcome, run_node_tests};

const USAGE: &str = "usage: lathe-node-tests DIR [--json] [--filter TEXT] [--unsupported]";

/// What the command line asks for.
#[derive(Default)]
struct Request {
    dir: PathBuf,
    json: bool,
    unsupported: bool,
    filter: String,
}

fn main() -> ExitCode {
    let Some(request) = parse(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    std::panic::set_hook(Box::new(|_| {}));
    let report = match run_node_tests(&request.dir, &Interpreter, &request.filter) {
        Ok(report) => report,
        Err(error) => {
            eprintln!("cannot read {}: {error}", request.dir.display());
            return ExitCode::from(2);
        }
    };
    if request.json {
        println!("{}", report.to_json());
    } else {
        print!("{report}");
    }
    if request.unsupported {
        for result in &report.results {
            if let Outcome::Unsupported(why) = &result.outcome {
                println!("UNSUPPORTED {}: {why}", result.name);
            }
        }
    }
    if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Option<Request> {
    let mut request = Request::default();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--json" => request.json = true,
            "--unsupported" => request.unsupported = true,
            "--filter" => request.filter = arguments.next()?,
            _ if argument.starts_with('-') || !request.dir.as_os_str().is_empty() => return None,
            _ => request.dir = PathBuf::from(argument),
        }
    }
    (!request.dir.as_os_str().is_empty()).then_some(request)
}
