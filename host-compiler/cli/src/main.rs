//! `host-compiler`: compiles trained ONNX models into artifacts, and runs and times them.
//!
//! One file per verb under `verbs`; `arguments` is what a person types, `failure` what exit code follows, `console`
//! where words go (documents to standard output, everything else to standard error).
#![deny(unsafe_code)]

mod arguments;
mod console;
mod devices;
mod failure;
mod output_file;
mod runners;
mod tensors;
mod verbs;

use std::process::ExitCode;

use crate::arguments::Cli;
use crate::failure::Exit;

/// Stack of the thread that does the work: expressions of large kernels are walked recursively.
const STACK: usize = 256 << 20;

fn main() -> ExitCode {
    let cli = match Cli::read(std::env::args_os()) {
        Ok(cli) => cli,
        Err(e) => return arguments::explain(&e),
    };
    console::replace_panic_message();
    console::start(cli.verb.common().json);
    let worker = std::thread::Builder::new().stack_size(STACK).spawn(move || verbs::run(&cli.verb));
    let result = worker.map(std::thread::JoinHandle::join);
    match result {
        Ok(Ok(exit)) => exit.into(),
        // The panic's message has been printed where it happened.
        Ok(Err(_)) => Exit::Failure.into(),
        Err(e) => {
            console::error(&format!("no thread could be started: {e}"));
            Exit::Failure.into()
        }
    }
}
