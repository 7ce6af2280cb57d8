//! Flash and RAM of a model on a board, for people.

use lathe_artifact::{Artifact, cortex_m};
use lathe_driver::boards::{Board, Firmware};
use lathe_driver::footprint::{Footprint, Named};

use crate::failure::{Exit, Failure, Outcome};

/// What `artifact` takes on `board`, beside its firmware when that has been built.
pub fn on_board(artifact: &Artifact<'_>, board: &Board) -> Outcome<Footprint> {
    if board.has_os() {
        let message = format!("{} has Linux: what a model takes is shared out while it runs", board.name);
        return Err(Failure::usage(message));
    }
    is_for(artifact, board)?;
    Ok(Footprint::new(artifact, board, Firmware::find(board)?.as_ref()))
}

/// Refuses an artifact for another target or processor than the board's.
pub fn is_for(artifact: &Artifact<'_>, board: &Board) -> Outcome {
    let target = artifact.header().target;
    if target != board.artifact_target() {
        let message =
            format!("the artifact is for {target}, {} is {}: compile it for the board", board.name, board.target);
        return Err(Failure::new(Exit::Refused, message));
    }
    // Of a core that is not listed nothing is known.
    let lacks = |feature: &&str| cortex_m::features(&board.cpu).is_some_and(|there| !there.contains(feature));
    let lacking: Vec<&str> = artifact.header().features().filter(lacks).collect();
    if !lacking.is_empty() {
        let message = format!(
            "the artifact needs {} and the {} of {} lacks it: compile it for the board",
            lacking.join(", "),
            board.cpu,
            board.name
        );
        return Err(Failure::new(Exit::Refused, message));
    }
    Ok(())
}

/// As a table, in bytes.
pub fn text(footprint: &Footprint) -> String {
    let (flash, ram) = (&footprint.flash, &footprint.ram);
    let unknown = || format!("{:>12}", "unknown");
    let known = |bytes: Option<u64>| bytes.map_or_else(unknown, |bytes| format!("{bytes:12}"));
    let mut text = format!("\n{}\n", footprint.board);
    let mut line = |name: &str, bytes: String, about: &str| text += &format!("  {name:16} {bytes}  {about}\n");
    let number = |bytes: u64| format!("{bytes:12}");
    line("flash", number(flash.needed), &format!("of {}", flash.bytes));
    let build = match flash.firmware {
        Some(_) => format!("{} reserved", flash.firmware_reserved),
        None => format!(
            "{} reserved; `cargo xtask board build {}` makes the firmware",
            flash.firmware_reserved, footprint.board
        ),
    };
    line("  firmware", known(flash.firmware), &build);
    line("  code", number(flash.code), "");
    line("  constants", number(flash.constants), "");
    line("  plan, tables", number(flash.tables), "");
    let total = if ram.static_data.is_some() { "" } else { " and the firmware's static data" };
    line("RAM", number(ram.needed), &format!("of {}{total}", ram.bytes));
    line("  static data", known(ram.static_data), "");
    line("  arena", number(ram.arena), "");
    line("  workspace", number(ram.workspace), "");
    let stack = format!("reserved; the model needs {}, the firmware {}", ram.stack, ram.firmware_stack);
    line("  stack", number(ram.stack_reserved), &stack);
    if let Some(peak) = &footprint.peak_step {
        text += &format!("largest tensors at step {} ({})\n", peak.step, peak.label);
        text += &items(&footprint.largest_tensors);
    }
    if !footprint.largest_constants.is_empty() {
        text += "largest constants\n";
        text += &items(&footprint.largest_constants);
    }
    text
}

fn items(items: &[Named]) -> String {
    items.iter().map(|item| format!("  {:12}  {}\n", item.bytes, item.name)).collect()
}
