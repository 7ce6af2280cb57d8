//! Which Rust builds for which target: the one place that decides, and says what it took.
//!
//! rustup's targets are used when they are installed. Where rustup can fetch nothing, Debian's own packages do it:
//! `rustc-web`, `cargo-web`, `rust-web-clippy` and `rust-web-src` (microcontrollers, through `-Zbuild-std`) and
//! `libstd-rust-web-dev:arm64` (AArch64 Linux).

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::zig::Zig;
use crate::{process, workspace};

/// Microcontroller targets the device side is built for.
pub const MICROCONTROLLERS: [&str; 4] =
    ["thumbv6m-none-eabi", "thumbv7m-none-eabi", "thumbv7em-none-eabihf", "thumbv8m.main-none-eabihf"];
/// Linux boards. Linker, emulator and static linking are set in `.cargo/config.toml`.
pub const AARCH64: &str = "aarch64-unknown-linux-gnu";

const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_CARGO: &str = "/usr/bin/cargo";
/// Started by itself: cargo would take the one beside rustup, which is for another Rust.
const DEBIAN_CLIPPY: &str = "/usr/bin/cargo-clippy";
const DEBIAN_LIBRARIES: &str = "/usr/lib/rustlib";

/// The target that firmware is built for on boards whose artifacts are for `target`. Rust has no target for
/// Armv8.1-M, with either toolchain: its processors run what is built for Armv8-M, and artifacts bring the rest.
pub fn firmware_target(target: &str) -> Result<&'static str> {
    let plain = if target == "thumbv8.1m.main-none-eabihf" { "thumbv8m.main-none-eabihf" } else { target };
    match MICROCONTROLLERS.into_iter().find(|known| *known == plain) {
        Some(known) => Ok(known),
        None => bail!("no firmware is built for {target}; known: {}", MICROCONTROLLERS.join(", ")),
    }
}

/// Where a target's Rust comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The active rustup toolchain has the target installed.
    Rustup,
    /// Debian's `rustc-web`.
    Debian,
}

/// A Rust that can build for one target.
#[derive(Clone, Copy, Debug)]
pub struct Toolchain {
    target: &'static str,
    source: Source,
}

impl Toolchain {
    /// Decides for one target, or says what to install.
    pub fn for_target(target: &'static str) -> Result<Self> {
        let Some(source) = source_of(target) else {
            bail!(
                "no Rust here builds for {target}: run `rustup target add {target}`, \
                 or `cargo xtask setup`, which tries that and Debian's packages"
            );
        };
        Ok(Self { target, source })
    }

    /// `cargo SUBCOMMAND --release --target …` with everything this target needs.
    pub fn cargo(&self, subcommand: &str) -> Command {
        self.cargo_into(subcommand, &self.folder())
    }

    /// As [`Toolchain::cargo`], building into a folder of the caller's.
    pub fn cargo_into(&self, subcommand: &str, folder: &Path) -> Command {
        let mut command = match (self.source, subcommand) {
            (Source::Rustup, _) => workspace::cargo(),
            (Source::Debian, "clippy") => debian(DEBIAN_CLIPPY),
            (Source::Debian, _) => debian(DEBIAN_CARGO),
        };
        command.arg(subcommand).args(["--release", "--target", self.target]);
        command.arg("--target-dir").arg(folder);
        if self.source == Source::Debian && self.target != AARCH64 {
            command.arg("-Zbuild-std=core").env("RUSTC_BOOTSTRAP", "1");
            // Debian's Rust brings no linker for bare metal; rustup's brings LLD itself.
            let variable = self.target.to_uppercase().replace(['-', '.'], "_");
            command.env(format!("CARGO_TARGET_{variable}_LINKER"), "ld.lld-19");
        }
        command
    }

    /// `cargo zigbuild --release` for AArch64 Linux, building into a folder of the caller's programs that are linked
    /// dynamically and start with a C library as old as `glibc`.
    pub fn zigbuild(&self, zig: &Zig, glibc: (u32, u32), folder: &Path) -> Command {
        let mut command = zig.cargo();
        if self.source == Source::Debian {
            as_debian(&mut command);
        }
        command.args(["zigbuild", "--release", "--target", &format!("{}.{}.{}", self.target, glibc.0, glibc.1)]);
        // Instead of what .cargo/config.toml sets.
        command.arg("--target-dir").arg(folder).env("RUSTFLAGS", "-Ctarget-feature=-crt-static");
        command
    }

    /// Where [`Toolchain::cargo`] leaves what it builds.
    pub fn output(&self) -> PathBuf {
        self.output_in(&self.folder())
    }

    /// Where [`Toolchain::cargo_into`] leaves what it builds.
    pub fn output_in(&self, folder: &Path) -> PathBuf {
        folder.join(self.target).join("release")
    }

    /// Which compiler this is, in a line.
    pub fn version(&self) -> Result<String> {
        let told = match self.source {
            Source::Rustup => process::capture(rustup_rustc().arg("-Vv")),
            Source::Debian => process::capture(Command::new(DEBIAN_RUSTC).arg("-Vv")),
        };
        Ok(format!("{} {}", self.describe(), told?.replace('\n', " ")))
    }

    /// The library of the functions LLVM calls by itself; Debian's is built.
    pub fn compiler_builtins(&self) -> Result<PathBuf> {
        let folder = match self.source {
            Source::Rustup => rustup_sysroot().unwrap_or_default().join("lib/rustlib").join(self.target).join("lib"),
            Source::Debian => {
                process::run(self.cargo("build").args(["--package", "lathe-artifact"]))?;
                self.output().join("deps")
            }
        };
        let ours = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            name.starts_with("libcompiler_builtins-") && name.ends_with(".rlib")
        };
        let entries = std::fs::read_dir(&folder)?.filter_map(|entry| Some(entry.ok()?.path()));
        let newest = entries.filter(ours).max_by_key(|path| path.metadata().and_then(|m| m.modified()).ok());
        newest.with_context(|| format!("{} holds no libcompiler_builtins", folder.display()))
    }

    /// One line: the target and where its Rust comes from.
    pub fn describe(&self) -> String {
        let from = match self.source {
            Source::Rustup => "rustup's target",
            Source::Debian if self.target == AARCH64 => "Debian's Rust (rustc-web, libstd-rust-web-dev:arm64)",
            Source::Debian => "Debian's Rust (rustc-web with -Zbuild-std=core from rust-web-src)",
        };
        format!("{}: {from}", self.target)
    }

    /// Two compilers must not share a target folder: each would rebuild what the other built.
    fn folder(&self) -> PathBuf {
        match self.source {
            Source::Rustup => workspace::target(),
            Source::Debian => workspace::target().join("debian"),
        }
    }
}

/// Where a target's Rust would come from, if anything here builds for it.
pub fn source_of(target: &str) -> Option<Source> {
    if rustup_sysroot().is_some_and(|root| root.join("lib/rustlib").join(target).join("lib").is_dir()) {
        return Some(Source::Rustup);
    }
    let tools = Path::new(DEBIAN_RUSTC).is_file() && Path::new(DEBIAN_CARGO).is_file();
    let library = Path::new(DEBIAN_LIBRARIES);
    let standard = match target {
        AARCH64 => library.join(target).join("lib").is_dir(),
        _ => library.join("src/rust/library/core/Cargo.toml").exists(),
    };
    (tools && standard).then_some(Source::Debian)
}

fn rustup_rustc() -> Command {
    Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
}

/// The library folder of the Rust that cargo started us with.
fn rustup_sysroot() -> Option<PathBuf> {
    let told = process::observe(rustup_rustc().args(["--print", "sysroot"])).ok()?;
    let text = String::from_utf8(told.stdout).ok()?;
    Some(PathBuf::from(text.trim()))
}

/// A program of Debian's Rust.
fn debian(program: &str) -> Command {
    let mut command = Command::new(program);
    as_debian(command.current_dir(workspace::root()));
    command
}

/// Has a command use Debian's Rust: takes all that rustup's cargo told us about itself out of its environment.
fn as_debian(command: &mut Command) {
    command.env("RUSTC", DEBIAN_RUSTC).env("CARGO", DEBIAN_CARGO);
    for name in ["RUSTUP_TOOLCHAIN", "LD_LIBRARY_PATH", "RUSTC_WRAPPER", "RUSTDOC"] {
        command.env_remove(name);
    }
}
