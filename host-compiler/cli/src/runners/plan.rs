//! What is to be done to flash a board, to be shown or done.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use lathe_artifact::noise;
use lathe_driver::trial::NOISE_SEED;
use serde_json::json;

use super::tools;
use crate::console;
use crate::failure::{Exit, Failure, Outcome};

/// What is to be done, in order, and how the board is reached then.
#[derive(Debug, Default)]
pub struct Plan {
    /// one after the other; the first that fails ends it
    pub steps: Vec<Step>,
    /// the value of `--device` for it, with what else to give, when it is known beforehand
    pub device: Option<String>,
}

/// One thing to do.
#[derive(Debug)]
pub enum Step {
    /// run a program to its end
    Run(Vec<String>),
    /// write a file of text
    Write {
        /// the file
        path: PathBuf,
        /// its text
        text: String,
    },
    /// write a file of noise, which kernels on trial read in place of weights
    WriteNoise {
        /// the file
        path: PathBuf,
        /// bytes of noise, behind a header
        bytes: u32,
    },
    /// write a UF2 file that holds images
    WriteUf2 {
        /// the file
        path: PathBuf,
        /// number of the chip's family
        family: u32,
        /// linked images, and files with the address each is for
        images: Vec<(PathBuf, Option<u32>)>,
    },
    /// copy a file to the drive with this label
    CopyToDrive {
        /// the file
        from: PathBuf,
        /// where the drive is; `None`: where it is usually mounted
        folder: Option<PathBuf>,
        /// its label
        volume: String,
    },
    /// start an emulator that goes on running, with its serial line on a pseudo terminal
    Emulate {
        /// the board
        board: String,
        /// program and arguments
        command: Vec<String>,
    },
}

impl Plan {
    /// As lines for a shell.
    pub fn text(&self) -> String {
        self.steps.iter().map(Step::text).collect()
    }

    /// For `--json`.
    pub fn document(&self) -> Vec<serde_json::Value> {
        self.steps.iter().map(Step::document).collect()
    }

    /// Does all of it. Gives the device, when it is known now.
    pub fn run(&self) -> Outcome<Option<String>> {
        for program in self.steps.iter().filter_map(Step::program) {
            tools::find(program)?;
        }
        let mut device = self.device.clone();
        for step in &self.steps {
            if let Some(found) = step.run()? {
                device = Some(found);
            }
        }
        Ok(device)
    }
}

impl Step {
    /// A program with its arguments.
    pub fn command<const N: usize>(words: [&str; N]) -> Step {
        Step::Run(words.map(str::to_string).to_vec())
    }

    /// The program it needs.
    fn program(&self) -> Option<&str> {
        match self {
            Step::Run(command) | Step::Emulate { command, .. } => command.first().map(String::as_str),
            _ => None,
        }
    }

    fn text(&self) -> String {
        match self {
            Step::Run(command) => line(command) + "\n",
            Step::Write { path, text } => {
                let folder = path.parent().unwrap_or(Path::new("."));
                format!("mkdir -p {}\ncat > {} <<'END'\n{text}END\n", shown(folder), shown(path))
            }
            Step::WriteNoise { path, bytes } => {
                format!("# {} becomes an image of {bytes} bytes of noise of seed {NOISE_SEED:#x}\n", shown(path))
            }
            Step::WriteUf2 { path, family, images } => {
                let mut text = format!("# {} becomes a UF2 file for family {family:#010x} that holds\n", shown(path));
                for (image, address) in images {
                    let place = address.map_or("where it is linked to".to_string(), |a| format!("at {a:#010x}"));
                    // A string takes everything.
                    let _ = writeln!(text, "#   {} {place}", shown(image));
                }
                text
            }
            Step::CopyToDrive { from, folder, volume } => {
                let folder = folder.as_deref().map_or(format!("/media/$USER/{volume}"), |f| shown(f).to_string());
                format!("cp {} {folder}/\n", shown(from))
            }
            Step::Emulate { command, .. } => line(command) + " &\n",
        }
    }

    fn document(&self) -> serde_json::Value {
        match self {
            Step::Run(command) => json!({ "run": command }),
            Step::Write { path, text } => json!({ "write": path, "text": text }),
            Step::WriteNoise { path, bytes } => json!({ "write_noise": path, "bytes": bytes, "seed": NOISE_SEED }),
            Step::WriteUf2 { path, family, images } => {
                let image = |(file, address): &(PathBuf, Option<u32>)| json!({ "file": file, "address": address });
                json!({ "write_uf2": path, "family": family, "images": images.iter().map(image).collect::<Vec<_>>() })
            }
            Step::CopyToDrive { from, folder, volume } => json!({ "copy": from, "folder": folder, "volume": volume }),
            Step::Emulate { board, command } => json!({ "start": command, "board": board }),
        }
    }

    fn run(&self) -> Outcome<Option<String>> {
        match self {
            Step::Run(command) => run(command)?,
            Step::Write { path, text } => write(path, text.as_bytes())?,
            Step::WriteNoise { path, bytes } => write(path, &noise::image(NOISE_SEED, *bytes))?,
            Step::WriteUf2 { path, family, images } => write(path, &super::uf2_copy::file(*family, images)?)?,
            Step::CopyToDrive { from, folder, volume } => super::uf2_copy::copy(from, folder.as_deref(), volume)?,
            Step::Emulate { board, command } => return super::emulators::start(board, command).map(Some),
        }
        Ok(None)
    }
}

/// Runs a program; what it prints goes to standard error, where this program's words go.
fn run(words: &[String]) -> Outcome {
    console::say(&format!("$ {}", line(words)));
    let Some((program, arguments)) = words.split_first() else { return Ok(()) };
    let status = Command::new(program).args(arguments).stdout(Stdio::from(std::io::stderr())).status();
    let status = status.map_err(|e| Failure::new(Exit::Unreachable, format!("{program} could not be started: {e}")))?;
    if status.success() {
        return Ok(());
    }
    // What ssh itself says when there is no connection.
    let unreachable = matches!(program.as_str(), "ssh" | "scp") && status.code() == Some(255);
    let exit = if unreachable { Exit::Unreachable } else { Exit::Failure };
    Err(Failure::new(exit, format!("`{}` ended with {status}; what it wrote above says why", line(words))))
}

fn write(path: &Path, bytes: &[u8]) -> Outcome {
    let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
    folder.and_then(|()| fs::write(path, bytes)).map_err(|e| Failure::file("write", path, &e))
}

/// A command as a shell takes it.
pub fn line(words: &[String]) -> String {
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

fn shown(path: &Path) -> String {
    quoted(&path.to_string_lossy())
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.into() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_can_be_typed() {
        let step = Step::command(["tool", "-c", "program it's.elf verify", "a/b"]);
        assert_eq!(step.text(), "tool -c 'program it'\\''s.elf verify' a/b\n");
    }

    #[test]
    fn a_failed_command_ends_the_plan() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/file");
        let after = Step::Write { path: path.clone(), text: "text".into() };
        let failing = Plan { steps: vec![Step::command(["false"]), after], ..Plan::default() };
        assert_eq!(failing.run().unwrap_err().exit, Exit::Failure);
        assert!(!path.exists());
        let absent = Step::command(["no-such-program-anywhere"]);
        let before = Step::Write { path: path.clone(), text: "text".into() };
        let lacking = Plan { steps: vec![before, absent], ..Plan::default() };
        assert_eq!(lacking.run().unwrap_err().exit, Exit::Unreachable);
        assert!(!path.exists(), "tools are looked for before anything is done");
    }
}
