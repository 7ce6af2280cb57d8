//! Running other programs: every command is shown as it could be typed, none reads our standard input.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, bail};

use crate::workspace;

/// Shows the command and runs it with our output; an exit status other than 0 is an error.
pub fn run(command: &mut Command) -> Result<()> {
    eprintln!("$ {}", shown(command));
    run_silently_named(command)
}

/// As [`run`], without showing the command first.
pub fn run_silently_named(command: &mut Command) -> Result<()> {
    let status = command.stdin(Stdio::null()).status().with_context(|| not_started(command))?;
    if !status.success() {
        bail!("`{}` ended with {status}", shown(command));
    }
    Ok(())
}

/// Runs the command and returns what it wrote on standard output; its standard error is shown as it comes.
pub fn capture(command: &mut Command) -> Result<String> {
    let output =
        command.stdin(Stdio::null()).stderr(Stdio::inherit()).output().with_context(|| not_started(command))?;
    if !output.status.success() {
        let told = String::from_utf8_lossy(&output.stdout);
        bail!("`{}` ended with {}\n{}", shown(command), output.status, told.trim_end());
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{}` printed bytes that are no text", shown(command)))
}

/// Runs the command and keeps everything it printed, whatever its exit status.
pub fn observe(command: &mut Command) -> Result<Output> {
    command.stdin(Stdio::null()).output().with_context(|| not_started(command))
}

/// True if the command starts and ends with 0; what it prints is dropped.
pub fn succeeds(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

/// The program and its arguments, for the kernel to kill when the thread that starts them ends, this process's being
/// killed included: an emulated board has no end of its own. Nothing sees to that where util-linux is not installed.
pub fn ended_with_us(command: &Command) -> Command {
    const SETPRIV: &str = "setpriv";
    let words: Vec<&OsStr> = std::iter::once(command.get_program()).chain(command.get_args()).collect();
    let before: &[&str] = if on_path(SETPRIV) { &[SETPRIV, "--pdeathsig", "KILL"] } else { &[] };
    let mut words = before.iter().map(OsStr::new).chain(words);
    let mut ended = Command::new(words.next().unwrap_or_default());
    ended.args(words);
    ended
}

/// True if a program of this name is on the search path.
pub fn on_path(program: &str) -> bool {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders).any(|folder| folder.join(program).is_file())
}

/// The command as a line for a shell, with the variables it sets in front and paths inside the project relative.
pub fn shown(command: &Command) -> String {
    let mut words = Vec::new();
    for (key, value) in command.get_envs() {
        if let Some(value) = value {
            words.push(format!("{}={}", key.to_string_lossy(), quoted(&value.to_string_lossy())));
        }
    }
    words.push(quoted(&program(&command.get_program().to_string_lossy())));
    words.extend(command.get_args().map(|word| quoted(&relative(&word.to_string_lossy()))));
    words.join(" ")
}

/// A program as it is typed: relative inside the project, and the cargo that started us by its name.
fn program(path: &str) -> String {
    match std::env::var("CARGO") {
        Ok(cargo) if cargo == path => "cargo".to_owned(),
        _ => relative(path),
    }
}

fn relative(word: &str) -> String {
    let root = workspace::root();
    match Path::new(word).strip_prefix(&root) {
        Ok(inside) => inside.to_string_lossy().into_owned(),
        Err(_) => word.replace(&format!("{}/", root.display()), ""),
    }
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:,+@%^~".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

fn not_started(command: &Command) -> String {
    format!("`{}` could not be started", shown(command))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_shown_as_they_could_be_typed() {
        let mut command = Command::new("tool");
        command.args(["--name", "two words", "it's", ""]).env("KEY", "a b");
        assert_eq!(shown(&command), r"KEY='a b' tool --name 'two words' 'it'\''s' ''");
        let mut inside = Command::new(workspace::root().join("target/release/tool"));
        inside.arg(format!("image={}", workspace::root().join("cat.png").display()));
        assert_eq!(shown(&inside), "target/release/tool image=cat.png");
    }

    #[test]
    fn a_failing_command_is_an_error() {
        assert!(run(&mut Command::new("false")).is_err());
        assert!(capture(&mut Command::new("false")).is_err());
        assert!(!succeeds(&mut Command::new("no-such-program-anywhere")));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn what_is_ended_with_us_does_not_outlive_the_thread_that_started_it() {
        use std::io::Read;
        use std::os::unix::process::ExitStatusExt;
        if !on_path("setpriv") {
            return println!("SKIPPED: setpriv is not installed");
        }
        let started = std::thread::spawn(|| {
            let mut command = Command::new("sh");
            let mut child =
                ended_with_us(command.args(["-c", "echo up; exec sleep 60"])).stdout(Stdio::piped()).spawn().unwrap();
            child.stdout.as_mut().unwrap().read_exact(&mut [0; 2]).unwrap();
            assert!(child.try_wait().unwrap().is_none());
            child
        });
        assert_eq!(started.join().unwrap().wait().unwrap().signal(), Some(9));
    }
}
