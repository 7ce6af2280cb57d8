//! One other engine: `benches/peers.py` in a process of its own, warm, timed on request.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::workspace;

/// A running engine with one model loaded.
pub struct Peer {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Peer {
    /// Starts the engine and waits until it is warm. `shapes` are `--input-shape NAME=…` words.
    pub fn start(python: &Path, engine: &str, threads: usize, model: &Path, shapes: &[String]) -> Result<Self> {
        let cache = workspace::cache().join("bench");
        fs::create_dir_all(&cache)?;
        let log = fs::File::create(cache.join(format!("{engine}.log")))?;
        let mut command = Command::new(python);
        command.arg(workspace::root().join("benches/peers.py")).args([engine, &threads.to_string()]);
        command.arg(model).arg(&cache).args(shapes.iter().filter(|word| !word.starts_with("--")));
        let started = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log).spawn();
        let mut child = started.with_context(|| format!("{engine} could not be started"))?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (requests, answers) = pipes.context("the engine has no pipes")?;
        let mut peer = Self { child, requests, answers: BufReader::new(answers) };
        if peer.answer()?.get("ready").is_none() {
            bail!("{engine} did not say that it is ready");
        }
        Ok(peer)
    }

    /// Milliseconds of each run within about `seconds`.
    pub fn time(&mut self, seconds: f64) -> Result<Vec<f64>> {
        writeln!(self.requests, "{seconds}")?;
        serde_json::from_value(self.answer()?["samples_ms"].clone()).context("the engine gave no samples")
    }

    fn answer(&mut self) -> Result<Value> {
        let mut line = String::new();
        if self.answers.read_line(&mut line)? == 0 {
            bail!("the engine ended; its log is in .lathe/bench");
        }
        Ok(serde_json::from_str(&line)?)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // The engine holds threads and memory that would disturb the next measurement.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
