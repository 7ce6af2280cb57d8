//! clippy over the boards' workspace: a board at a time, since the HALs are for one chip each.

use anyhow::Result;

use super::description::{all, folder};
use super::places::cargo_folder;
use crate::process;
use crate::toolchain::{Toolchain, firmware_target};

/// Packages that are no board, and the target they are linted for. What boards depend on is linted with them; the robot's
/// firmware takes a model that has to be compiled first, which is done where it is tested.
const OTHERS: [(&str, &str); 1] = [("lathe-footprint", "thumbv7em-none-eabihf")];

/// Lints every package; a warning is an error.
pub fn lint() -> Result<()> {
    let boards = all()?;
    let firmware = boards.iter().filter(|board| !board.linux).map(|board| (board.name.as_str(), board.target.as_str()));
    for (package, target) in firmware.chain(OTHERS) {
        lint_package(package, target, &[])?;
    }
    Ok(())
}

/// Lints one package of the boards' workspace with these features.
pub fn lint_package(package: &str, target: &str, features: &[&str]) -> Result<()> {
    let toolchain = Toolchain::for_target(firmware_target(target)?)?;
    let mut clippy = toolchain.cargo_into("clippy", &cargo_folder());
    clippy.arg("--manifest-path").arg(folder().join("Cargo.toml"));
    clippy.args(["--quiet", "--package", package, "--features", &features.join(",")]);
    process::run(clippy.args(["--", "-D", "warnings"]))
}
