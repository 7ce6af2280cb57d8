//! `completions`: a script that completes this program's arguments in a shell.

use clap::CommandFactory;
use clap_complete::Shell as Generator;

use crate::arguments::{Cli, CompletionsArgs, Shell};
use crate::console;
use crate::failure::Outcome;

pub fn run(args: &CompletionsArgs) -> Outcome {
    let shell = match args.shell {
        Shell::Bash => Generator::Bash,
        Shell::Zsh => Generator::Zsh,
        Shell::Fish => Generator::Fish,
        Shell::Elvish => Generator::Elvish,
        Shell::Powershell => Generator::PowerShell,
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "host-compiler", &mut script);
    console::print_bytes(&script)
}
