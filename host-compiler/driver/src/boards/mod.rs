//! Boards as data: what a `board.toml` says about a chip, its memory and how to reach it.
//!
//! The project's own boards (`boards/*/board.toml`) are part of the compiler; [`find`] also takes the path of a
//! description. A description is read strictly: a key that is not known, or memory that overlaps, is an error that
//! names its line.

pub mod emulation;
mod error;
mod firmware;
mod parse;
mod runner;

use serde::{Deserialize, Serialize};

pub use error::BoardError;
pub(crate) use firmware::folders;
pub use firmware::{Firmware, FirmwareError, device_server, load_segments};
pub use parse::parse;
pub use runner::Runner;

/// The descriptions the compiler was built with: name of the folder, text.
const EMBEDDED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/boards.rs"));

/// A board.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Board {
    /// its name, that of its folder
    pub name: String,
    /// one line for people
    pub about: String,
    /// whether it is run by an emulator
    pub emulated: bool,
    /// target, as `--target`
    pub target: String,
    /// processor, as `--mcpu`
    pub cpu: String,
    /// what runs on it below the runtime
    #[serde(default)]
    pub os: Os,
    /// processor clock in cycles per second; where it varies, the highest
    pub clock_hz: u64,
    /// processor cores
    #[serde(default = "one")]
    pub cores: u32,
    /// where memory is
    pub memory: Memory,
    /// what the firmware takes of it; nothing on Linux
    #[serde(default, skip_serializing_if = "Reserved::is_nothing")]
    pub firmware: Reserved,
    /// how a host reaches it
    pub link: Link,
    /// how it is flashed or started from a host; `None`: only by hand
    #[serde(default)]
    pub runner: Option<Runner>,
    /// other ways to do so
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_runners: Vec<Runner>,
}

fn one() -> u32 {
    1
}

/// What runs on a board below the runtime.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Os {
    /// nothing: the runtime is in the board's firmware
    #[default]
    None,
    /// Linux: the runtime is the program `device-server`
    Linux,
}

/// The memory of a board.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Memory {
    /// code and constants are used in place here; empty on Linux, where they are in RAM
    #[serde(default, skip_serializing_if = "Region::is_empty")]
    pub flash: Region,
    /// statics, stack and arena
    pub ram: Region,
}

/// A range of addresses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Region {
    /// first address
    pub origin: u64,
    /// how many bytes
    pub bytes: u64,
}

/// What the firmware takes of the memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reserved {
    /// bytes at the start of flash that are the firmware's; the artifact comes behind
    pub flash_bytes: u64,
    /// bytes at the top of RAM that are the stack's
    pub stack_bytes: u64,
    /// bytes of them that the firmware has in use where it runs a model, as measured: the model gets the rest
    pub own_stack_bytes: u64,
}

/// How a host reaches a board.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Link {
    /// a serial line
    Uart {
        /// symbols per second
        baud: u32,
    },
    /// the network
    Tcp {
        /// where the device server listens
        port: u16,
    },
}

impl Reserved {
    fn is_nothing(&self) -> bool {
        *self == Reserved::default()
    }
}

impl Region {
    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// The address behind the last.
    pub fn end(&self) -> u64 {
        self.origin.saturating_add(self.bytes)
    }
}

impl Board {
    /// Whether the runtime on it is a program of an operating system, and no firmware.
    pub fn has_os(&self) -> bool {
        self.os != Os::None
    }

    /// Every way to flash or start it, the usual one first.
    pub fn runners(&self) -> impl Iterator<Item = &Runner> {
        self.runner.iter().chain(&self.other_runners)
    }

    /// What artifacts for it say they are for.
    pub fn artifact_target(&self) -> &str {
        crate::artifact::family(&self.target)
    }

    /// Where the artifact is in flash.
    pub fn artifact_address(&self) -> u64 {
        self.memory.flash.origin + self.firmware.flash_bytes
    }

    /// Bytes of flash an artifact can have.
    pub fn artifact_room(&self) -> u64 {
        self.memory.flash.bytes - self.firmware.flash_bytes
    }

    /// Bytes of RAM besides the stack: what statics and arena share.
    pub fn ram_room(&self) -> u64 {
        self.memory.ram.bytes - self.firmware.stack_bytes
    }
}

/// All boards the compiler knows, by name.
pub fn list() -> Result<Vec<Board>, BoardError> {
    EMBEDDED.iter().map(|(name, text)| parse(text, &embedded_file(name))).collect()
}

/// The board called `name`, or described by the file at the path `name` (which has a `/` or ends with `.toml`).
pub fn find(name: &str) -> Result<Board, BoardError> {
    if name.contains('/') || name.ends_with(".toml") {
        let text =
            std::fs::read_to_string(name).map_err(|source| BoardError::Read { path: name.to_string(), source })?;
        return parse(&text, name);
    }
    match EMBEDDED.iter().find(|(known, _)| *known == name) {
        Some((known, text)) => parse(text, &embedded_file(known)),
        None => {
            let known: Vec<&str> = EMBEDDED.iter().map(|(known, _)| *known).collect();
            Err(BoardError::Unknown { name: name.to_string(), known: known.join(", ") })
        }
    }
}

fn embedded_file(name: &str) -> String {
    format!("boards/{name}/board.toml")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_board_of_the_project_is_sound() {
        for board in list().unwrap() {
            assert_eq!(find(&board.name).unwrap(), board);
            let target = lathe_codegen::targets::find(&board.target, Some(&board.cpu)).unwrap();
            assert_eq!(target.is_microcontroller(), !board.has_os(), "{}", board.name);
            let aligned = target.buffer_alignment() <= lathe_artifact::cortex_m::ARENA_ALIGN;
            assert!(aligned || board.has_os(), "{}", board.name);
        }
    }

    #[test]
    fn an_unknown_board_names_those_known() {
        let message = find("no-such-board").unwrap_err().to_string();
        assert!(message.contains("no-such-board") && message.contains("host-compiler boards list"), "{message}");
        let message = find("no/such/board.toml").unwrap_err().to_string();
        assert!(message.contains("no/such/board.toml"), "{message}");
    }
}
