//! An emulated board that goes on running, with its serial line on a pseudo terminal.

use super::{Job, Plan, Step};
use crate::devices::qemu::board as emulated;

/// Starts the emulator.
pub fn plan(machine: &str, job: &Job<'_>) -> Plan {
    let mut words = vec![emulated::EMULATOR.to_string()];
    let arguments = emulated::arguments(job.board, machine, "pty,id=link", job.runtime, job.model);
    words.extend(arguments.iter().map(|word| word.to_string_lossy().into_owned()));
    Plan { steps: vec![Step::Emulate { board: job.board.name.clone(), command: words }], ..Plan::default() }
}
