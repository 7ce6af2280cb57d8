//! Emulators that go on running: started here, remembered in a file each, found again by `devices list`.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::state_folder;
use crate::failure::{Exit, Failure, Outcome};

/// A running emulator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emulator {
    /// its process
    pub pid: u32,
    /// the board it emulates
    pub board: String,
    /// the pseudo terminal with its serial line
    pub terminal: String,
}

/// Starts an emulator, in a process group of its own so that ctrl-C here is not for it. Gives its device.
pub fn start(board: &str, words: &[String]) -> Outcome<String> {
    let fail = |message: String| Failure::new(Exit::Unreachable, message);
    let Some((program, arguments)) = words.split_first() else { return Err(fail("nothing to start".into())) };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child = command.spawn().map_err(|e| fail(format!("{program} could not be started: {e}")))?;
    // It says where its line is once, and nothing more.
    let said = child.stdout.take().map(BufReader::new).and_then(|mut out| {
        let mut line = String::new();
        out.read_line(&mut line).ok().map(|_| line)
    });
    let terminal = said.as_deref().and_then(terminal_in).map(str::to_string);
    let Some(terminal) = terminal else {
        // It ended, or will not be reached.
        let _ = child.kill();
        let told = child.wait_with_output().map(|out| String::from_utf8_lossy(&out.stderr).into_owned());
        return Err(fail(format!("{program} gave no serial line: {}", told.unwrap_or_default().trim())));
    };
    let emulator = Emulator { pid: child.id(), board: board.to_string(), terminal };
    remember(&emulator)?;
    Ok(emulator.device())
}

/// The terminal in `char device redirected to /dev/pts/5 (label link)`.
fn terminal_in(line: &str) -> Option<&str> {
    line.split_whitespace().find(|word| word.starts_with("/dev/"))
}

impl Emulator {
    /// As `--device`.
    pub fn device(&self) -> String {
        format!("serial:{}", self.terminal)
    }

    fn document(&self) -> Value {
        json!({ "pid": self.pid, "board": self.board, "terminal": self.terminal })
    }

    fn read(document: &Value) -> Option<Emulator> {
        let text = |key: &str| Some(document[key].as_str()?.to_string());
        let pid = document["pid"].as_u64()?.try_into().ok()?;
        Some(Emulator { pid, board: text("board")?, terminal: text("terminal")? })
    }

    /// Whether the process is there, and is one that has this terminal.
    fn runs(&self) -> bool {
        let program = fs::read(format!("/proc/{}/cmdline", self.pid)).unwrap_or_default();
        let emulates = program.split(|byte| *byte == 0).next().is_some_and(|name| name.ends_with(b"qemu-system-arm"));
        emulates && std::path::Path::new(&self.terminal).exists()
    }
}

/// Those that run. What is remembered of others is forgotten.
pub fn running() -> Outcome<Vec<Emulator>> {
    let folder = folder()?;
    let Ok(entries) = fs::read_dir(&folder) else { return Ok(Vec::new()) };
    let mut emulators = Vec::new();
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        let read = fs::read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        match read.as_ref().and_then(Emulator::read).filter(Emulator::runs) {
            Some(emulator) => emulators.push(emulator),
            // Another run may have done so.
            None => drop(fs::remove_file(&path)),
        }
    }
    emulators.sort_by_key(|emulator| emulator.pid);
    Ok(emulators)
}

fn remember(emulator: &Emulator) -> Outcome {
    let folder = folder()?;
    let path = folder.join(format!("{}.json", emulator.pid));
    let written = fs::create_dir_all(&folder).and_then(|()| fs::write(&path, emulator.document().to_string()));
    written.map_err(|e| Failure::file("write", &path, &e))
}

fn folder() -> Outcome<PathBuf> {
    Ok(state_folder()?.join("emulators"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_terminal_is_found_in_what_qemu_says() {
        assert_eq!(terminal_in("char device redirected to /dev/pts/5 (label link)\n"), Some("/dev/pts/5"));
        assert_eq!(terminal_in("qemu-system-arm: no such machine"), None);
    }

    #[test]
    fn what_is_remembered_reads_back() {
        let emulator = Emulator { pid: 7, board: "mps2-an386".into(), terminal: "/dev/pts/5".into() };
        assert_eq!(Emulator::read(&emulator.document()).as_ref(), Some(&emulator));
        assert!(!emulator.runs());
        assert_eq!(emulator.device(), "serial:/dev/pts/5");
    }
}
