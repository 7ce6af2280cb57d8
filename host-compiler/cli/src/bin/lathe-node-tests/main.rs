//! Runs the ONNX backend node tests below a folder, compiled for this machine or through the graph interpreter.
//!
//! Prints passed, wrong, unsupported, panicked and crashed for each operator and ends with 1 when a test is wrong,
//! panicked or crashed, 2 when it was called wrongly. Tests run in processes of their own: machine code that brings its
//! process down costs one test.
#![deny(unsafe_code)]

mod compiled;

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use clap::{Parser, ValueEnum};
use lathe_import::node_tests::{self, Backend, Interpreter, Outcome};

use compiled::{Compiled, Level};

/// Stack of the thread that compiles: expressions of large kernels are walked recursively.
const STACK: usize = 256 << 20;
/// Called wrongly, or the tests cannot be read.
const USAGE: u8 = 2;

/// Runs the ONNX backend node tests and counts passed, wrong and unsupported per operator
#[derive(Clone, Debug, Parser)]
#[command(name = "lathe-node-tests", version)]
struct Request {
    /// Folder with one folder per test below it
    dir: PathBuf,
    /// What runs the tests' graphs
    #[arg(long, value_enum, default_value_t)]
    backend: Which,
    /// How much the compiler optimises: 0, 1 or 2
    #[arg(long, short = 'O', value_enum, default_value_t, value_name = "LEVEL")]
    opt_level: Level,
    /// Run only tests whose names contain TEXT
    #[arg(long, default_value = "", value_name = "TEXT")]
    filter: String,
    /// Processes that run tests at a time (default: one per processor)
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// Print a document for programs
    #[arg(long)]
    json: bool,
    /// List unsupported tests too, each with the reason
    #[arg(long)]
    unsupported: bool,
    /// Run the tests named on standard input, one folder a line, and answer each with a line
    #[arg(long, hide = true)]
    worker: bool,
}

/// What runs the tests' graphs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Which {
    /// compiled for this machine and run on it
    #[default]
    Compiled,
    /// the graph interpreter, the reference that compiled code is compared with
    Interpreter,
}

fn main() -> ExitCode {
    let request = Request::parse();
    let ran = if request.worker { serve(request) } else { run_all(&request) };
    ran.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::from(USAGE)
    })
}

/// Answers the tests on standard input.
fn serve(request: Request) -> std::io::Result<ExitCode> {
    let serve = move || {
        let backend: Box<dyn Backend> = match request.backend {
            Which::Compiled => {
                lathe_driver::start_threads(0)?;
                Box::new(Compiled::for_this_machine(request.opt_level)?)
            }
            Which::Interpreter => Box::new(Interpreter),
        };
        node_tests::serve(&*backend, std::io::stdin().lock(), std::io::stdout())
    };
    // What a panic says is in the answer.
    std::panic::set_hook(Box::new(|_| {}));
    let served = std::thread::Builder::new().stack_size(STACK).spawn(serve)?.join();
    served.unwrap_or(Ok(())).map(|()| ExitCode::SUCCESS)
}

/// Runs all tests in workers and prints what became of them.
fn run_all(request: &Request) -> std::io::Result<ExitCode> {
    let program = std::env::current_exe()?;
    let jobs = match request.jobs {
        Some(jobs) => jobs,
        None => std::thread::available_parallelism()?.get(),
    };
    let worker = || {
        let mut command = Command::new(&program);
        let value = |value: Option<clap::builder::PossibleValue>| value.map(|v| v.get_name().to_owned());
        command.arg("--worker").arg(&request.dir);
        command.arg("--backend").args(value(request.backend.to_possible_value()));
        command.arg("--opt-level").args(value(request.opt_level.to_possible_value()));
        // The workers are what runs at the same time.
        command.env("RAYON_NUM_THREADS", "1");
        command
    };
    let report = node_tests::run_in_workers(&request.dir, &request.filter, jobs, &worker)?;
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
    Ok(if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
