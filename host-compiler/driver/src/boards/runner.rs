//! How a board is flashed or started: the data that each runner needs.

use serde::{Deserialize, Serialize};

/// One way to put a runtime and a model on a board.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Runner {
    /// `qemu-system-arm` emulates it
    Qemu {
        /// as its `-machine`
        machine: String,
        /// whether the serial line may hold bytes until the UART asks for them: the firmware's driver then asks when it
        /// turns the UART on
        #[serde(default)]
        holds_bytes: bool,
    },
    /// `probe-rs`, through a debug probe
    ProbeRs {
        /// as its `--chip`
        chip: String,
    },
    /// `openocd`, through a debug probe
    Openocd {
        /// its configuration files, as `-f`
        config: Vec<String>,
    },
    /// a file copied to the drive that the board's boot loader shows
    Uf2Copy {
        /// number of the chip's family in the file
        family: u32,
        /// label of the drive
        volume: String,
    },
    /// a Linux board over the network
    Ssh {
        /// who logs in when `--to` names a host only
        user: String,
    },
}

impl Runner {
    /// Its name, as in a board.toml.
    pub fn kind(&self) -> &'static str {
        match self {
            Runner::Qemu { .. } => "qemu",
            Runner::ProbeRs { .. } => "probe-rs",
            Runner::Openocd { .. } => "openocd",
            Runner::Uf2Copy { .. } => "uf2-copy",
            Runner::Ssh { .. } => "ssh",
        }
    }
}
