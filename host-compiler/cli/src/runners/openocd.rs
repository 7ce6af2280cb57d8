//! `openocd` through a debug probe: OpenOCD User's Guide, section 12.1 (`program`).

use super::{Job, Plan, Step};

/// Writes the firmware, the artifact behind it, and restarts the board, all in one start of the program.
pub fn plan(config: &[String], job: &Job<'_>) -> Plan {
    let mut words = vec!["openocd".to_string()];
    words.extend(config.iter().flat_map(|file| ["-f".to_string(), file.clone()]));
    // Tcl takes what is in braces as it is.
    words.extend(job.probe.iter().flat_map(|probe| ["-c".into(), format!("adapter serial {{{probe}}}")]));
    let mut program = |command: String| words.extend(["-c".to_string(), command]);
    program(format!("program {{{}}} verify", job.runtime.display()));
    if let Some(model) = job.model {
        program(format!("program {{{}}} verify {:#010x}", model.display(), job.board.artifact_address()));
    }
    program("reset run".to_string());
    program("exit".to_string());
    Plan { steps: vec![Step::Run(words)], ..Plan::default() }
}
