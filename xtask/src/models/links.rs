//! A model over every link that its device has: the outputs that come back, and how long two sessions say it takes.
//!
//! An emulated board has one serial line. With the artifact in flash the line carries inputs and outputs; over the same
//! line, led to a pseudo-terminal, the artifact is uploaded into RAM beside its arena. Uploads go nowhere else: flash is
//! written by a debug probe, or by who starts the emulator. A device server listens on TCP and on a pseudo-terminal.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::compiled::Compiled;
use super::served::Served;
use super::{Model, Target};
use crate::board::{self, Board};
use crate::{build, process, workspace};

/// Bytes that aligning an uploaded artifact and the arena behind it may cost.
const ALIGNING: u64 = 2 * 64;
/// Emulates a Linux program of another processor.
const USER_EMULATOR: &str = "qemu-aarch64";
const NO_TERMINALS: &str = "qemu-aarch64 lacks the call that sets up a terminal (TCGETS2)";
/// What has a device server serve a pseudo-terminal.
const PTY: &[&str] = &["--pty"];

/// What was seen of a model over one link.
pub struct Seen {
    /// Where the artifact lies, and the link.
    pub way: String,
    /// The greatest error among the outputs, and the time of a run; or why this way is none.
    pub found: Result<(f64, String), String>,
}

/// Runs and times a compiled model over each link of its target's device. What is wrong on one is an error. At `most` so
/// many bytes are uploaded to an emulated board.
pub fn check(model: &Model, compiled: &Compiled, target: &Target, most: u64) -> Result<Vec<Seen>> {
    match &target.board {
        Some(name) => on_board(model, compiled, &board::find(name)?, most),
        None => on_linux(model, compiled, target),
    }
}

fn on_board(model: &Model, compiled: &Compiled, board: &Board, most: u64) -> Result<Vec<Seen>> {
    let flash = Way { about: format!("flash, qemu:{}", board.name), words: device(&format!("qemu:{}", board.name)) };
    let mut seen = vec![flash.see(model, compiled, true)?];
    let inspected = compiled.inspected(&board.name)?;
    let bytes = number(&inspected, "bytes")?;
    let too_long =
        || format!("{bytes} bytes take minutes over an emulated line: `cargo xtask models --links` uploads them");
    let kept_out = keeps_out(board, &inspected)?.or_else(|| (bytes > most).then(too_long));
    seen.push(match kept_out {
        Some(why) => Seen { way: "RAM, serial:".into(), found: Err(why) },
        None => {
            let emulator = Served::start(&emulator(compiled.compiler(), board)?)?;
            let about = format!("RAM ({bytes} bytes uploaded), {}", emulator.device);
            Way { about, words: device(&emulator.device) }.see(model, compiled, true)?
        }
    });
    Ok(seen)
}

fn on_linux(model: &Model, compiled: &Compiled, target: &Target) -> Result<Vec<Seen>> {
    let programs = workspace::target().join("release");
    let (native, emulated) = (programs.join("device-server"), target.device != "local");
    let server = || {
        if !emulated {
            return Command::new(&native);
        }
        let mut command = Command::new(USER_EMULATOR);
        command.arg(programs.join("device-server-aarch64"));
        command
    };
    let key = Key::new(&native)?;
    let links: [&[&str]; 2] = [&["--listen", "127.0.0.1:0"], PTY];
    let see = |link: &[&str]| {
        if emulated && link == PTY {
            return Ok(Seen { way: "serial:".into(), found: Err(NO_TERMINALS.into()) });
        }
        let mut command = server();
        let served = Served::start(command.args(link).args(["--allow-upload", "--key-file"]).arg(&key.0))?;
        let mut words = device(&served.device);
        words.extend(["--key-file".into(), key.0.clone().into()]);
        Way { about: served.device.clone(), words }.see(model, compiled, false)
    };
    links.into_iter().map(see).collect()
}

/// One way to a device.
struct Way {
    about: String,
    /// What says so on the command line.
    words: Vec<OsString>,
}

fn device(device: &str) -> Vec<OsString> {
    vec!["--device".into(), device.into()]
}

impl Way {
    /// Runs the model on its recorded inputs and times it in two sessions. Where instructions are counted both must count
    /// the same.
    fn see(self, model: &Model, compiled: &Compiled, counted: bool) -> Result<Seen> {
        let Way { about, words } = self;
        let seen = || -> Result<(f64, String)> {
            let error = super::worst_error(model, &compiled.run_at(&words, &model.inputs())?)?;
            let (first, second) = (compiled.timed(&words)?, compiled.timed(&words)?);
            if !counted {
                return Ok((error, format!("{:.4} and {:.4} ms", median(first), median(second))));
            }
            let (first, second) = (instructions(&first), instructions(&second));
            ensure!(first == second, "two sessions count {first:?} and {second:?} instructions");
            let one = first.first().context("nothing was timed")?;
            ensure!(first.iter().all(|count| count == one), "the runs of a session differ: {first:?} instructions");
            Ok((error, format!("{:.6} M instructions, the same in two sessions", *one as f64 / 1e6)))
        };
        let found = seen().with_context(|| about.clone())?;
        Ok(Seen { way: about, found: Ok(found) })
    }
}

/// Milliseconds of emulated time as instructions: each takes a nanosecond.
fn instructions(samples_ms: &[f64]) -> Vec<u64> {
    samples_ms.iter().map(|ms| (ms * 1e6).round() as u64).collect()
}

fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples.get(samples.len() / 2).copied().unwrap_or(f64::NAN)
}

/// What keeps an artifact from being uploaded to a board, if anything does. `inspected` is what `inspect --board` tells.
fn keeps_out(board: &Board, inspected: &Value) -> Result<Option<String>> {
    if board.target.starts_with("thumbv6m") {
        return Ok(Some("it takes no uploads, which its processor could not contain".into()));
    }
    let ram = &inspected["board"]["ram"];
    let (artifact, beside, there) = (number(inspected, "bytes")?, number(ram, "needed")?, number(ram, "bytes")?);
    let fits = artifact + beside + ALIGNING <= there;
    let why = format!(
        "does not fit: {artifact} bytes of artifact and {beside} of statics, arena and stack, of {there}; it runs from \
         flash"
    );
    Ok((!fits).then_some(why))
}

fn number(value: &Value, name: &str) -> Result<u64> {
    value[name].as_u64().with_context(|| format!("the compiler told no `{name}`"))
}

/// The command that starts a board without a model, its serial line on a pseudo-terminal, as `flash` would.
fn emulator(compiler: &Path, board: &Board) -> Result<Command> {
    let told = process::capture(Command::new(compiler).args(["flash", &board.name, "--dry-run", "--json"]))?;
    let told: Value = serde_json::from_str(&told).context("`flash --dry-run` printed no JSON")?;
    let words: Vec<String> = serde_json::from_value(told["steps"][0]["start"].clone())
        .with_context(|| format!("`flash {}` starts nothing", board.name))?;
    let (program, arguments) = words.split_first().context("an empty command")?;
    let mut command = Command::new(program);
    command.args(arguments);
    Ok(command)
}

/// A key's file, gone when dropped.
struct Key(PathBuf);

impl Key {
    fn new(server: &Path) -> Result<Self> {
        let path = workspace::cache().join("models").join(format!("{}.key", std::process::id()));
        let made = process::observe(Command::new(server).arg("--new-key").arg(&path))?;
        ensure!(made.status.success(), "device-server made no key: {}", String::from_utf8_lossy(&made.stderr).trim());
        Ok(Self(path))
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        // Nobody else has it, so one that stays opens nothing.
        let _ = fs::remove_file(&self.0);
    }
}

/// Builds what serves a target's device besides what runs its models.
pub fn prepare(target: &Target) -> Result<()> {
    match target.board {
        Some(_) => Ok(()),
        // Makes the key too.
        None => build::program("device-server").map(drop),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn board(target: &str) -> Board {
        let words = ("desk".to_owned(), "on the desk".to_owned());
        Board { name: words.0, about: words.1, target: target.into(), emulated: true, linux: false }
    }

    #[test]
    fn what_has_no_room_in_ram_is_told_with_its_figures() {
        let inspected = |needed: u64| json!({ "bytes": 1000, "board": { "ram": { "bytes": 4096, "needed": needed } } });
        let out = |target, needed| keeps_out(&board(target), &inspected(needed)).unwrap();
        assert_eq!(out("thumbv7em-none-eabihf", 4096 - 1000 - ALIGNING), None);
        let why = out("thumbv7em-none-eabihf", 4096 - 1000).unwrap();
        assert!(["1000 bytes", "3096", "of 4096", "flash"].iter().all(|part| why.contains(part)), "{why}");
        assert!(out("thumbv6m-none-eabi", 0).is_some_and(|why| why.contains("no uploads")));
        assert!(keeps_out(&board("thumbv7m-none-eabi"), &json!({})).is_err());
    }

    #[test]
    fn emulated_time_is_instructions() {
        assert_eq!(instructions(&[1.5, 0.00004]), [1_500_000, 40]);
        assert!((median(vec![3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
    }
}
