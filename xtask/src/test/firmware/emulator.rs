//! Runs an image on an emulated board, whose time follows the instructions, and takes what it prints.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::process;

/// Emulates the board.
pub const PROGRAM: &str = "qemu-system-arm";
/// A run that is not done by then is ended.
const LIMIT: Duration = Duration::from_secs(600);

/// The lines an image prints before the line `done`; the line `failed`, or none in time, is an error.
pub fn run(board: &str, image: &Path) -> Result<Vec<String>> {
    let mut command = Command::new(PROGRAM);
    command.args(["-M", board, "-display", "none", "-monitor", "none", "-serial", "stdio", "-icount", "shift=0"]);
    command.arg("-kernel").arg(image).stdin(Stdio::null()).stdout(Stdio::piped());
    eprintln!("$ {}", process::shown(&command));
    let mut child = command.spawn().with_context(|| format!("{PROGRAM} could not be started"))?;
    let printed = child.stdout.take().context("the emulator has no output")?;
    let (finished, waiting) = mpsc::channel::<()>();
    let emulator = &mut child;
    let lines = thread::scope(|scope| {
        scope.spawn(move || {
            // Ends the emulator at the limit, or when the reader below has all it wants and drops the channel.
            let _ = waiting.recv_timeout(LIMIT);
            emulator.kill()
        });
        let lines = read(BufReader::new(printed));
        drop(finished);
        lines
    });
    child.wait()?;
    lines.with_context(|| format!("{} on {board} (emulated)", image.display()))
}

fn read(printed: impl BufRead) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    for line in printed.lines() {
        let line = line?;
        eprintln!("{line}");
        match line.as_str() {
            "done" => return Ok(lines),
            "failed" => bail!("it failed:\n{}", lines.join("\n")),
            _ => lines.push(line),
        }
    }
    bail!("it did not come to its end within {} s:\n{}", LIMIT.as_secs(), lines.join("\n"))
}

/// The whole numbers of the line that begins with `start` and holds `word`.
pub fn figures(lines: &[String], start: &str, word: &str) -> Result<Vec<u64>> {
    let line = lines.iter().find(|line| line.starts_with(start) && line.contains(word));
    let line = line.with_context(|| format!("no line `{start} … {word}`"))?;
    let words = line.split(|c: char| !c.is_ascii_digit()).filter(|word| !word.is_empty());
    Ok(words.map(str::parse).collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_found_in_words() {
        let lines = ["a: 1 of 2".to_owned(), "a: 30 ns, 4 missed".to_owned()];
        assert_eq!(figures(&lines, "a:", "missed").unwrap(), [30, 4]);
        assert!(figures(&lines, "b:", "missed").is_err());
    }

    #[test]
    fn an_image_ends_with_done() {
        assert_eq!(read(&b"x\ndone\ny\n"[..]).unwrap(), ["x"]);
        assert!(read(&b"x\nfailed\n"[..]).unwrap_err().to_string().contains('x'));
        assert!(read(&b"x\n"[..]).is_err());
    }
}
