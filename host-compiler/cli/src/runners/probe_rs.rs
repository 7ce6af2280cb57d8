//! `probe-rs` through a debug probe: <https://probe.rs/docs/tools/probe-rs/>.

use super::{Job, Plan, Step};

/// Writes the firmware, the artifact behind it, and restarts the board.
pub fn plan(chip: &str, job: &Job<'_>) -> Plan {
    let probe_rs = |verb: &str, more: &[&str]| {
        let mut words = vec!["probe-rs".to_string(), verb.into(), "--chip".into(), chip.into()];
        words.extend(job.probe.iter().flat_map(|probe| ["--probe".to_string(), (*probe).to_string()]));
        words.extend(more.iter().map(|word| (*word).to_string()));
        Step::Run(words)
    };
    let mut steps = vec![probe_rs("download", &["--verify", &job.runtime.to_string_lossy()])];
    if let Some(model) = job.model {
        let address = format!("{:#010x}", job.board.artifact_address());
        let binary = ["--verify", "--binary-format", "bin", "--base-address", &address, &model.to_string_lossy()];
        steps.push(probe_rs("download", &binary));
    }
    steps.push(probe_rs("reset", &[]));
    Plan { steps, ..Plan::default() }
}
