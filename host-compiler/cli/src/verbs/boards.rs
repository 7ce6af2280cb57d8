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
    if board.has_os() {
        return console::report(json!({ "board": board, "device_server": boards::device_server() }), || with_os(board));
    }
    let firmware = Firmware::find(board)?;
    let built = firmware
        .as_ref()
        .map(|f| json!({ "path": f.path, "flash_bytes": f.flash_bytes, "static_bytes": f.static_bytes }));
    console::report(json!({ "board": board, "firmware": built }), || with_firmware(board, firmware.as_ref()))
}

fn with_firmware(board: &Board, firmware: Option<&Firmware>) -> String {
    let (flash, ram, reserved) = (&board.memory.flash, &board.memory.ram, &board.firmware);
    let built = firmware.map_or("not built".to_string(), |f| {
        format!("{} of flash, {} of RAM: {}", f.flash_bytes, f.static_bytes, f.path.display())
    });
    format!(
        "{}: {}\n  processor  {} ({}), {} Hz\n  flash      {} bytes at {:#010x}; the artifact at {:#010x}, {} bytes for \
         it\n  RAM        {} bytes at {:#010x}; {} for the stack\n  link       {}\n  runners    {}\n  firmware   {built}\n",
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
        link(board),
        runners(board),
    )
}

fn with_os(board: &Board) -> String {
    let server = boards::device_server();
    let built = server.map_or("not built".to_string(), |path| path.display().to_string());
    format!(
        "{}: {}\n  processor  {} ({}), {} cores, up to {} Hz\n  RAM        {} bytes\n  link       {}\n  runners    {}\n  \
         server     {built}\n",
        board.name,
        board.about,
        board.cpu,
        board.target,
        board.cores,
        board.clock_hz,
        board.memory.ram.bytes,
        link(board),
        runners(board),
    )
}

fn link(board: &Board) -> String {
    match board.link {
        Link::Uart { baud } => format!("uart, {baud} baud"),
        Link::Tcp { port } => format!("tcp, port {port}"),
    }
}

fn runners(board: &Board) -> String {
    let one = |runner: &Runner| match runner {
        Runner::Qemu { machine, .. } => format!("qemu (-machine {machine})"),
        Runner::ProbeRs { chip } => format!("probe-rs (--chip {chip})"),
        Runner::Openocd { config } => format!("openocd (-f {})", config.join(" -f ")),
        Runner::Uf2Copy { volume, .. } => format!("uf2-copy (drive {volume})"),
        Runner::Ssh { user } => format!("ssh (user {user})"),
    };
    let all: Vec<String> = board.runners().map(one).collect();
    if all.is_empty() { "none: by hand".to_string() } else { all.join(", ") }
}
