//! A device that a process of its own serves: the process is started, says how it is reached, and ends with its value.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::process;

/// A device that is served.
pub struct Served {
    process: Child,
    /// As `host-compiler --device`.
    pub device: String,
}

impl Served {
    /// Starts a program whose first line names what reaches it: `device-server`, or an emulator with its serial line on a
    /// pseudo-terminal.
    pub fn start(command: &Command) -> Result<Self> {
        let program = process::shown(command);
        let mut command = process::ended_with_us(command);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().with_context(|| format!("`{program}` could not be started"))?;
        let mut line = String::new();
        if let Some(said) = process.stdout.take() {
            BufReader::new(said).read_line(&mut line)?;
        }
        match device_in(&line) {
            Some(device) => Ok(Self { process, device }),
            None => {
                // It ended, or cannot be reached.
                let _ = process.kill();
                let mut told = String::new();
                if let Some(mut stderr) = process.stderr.take() {
                    stderr.read_to_string(&mut told)?;
                }
                process.wait()?;
                bail!("`{program}` did not say what reaches it: {}", told.trim())
            }
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // One that has ended already is as well.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The device in `char device redirected to /dev/pts/5 (label link)`, as QEMU says it, or in a line that is one.
fn device_in(line: &str) -> Option<String> {
    let line = line.trim();
    if line.starts_with("tcp://") || line.starts_with("serial:") {
        return Some(line.to_owned());
    }
    let terminal = line.split_whitespace().find(|word| word.starts_with("/dev/"))?;
    Some(format!("serial:{terminal}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reaches_a_device_is_read_from_its_first_line() {
        for (line, device) in [
            ("tcp://127.0.0.1:4000\n", Some("tcp://127.0.0.1:4000")),
            ("serial:/dev/pts/3\n", Some("serial:/dev/pts/3")),
            ("char device redirected to /dev/pts/5 (label link)\n", Some("serial:/dev/pts/5")),
            ("no such machine\n", None),
        ] {
            assert_eq!(device_in(line).as_deref(), device);
        }
    }

    #[test]
    fn a_program_that_serves_nothing_is_told_with_its_words() {
        let told = Served::start(Command::new("sh").args(["-c", "echo no board >&2"])).err().map(|e| e.to_string());
        assert!(told.is_some_and(|told| told.ends_with("no board")));
    }
}
