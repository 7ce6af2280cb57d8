//! The programs that runners use, and where a person gets those that are missing.

use crate::failure::{Exit, Failure, Outcome};

/// Fails when `program` is not on the search path.
pub fn find(program: &str) -> Outcome {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    if std::env::split_paths(&folders).any(|folder| folder.join(program).is_file()) {
        return Ok(());
    }
    let message = format!("{program} was not found; {}", how_to_get(program));
    Err(Failure::new(Exit::Unreachable, message))
}

fn how_to_get(program: &str) -> &'static str {
    match program {
        "probe-rs" => {
            "install it with `cargo install probe-rs-tools --locked`, and let your user use the probe: \
             https://probe.rs/docs/getting-started/probe-setup/"
        }
        "openocd" => "install it with `apt-get install openocd`",
        "ssh" | "scp" => "install it with `apt-get install openssh-client`",
        "qemu-system-arm" => "install it with `apt-get install qemu-system-arm` (`cargo xtask setup` does)",
        _ => "is it on the PATH?",
    }
}
