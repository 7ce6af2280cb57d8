//! `flash`: a runtime, and a model, on a board.

use std::path::PathBuf;

use lathe_artifact::noise;
use lathe_driver::boards::{self, Board, Firmware};
use serde_json::json;

use super::{artifact, footprint};
use crate::arguments::FlashArgs;
use crate::console;
use crate::failure::{Exit, Failure, Outcome};
use crate::runners::{self, Job, Step};

pub fn run(args: &FlashArgs) -> Outcome {
    let board = boards::find(&args.board)?;
    let runner = runners::choose(&board, args.runner.as_deref())?;
    let noise = args.noise.map(|bytes| noise(&board, bytes)).transpose()?;
    let model = args.model.as_deref();
    if let Some(model) = model {
        fits(&board, model)?;
    }
    let runtime = runtime(&board, args.dry_run)?;
    let job = Job {
        board: &board,
        runtime: &runtime,
        model: model.or(noise.as_ref().map(|(path, _)| path.as_path())),
        to: args.to.as_deref(),
        probe: args.probe.as_deref(),
        port: args.port,
        key_file: args.key_file.as_deref(),
    };
    let mut plan = runners::plan(runner, &job)?;
    if let Some((path, bytes)) = &noise {
        plan.steps.insert(0, Step::WriteNoise { path: path.clone(), bytes: *bytes });
    }
    let device = if args.dry_run { plan.device.clone() } else { plan.run()? };
    let document = json!({
        "board": board.name,
        "runner": runner.kind(),
        "dry_run": args.dry_run,
        "steps": plan.document(),
        "device": device,
    });
    console::report(document, || {
        let commands = if args.dry_run { plan.text() } else { String::new() };
        let next = match &device {
            Some(device) => format!("# then: --device {device}\n"),
            None if board.emulated => {
                "# it says on which pseudo terminal its serial line is: --device serial:/dev/pts/…\n".into()
            }
            None => "# then: --device serial:PORT; `host-compiler devices list` shows the port\n".into(),
        };
        commands + &next
    })
}

/// Where the image of noise for `board` is to be written, and how many bytes of noise it has: what is asked for, or as
/// many as there is room for.
fn noise(board: &Board, bytes: Option<u32>) -> Outcome<(PathBuf, u32)> {
    if board.has_os() {
        return Err(Failure::usage(format!("{} has Linux, where the device server makes noise in memory", board.name)));
    }
    let room = board.artifact_room().saturating_sub(noise::IMAGE_HEADER_BYTES as u64);
    let most = u32::try_from(room).unwrap_or(u32::MAX);
    let bytes = bytes.unwrap_or(most);
    if bytes > most {
        let message = format!("{bytes} bytes of noise: the flash of {} has room for {most}", board.name);
        return Err(Failure::usage(message));
    }
    Ok((runners::state_folder()?.join("flash").join(&board.name).join("noise.bin"), bytes))
}

/// Refuses an artifact that is damaged, for another processor, or too large.
fn fits(board: &Board, model: &std::path::Path) -> Outcome {
    let bytes = artifact::read(model)?;
    let artifact = artifact::parse(model, &bytes)?;
    if board.has_os() {
        return footprint::is_for(&artifact, board);
    }
    Ok(footprint::on_board(&artifact, board)?.check()?)
}

/// What runs models there. A dry run names the place of what is not built yet.
fn runtime(board: &Board, dry_run: bool) -> Outcome<PathBuf> {
    let (found, usual) = match board.has_os() {
        true => (boards::device_server(), "aarch64-linux/device-server".to_string()),
        false => (Firmware::find(board)?.map(|firmware| firmware.path), format!("{}/firmware.elf", board.name)),
    };
    let build = format!("`cargo xtask board build {}` builds it", board.name);
    match found {
        Some(path) => Ok(path),
        None if dry_run => {
            console::say(&format!("note: target/boards/{usual} is not there; {build}"));
            Ok(PathBuf::from("target/boards").join(usual))
        }
        None => Err(Failure::new(
            Exit::Unreachable,
            format!("{usual} is not built: {build}; LATHE_BOARDS names another folder with it"),
        )),
    }
}
