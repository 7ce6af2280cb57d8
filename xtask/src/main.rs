//! `cargo xtask VERB`: everything a person or CI does to this project, under one name each.

#![forbid(unsafe_code)]

mod arguments;
mod bench;
mod bless;
mod board;
mod build;
mod builtins;
mod demo;
mod engines;
mod lay;
mod models;
mod numpy;
mod process;
mod setup;
mod size;
mod steps;
mod test;
mod tidy;
mod toolchain;
mod wheels;
mod workspace;
mod zig;

use std::process::ExitCode;

use anyhow::Result;
use arguments::Arguments;

/// A verb: its name, its arguments, one line on what it does, and the function that does it.
struct Verb {
    name: &'static str,
    usage: &'static str,
    about: &'static str,
    run: fn(Arguments) -> Result<()>,
}

const VERBS: &[Verb] = &[
    Verb {
        name: "demo",
        usage: "",
        about: "compile a trained network for this machine, for AArch64 and for a Cortex-M55, and run all three on real pictures",
        run: demo::run,
    },
    Verb {
        name: "test",
        usage: "[--only STEP]... [--list]",
        about: "run every check of the project; the last line says how many passed",
        run: test::run,
    },
    Verb { name: "ci", usage: "", about: "setup, then test: what the CI machine runs", run: test::ci },
    Verb {
        name: "setup",
        usage: "[--check]",
        about: "install what is missing (LLVM 19, cross compiler, qemu, Rust targets), build what qemu runs; --check only tells",
        run: setup::run,
    },
    Verb {
        name: "tidy",
        usage: "",
        about: "check the house rules: module docs, SAFETY comments, dependency arrows, file sizes, names",
        run: tidy::run,
    },
    Verb {
        name: "bench",
        usage: "[kernels | instructions] [--threads N] [--rounds N] [--peers ort,ov,mnn] [--mcpu C] [--json] [MODEL.onnx]...",
        about: "time our artifacts and other engines interleaved in one run; or count AArch64 instructions under qemu",
        run: bench::run,
    },
    Verb {
        name: "models",
        usage: "[--target T] [--mcpu C] [--board B] [--device D | --links] [--max-macs N] [--expand] [--expanded DIR] [DIR] [NAME]...",
        about: "compile and run a folder of models: errors against recorded outputs, right answers, sizes within bounds; \
                --links: over every link of the target's device, timed twice; alone: small models, on all kinds of devices",
        run: models::run,
    },
    Verb {
        name: "board",
        usage: board::USAGE,
        about: "firmware: build it, run an artifact on an emulated board, begin a new board",
        run: board::run,
    },
    Verb {
        name: "size",
        usage: "",
        about: "what each part of the runtime takes of flash, against its budget",
        run: size::run,
    },
    Verb {
        name: "bless",
        usage: "[PACKAGE]...",
        about: "rewrite the golden files of text tests with what the code prints now; review the diff",
        run: bless::run,
    },
];

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let name = match words.next() {
        None => {
            print_help();
            return ExitCode::from(2);
        }
        Some(word) if ["-h", "--help", "help"].contains(&word.as_str()) => {
            print_help();
            return ExitCode::SUCCESS;
        }
        Some(word) => word,
    };
    let Some(verb) = VERBS.iter().find(|verb| verb.name == name) else {
        eprintln!("xtask: there is no verb `{name}`; `cargo xtask help` lists them");
        return ExitCode::from(2);
    };
    let words: Vec<String> = words.collect();
    if words.iter().any(|word| word == "-h" || word == "--help") {
        println!("cargo xtask {} {}\n\n  {}", verb.name, verb.usage, verb.about);
        return ExitCode::SUCCESS;
    }
    match (verb.run)(Arguments::new(words)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nxtask {name}: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn print_help() {
    println!("cargo xtask VERB [ARGUMENTS]\n");
    for verb in VERBS {
        println!("  {:<7} {}", verb.name, verb.about);
        if !verb.usage.is_empty() {
            println!("          {}", verb.usage);
        }
    }
    println!(
        "\nNew here? `cargo xtask demo` installs or checks what it needs and shows the whole way from an ONNX file\n\
         to an answer; `cargo xtask test` checks everything. Downloads are kept in .lathe/ and built files in target/;\n\
         both folders may be deleted at any time."
    );
}
