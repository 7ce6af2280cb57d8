//! An image on an emulated board, whose time follows the instructions: what it prints, and its debug port.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::mem;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::process;

/// Emulates the board.
pub const PROGRAM: &str = "qemu-system-arm";
/// What does not print a line for so long is ended.
const LIMIT: Duration = Duration::from_secs(600);
/// A line that is silent for so long has nothing more to say.
const SILENCE: Duration = Duration::from_secs(1);
/// Linux: an open terminal does not become this process's, and reading and writing it does not wait.
const NOT_OURS_AND_AT_ONCE: i32 = 0o400 | 0o4000;

/// A board that runs until this is dropped.
pub struct Running {
    child: Child,
    printed: Receiver<io::Result<String>>,
    lines: Lines,
    /// The terminal at the other end of its second serial line, and what it is called.
    port: File,
    name: String,
}

impl Running {
    /// Starts `image`: its first serial line is printed, the second is a terminal.
    pub fn start(board: &str, image: &Path) -> Result<Running> {
        let mut command = Command::new(PROGRAM);
        command.args(["-M", board, "-display", "none", "-monitor", "none", "-icount", "shift=0"]);
        command.args(["-serial", "stdio", "-serial", "pty", "-kernel"]).arg(image);
        eprintln!("$ {}", process::shown(&command));
        let mut child = process::ended_with_us(&command)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{PROGRAM} could not be started"))?;
        let printed = child.stdout.take();
        let opened = printed.context("the emulator has no output").and_then(|printed| {
            let mut printed = BufReader::new(printed);
            let mut first = String::new();
            printed.read_line(&mut first)?;
            let name = terminal_in(&first).with_context(|| format!("{PROGRAM} gave no terminal: {first}"))?;
            let options = OpenOptions::new().read(true).write(true).custom_flags(NOT_OURS_AND_AT_ONCE).open(name)?;
            Ok((printed, options, name.to_owned()))
        });
        let (printed, port, name) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                child.kill()?;
                child.wait()?;
                return Err(error);
            }
        };
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || printed.lines().try_for_each(|line| sender.send(line)));
        Ok(Running { child, printed: receiver, lines: Lines::default(), port, name })
    }

    /// How the compiler names its debug port.
    pub fn device(&self) -> String {
        format!("serial:{}", self.name)
    }

    /// The lines up to the next `done`; the line `failed`, or none in time, is an error.
    pub fn report(&mut self) -> Result<Vec<String>> {
        loop {
            let line = self.printed.recv_timeout(LIMIT);
            let line = line.with_context(|| format!("it did not come to its end:\n{}", self.lines.0.join("\n")))??;
            if let Some(report) = self.lines.take(line)? {
                return Ok(report);
            }
        }
    }

    /// The newest report since the last that was taken, if there is one: the next that [`Running::report`] gives then ends
    /// later than now.
    pub fn newest(&mut self) -> Result<Option<Vec<String>>> {
        let mut newest = None;
        while let Ok(line) = self.printed.try_recv() {
            newest = self.lines.take(line?)?.or(newest);
        }
        Ok(newest)
    }

    /// Sends bytes over the debug port, which are answered; gives how many came back.
    pub fn disturb(&mut self, bytes: &[u8]) -> Result<usize> {
        let (mut left, mut came, mut last) = (bytes, 0, Instant::now());
        // What was sent may still be on its way until something comes back.
        while last.elapsed() < if left.is_empty() && came > 0 { SILENCE } else { LIMIT } {
            let sent = at_once(self.port.write(left))?;
            left = &left[sent..];
            let got = at_once(self.port.read(&mut [0; 4096]))?;
            came += got;
            if sent + got > 0 {
                last = Instant::now();
            } else {
                thread::sleep(Duration::from_millis(1));
            }
        }
        ensure!(left.is_empty(), "the line took {} of {} bytes", bytes.len() - left.len(), bytes.len());
        Ok(came)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What an image prints before the line `done`.
pub fn run(board: &str, image: &Path) -> Result<Vec<String>> {
    let report = Running::start(board, image)?.report();
    report.with_context(|| format!("{} on {board} (emulated)", image.display()))
}

/// Nothing is 0 bytes.
fn at_once(result: io::Result<usize>) -> io::Result<usize> {
    match result {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
        other => other,
    }
}

/// The terminal in `char device redirected to /dev/pts/5 (label serial1)`.
fn terminal_in(line: &str) -> Option<&str> {
    line.split_whitespace().find(|word| word.starts_with("/dev/"))
}

/// The lines of a report that is not complete.
#[derive(Default)]
struct Lines(Vec<String>);

impl Lines {
    /// Takes a line; gives the report that ends with it.
    fn take(&mut self, line: String) -> Result<Option<Vec<String>>> {
        eprintln!("{line}");
        match line.as_str() {
            "done" => return Ok(Some(mem::take(&mut self.0))),
            "failed" => bail!("it failed:\n{}", self.0.join("\n")),
            _ => self.0.push(line),
        }
        Ok(None)
    }
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
    fn a_report_ends_with_done() {
        let mut lines = Lines::default();
        let mut take = |line: &str| lines.take(line.to_owned());
        for _ in 0..2 {
            assert_eq!(take("x").unwrap(), None);
            assert_eq!(take("done").unwrap().unwrap(), ["x"]);
        }
        assert_eq!(take("why").unwrap(), None);
        assert!(take("failed").unwrap_err().to_string().contains("why"));
    }

    #[test]
    fn the_terminal_is_found_in_what_qemu_says() {
        assert_eq!(terminal_in("char device redirected to /dev/pts/5 (label serial1)\n"), Some("/dev/pts/5"));
        assert_eq!(terminal_in("control: 3 periods\n"), None);
    }
}
