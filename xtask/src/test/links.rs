//! Links: the program runs models over TCP and over a serial line, natively and on an emulated ARM. Boards' serial lines
//! are in [`super::boards`].

use anyhow::{Result, ensure};

use crate::models::{self, FOR_MICROCONTROLLERS, Target};
use crate::steps::Done;
use crate::{build, process};

/// Runs the device server of AArch64 on another machine.
const EMULATOR: &str = "qemu-aarch64";
/// The test that needs it.
const EMULATED: &str = "a_model_runs_over_tcp_on_an_emulated_arm";

/// Builds the device servers and runs the tests that need them.
pub fn run() -> Result<Done> {
    build::program("device-server")?;
    if !process::on_path(EMULATOR) {
        build::ignored_tests("links", &["--skip", EMULATED])?;
        catalogue([Target::here()])?;
        return Ok(Done::Skipped(format!("the emulated ARM's part: {EMULATOR} is not installed; the rest passed")));
    }
    build::device_server_aarch64()?;
    build::ignored_tests("links", &[])?;
    Ok(match catalogue([Target::here(), Target::new("aarch64-linux".into(), None)])? {
        Some(right) => Done::Passed(format!("{right} models right, over TCP and a serial line")),
        None => Done::Skipped("the catalogue's models: no folder ../shared/models; the rest passed".into()),
    })
}

/// How many of the small models of the catalogue beside the project are right over every link; a fresh user has none.
fn catalogue<const N: usize>(targets: [Target; N]) -> Result<Option<usize>> {
    let Some(models) = models::named(&FOR_MICROCONTROLLERS)? else { return Ok(None) };
    let mut total = 0;
    for target in targets.map(Target::over_links) {
        let (right, wrong) = models::check(&models, &target)?;
        ensure!(wrong == 0, "{wrong} of {} models are wrong on {}", right + wrong, target.target);
        total += right;
    }
    Ok(Some(total))
}
