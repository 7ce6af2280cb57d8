//! `qemu:aarch64-linux`: a device server for 64-bit ARM under user-mode emulation, over its standard input and output.

use std::path::PathBuf;
use std::process::Command;

use lathe_artifact::Artifact;
use rpc_protocol::client::ChildLink;

use crate::failure::{Exit, Failure, Outcome};

/// Names the device server's binary when it lies in no usual place.
const SERVER_VARIABLE: &str = "LATHE_DEVICE_SERVER_AARCH64";
const EMULATOR: &str = "qemu-aarch64";

/// Starts the emulator with a processor that has what `artifact` needs.
pub fn start(artifact: &[u8]) -> Outcome<ChildLink> {
    let server = find_server()?;
    let mut command = Command::new(EMULATOR);
    command.arg("-cpu").arg(processor(artifact)).arg(&server).arg("--stdio");
    super::start(command, "qemu-user")
}

/// The plain Cortex-A57 unless the artifact was compiled for more.
fn processor(artifact: &[u8]) -> &'static str {
    let needs_more = Artifact::parse(artifact)
        .is_ok_and(|a| a.header().features().any(|f| !matches!(f, "neon" | "fp-armv8" | "crc" | "aes" | "sha2")));
    if needs_more { "max" } else { "cortex-a57" }
}

fn find_server() -> Outcome<PathBuf> {
    if let Some(path) = std::env::var_os(SERVER_VARIABLE).map(PathBuf::from) {
        return match path.is_file() {
            true => Ok(path),
            false => Err(missing(&format!("{SERVER_VARIABLE} names {}, which is no file", path.display()))),
        };
    }
    let candidates = candidates();
    let found = candidates.iter().find(|p| p.is_file()).cloned();
    let places: Vec<String> = candidates.iter().map(|p| p.display().to_string()).collect();
    found.ok_or_else(|| missing(&format!("it is not at {}", places.join(" or "))))
}

/// Beside this program, then where cargo puts it.
fn candidates() -> Vec<PathBuf> {
    let beside = std::env::current_exe().ok().map(|exe| exe.with_file_name("device-server-aarch64"));
    let built = |root: PathBuf| root.join("aarch64-unknown-linux-gnu/release/device-server");
    // Of target/release/host-compiler, target.
    let target = std::env::current_exe().ok().and_then(|exe| Some(exe.parent()?.parent()?.to_path_buf()));
    let mut all: Vec<PathBuf> = beside.into_iter().chain(target.map(built)).collect();
    all.push(built(PathBuf::from("target")));
    all.dedup();
    all
}

fn missing(why: &str) -> Failure {
    Failure::new(
        Exit::Unreachable,
        format!(
            "the device server for AArch64 is missing ({why}); `cargo xtask setup` builds it, or name one in {SERVER_VARIABLE}"
        ),
    )
}
