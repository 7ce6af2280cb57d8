//! An emulated board that goes on running, with its serial line on a pseudo terminal.

use lathe_driver::boards::emulation::{EMULATOR, arguments};

use super::{Job, Plan, Step};

/// Starts the emulator.
pub fn plan(machine: &str, job: &Job<'_>) -> Plan {
    let mut words = vec![EMULATOR.to_string()];
    let arguments = arguments(job.board, machine, "pty,id=link", job.runtime, job.model);
    words.extend(arguments.iter().map(|word| word.to_string_lossy().into_owned()));
    Plan { steps: vec![Step::Emulate { board: job.board.name.clone(), command: words }], ..Plan::default() }
}
