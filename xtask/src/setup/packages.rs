//! The Debian packages the project needs, which of them are missing, and installing those.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use super::system::System;
use crate::process;
use crate::toolchain::{self, AARCH64, MICROCONTROLLERS, Source};

/// Needed on every machine.
const ALWAYS: &[&str] = &[
    // The compiler's code generator and linker.
    "llvm-19-dev",
    "llvm-19",
    "lld-19",
    "libpolly-19-dev",
    "zlib1g-dev",
    "libzstd-dev",
    // Linking Rust programs for this machine (LLVM brings C++) and for AArch64.
    "g++",
    "gcc-aarch64-linux-gnu",
    "libc6-dev-arm64-cross",
    // The examples in C.
    "make",
    "clang-19",
    // Running AArch64 programs, and microcontroller boards.
    "qemu-user",
    "qemu-system-arm",
    "python3",
];
/// Debian's Rust for microcontrollers.
const RUST: &[&str] = &["rustc-web", "cargo-web", "rust-web-clippy", "rust-web-src"];
/// Debian's Rust library for AArch64 Linux.
const RUST_ARM64: &str = "libstd-rust-web-dev:arm64";

/// Packages to install.
pub struct Missing {
    packages: Vec<&'static str>,
}

impl Missing {
    /// What every machine needs and this one lacks.
    pub fn find() -> Self {
        let mut packages: Vec<_> = ALWAYS.iter().copied().filter(|package| !provided(package)).collect();
        if !process::succeeds(Command::new("python3").args(["-c", "import venv, ensurepip"])) {
            packages.push("python3-venv");
        }
        let by_debian = |target: &&str| toolchain::source_of(target) == Some(Source::Debian);
        if MICROCONTROLLERS.iter().any(by_debian) {
            packages.extend(RUST.iter().copied().filter(|package| !installed(package)));
        }
        Self { packages }
    }

    /// Adds Debian's Rust for the targets that rustup could not give.
    pub fn add_rust(&mut self, targets: Vec<&'static str>, system: &System) -> Result<()> {
        if targets.is_empty() {
            return Ok(());
        }
        if system.id != "debian" {
            bail!(
                "rustup has not installed {}, and {} has no package for it; run `rustup target add {}` with a network",
                targets.join(", "),
                system.name,
                targets.join(" ")
            );
        }
        self.packages.extend(RUST.iter().copied().filter(|package| !installed(package)));
        if targets.contains(&AARCH64) {
            self.packages.push(RUST_ARM64);
        }
        Ok(())
    }

    /// True if nothing is missing.
    pub fn is_empty(&self) -> bool {
        self.packages.is_empty()
    }

    /// The names, for people.
    pub fn list(&self) -> String {
        self.packages.join(", ")
    }

    /// The commands that would install them, as one line to type.
    pub fn command(&self) -> String {
        let lines: Vec<_> = self.commands().iter().map(|words| format!("sudo {}", words.join(" "))).collect();
        lines.join(" && ")
    }

    /// Installs them: as root, or with sudo where it asks for no password; else prints the command and stops.
    pub fn install(&self) -> Result<()> {
        let rights: &[&str] = if is_root() {
            &["env"]
        } else if process::succeeds(Command::new("sudo").args(["-n", "true"])) {
            &["sudo", "-n", "env"]
        } else {
            println!("{}", self.command());
            bail!("installing packages needs root: type the line above, then start again");
        };
        for words in self.commands() {
            let mut command = Command::new(rights[0]);
            command.args(&rights[1..]).arg("DEBIAN_FRONTEND=noninteractive").args(&words);
            process::run(&mut command)?;
        }
        Ok(())
    }

    fn commands(&self) -> Vec<Vec<&'static str>> {
        let mut commands = Vec::new();
        if self.packages.contains(&RUST_ARM64) {
            commands.push(vec!["dpkg", "--add-architecture", "arm64"]);
        }
        commands.push(vec!["apt-get", "update"]);
        let mut install = vec!["apt-get", "install", "--yes", "--no-install-recommends"];
        install.extend(&self.packages);
        commands.push(install);
        commands
    }
}

/// True if the package, or what we need it for, is there.
fn provided(package: &str) -> bool {
    match package {
        "g++" => process::on_path("g++") && process::on_path("cc"),
        "python3" | "make" | "clang-19" => process::on_path(package),
        "qemu-user" => process::on_path("qemu-aarch64"),
        "qemu-system-arm" => process::on_path("qemu-system-arm"),
        "llvm-19-dev" => Path::new("/usr/lib/llvm-19/include/llvm-c/Core.h").exists(),
        "lld-19" => process::on_path("ld.lld-19"),
        _ => installed(package),
    }
}

fn installed(package: &str) -> bool {
    let told = process::observe(Command::new("dpkg-query").args(["-W", "-f=${Status}", package]));
    told.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("install ok installed"))
}

fn is_root() -> bool {
    let told = process::observe(Command::new("id").arg("-u"));
    told.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).trim() == "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_to_type_is_whole() {
        let plain = Missing { packages: vec!["lld-19"] };
        assert_eq!(plain.command(), "sudo apt-get update && sudo apt-get install --yes --no-install-recommends lld-19");
        let arm = Missing { packages: vec![RUST_ARM64] };
        assert!(arm.command().starts_with("sudo dpkg --add-architecture arm64 && sudo apt-get update && "));
    }

    #[test]
    fn only_debian_has_the_other_rust() {
        let ubuntu = System { name: "Ubuntu 24.04".into(), id: "ubuntu".into() };
        let mut missing = Missing { packages: Vec::new() };
        assert!(missing.add_rust(vec![AARCH64], &ubuntu).unwrap_err().to_string().contains("rustup target add"));
        assert!(missing.add_rust(Vec::new(), &ubuntu).is_ok());
        assert!(missing.is_empty());
    }

    #[test]
    fn what_dpkg_does_not_know_is_not_installed() {
        assert!(!installed("no-such-package-anywhere"));
    }
}
