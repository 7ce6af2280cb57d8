//! `cargo xtask board`: firmware for the boards in `boards/`.

mod build;
mod c_library;
mod create;
mod description;
mod lint;
mod linux;
mod places;
mod run;

pub use build::{build, build_package, build_with, firmware};
pub use c_library::{c_library, cannot_panic};
pub use create::create;
pub use description::{Board, all, find, folder};
pub use lint::{lint, lint_package};
pub use linux::{build_device_server, device_server};
pub use places::cargo_folder;

use anyhow::{Result, bail, ensure};

use crate::arguments::Arguments;

/// The verb's own verbs.
pub const USAGE: &str = "list | build [NAME]... [--log LEVEL] | run NAME ARTIFACT | new NAME --from BOARD";

/// The verb.
pub fn run(mut arguments: Arguments) -> Result<()> {
    let (from, log) = (arguments.value("--from")?, arguments.value("--log")?);
    let mut words = arguments.rest()?.into_iter();
    let action = words.next().unwrap_or_else(|| "list".into());
    let names: Vec<String> = words.collect();
    ensure!(from.is_none() || action == "new", "--from belongs to `board new`");
    ensure!(log.is_none() || action == "build", "--log belongs to `board build`");
    match (action.as_str(), names.as_slice(), from) {
        ("list", [], _) => list(),
        ("build", [], _) => all()?.iter().try_for_each(|board| build_with(board, log.as_deref())),
        ("build", names, _) => names.iter().try_for_each(|name| build_with(&find(name)?, log.as_deref())),
        ("run", [name, artifact], _) => run::run(&find(name)?, artifact),
        ("new", [name], Some(from)) => create(name, &find(&from)?).map(drop),
        _ => bail!("usage: cargo xtask board {USAGE}"),
    }
}

fn list() -> Result<()> {
    for board in all()? {
        let runtime = if board.linux { device_server() } else { firmware(&board) };
        let built = if runtime.is_file() { "built" } else { "" };
        println!("{:<14} {:<28} {:<6} {}", board.name, board.target, built, board.about);
    }
    Ok(())
}
