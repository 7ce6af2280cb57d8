//! What models are compiled for, and where they run.

use anyhow::{Result, bail, ensure};

use crate::arguments::Arguments;
use crate::board;

/// Emulated boards that hold every model for microcontrollers.
pub const LARGE_BOARDS: [&str; 3] = ["mps2-an386", "mps2-an500", "mps3-an547"];

/// Bytes of an artifact that is uploaded to an emulated board in seconds.
const QUICK_BYTES: u64 = 128 << 10;

/// What to compile for and where to run.
pub struct Target {
    /// As `host-compiler --target`.
    pub target: String,
    /// As `--mcpu`, where it is not the target's own.
    pub mcpu: Option<String>,
    /// As `--board`, which says both of the above.
    pub board: Option<String>,
    /// As `host-compiler run --device`.
    pub device: String,
    /// Whether to run and time over every link of the device, and then the most bytes to upload over a line that an
    /// emulator reads byte by byte.
    pub links: Option<u64>,
}

impl Target {
    /// A target, run on this machine if it is this machine's, else emulated.
    pub fn new(target: String, mcpu: Option<String>) -> Self {
        let here = target == format!("{}-linux", std::env::consts::ARCH);
        let device = if here { "local".into() } else { format!("qemu:{target}") };
        Self { target, mcpu, board: None, device, links: None }
    }

    /// This machine.
    pub fn here() -> Self {
        Self::new(format!("{}-linux", std::env::consts::ARCH), None)
    }

    /// The same, over every link, which takes minutes for a large artifact and an emulated serial line.
    pub fn over_links(self) -> Self {
        Self { links: Some(u64::MAX), ..self }
    }

    /// The same, over every link, large artifacts not uploaded over emulated serial lines.
    pub fn over_quick_links(self) -> Self {
        Self { links: Some(QUICK_BYTES), ..self }
    }

    /// An emulated board of the project.
    pub fn board(name: &str) -> Result<Self> {
        let target = board::find(name)?.target;
        Ok(Self { target, mcpu: None, board: Some(name.into()), device: format!("qemu:{name}"), links: None })
    }
}

/// What to check for: what is named, or with `--links` every place that the project's tests check.
pub fn named(arguments: &mut Arguments) -> Result<Vec<Target>> {
    let (links, device) = (arguments.flag("--links"), arguments.value("--device")?);
    ensure!(!links || device.is_none(), "--links takes every link of a device: leave out --device");
    let (named, mcpu) = (arguments.value("--target")?, arguments.value("--mcpu")?);
    let mut target = match arguments.value("--board")? {
        Some(board) if named.is_none() && mcpu.is_none() => Target::board(&board)?,
        Some(board) => bail!("--board {board} says target and processor: leave out --target and --mcpu"),
        None if links && named.is_none() && mcpu.is_none() => {
            let boards = LARGE_BOARDS.into_iter().map(Target::board);
            let linux = [Target::here(), Target::new("aarch64-linux".into(), None)].map(Ok);
            return boards.chain(linux).map(|target| target.map(Target::over_links)).collect();
        }
        None => Target::new(named.unwrap_or_else(|| "x86_64-linux".into()), mcpu),
    };
    if links {
        target = target.over_links();
    }
    if let Some(device) = device {
        target.device = device;
    }
    Ok(vec![target])
}
