//! `boards`: the boards artifacts can be made for by name.

use lathe_driver::boards::{self, Board, Firmware, Link, Runner};
use serde_json::json;

use crate::arguments::{BoardsAction, BoardsArgs};
use crate::console;
use crate::failure::Outcome;

pub fn run(args: &BoardsArgs) -> Outcome {
    match &args.action {
        None | Some(BoardsAction::List) => list(),
        Some(BoardsAction::Show { name }) => show(&boards::find(name)?),
    }
}

fn list() -> Outcome {
    let boards = boards::list()?;
    let line = |b: &Board| {
        let runs = if b.emulated { "emulated" } else { "" };
        format!("{:16} {:28} {:12} {:9} {}\n", b.name, b.target, b.cpu, runs, b.about)
    };
    console::report(json!({ "boards": boards }), || boards.iter().map(line).collect())
}

fn show(board: &Board) -> Outcome {
    let firmware = Firmware::find(board)?;
    let (flash, ram, reserved) = (&board.memory.flash, &board.memory.ram, &board.firmware);
    let built = firmware
        .as_ref()
        .map(|f| json!({ "path": f.path, "flash_bytes": f.flash_bytes, "static_bytes": f.static_bytes }));
    console::report(json!({ "board": board, "firmware": built }), || {
        let Link::Uart { baud } = board.link;
        let runner = match &board.runner {
            Some(Runner::Qemu { machine }) => format!("qemu-system-arm -machine {machine}"),
            None => "by hand".to_string(),
        };
        let built = firmware.as_ref().map_or("not built".to_string(), |f| {
            format!("{} of flash, {} of RAM: {}", f.flash_bytes, f.static_bytes, f.path.display())
        });
        format!(
            "{}: {}\n  processor  {} ({}), {} Hz\n  flash      {} bytes at {:#010x}; the artifact at {:#010x}, {} bytes \
             for it\n  RAM        {} bytes at {:#010x}; {} for the stack\n  link       uart, {baud} baud\n  runs on    \
             {runner}\n  firmware   {built}\n",
            board.name,
            board.about,
            board.cpu,
            board.target,
            board.clock_hz,
            flash.bytes,
            flash.origin,
            board.artifact_address(),
            board.artifact_room(),
            ram.bytes,
            ram.origin,
            reserved.stack_bytes,
        )
    })
}
