//! Emulated microcontroller boards: the same numbers as here, the same times in every run.
//!
//! The boards' firmware must be built and qemu-system-arm installed: `cargo xtask test --only boards` sees to that and
//! runs these.

mod support;

use std::path::Path;
use std::time::{Duration, Instant};

use lathe_artifact::ArtifactContents;
use lathe_driver::boards::{self, Board};
use rpc_protocol::client::{ChildLink, Client, ClientError, Link};
use rpc_protocol::reasons::told;
use rpc_protocol::{Accumulator, FaultCode, Reason, Received, Request, Response};
use support::emulator::link_of;
use support::onnx::{noise, small_network, small_network_answer};
use support::{Bench, assert_close, json, thumb};

/// A bench with the small network compiled for `board`, and its input in `x.npy`.
fn bench(board: &str) -> (Bench, Vec<f32>) {
    let bench = Bench::with_model(&small_network());
    let x = noise(9, 70);
    bench.npy("x.npy", "(1, 2, 5, 7)", &x);
    bench.expect(0, &["compile", "m.onnx", "--board", board, "-o", "m.lathe"]);
    (bench, x)
}

/// Every board of the project that is emulated, as `--device` takes it.
fn emulated() -> Vec<(String, String)> {
    let boards = boards::list().unwrap().into_iter().filter(|board| board.emulated);
    let named: Vec<_> = boards.map(|board| (format!("qemu:{}", board.name), board.name)).collect();
    assert!(named.len() >= 6, "{named:?}");
    named
}

#[test]
#[ignore = "needs the boards' firmware: cargo xtask test --only boards"]
fn every_board_gives_the_right_numbers_in_place() {
    for (device, board) in emulated() {
        let (bench, x) = bench(&board);
        let run = ["run", "m.lathe", "--device", &device, "-i", "x=x.npy", "-o", "y.npz", "--self-test"];
        bench.expect(0, &run);
        assert_close(&bench.npz_floats("y.npz"), &small_network_answer(&x));
    }
}

#[test]
#[ignore = "needs the boards' firmware: cargo xtask test --only boards"]
fn every_board_counts_the_same_instructions_in_every_run() {
    for (device, board) in emulated() {
        let (bench, _) = bench(&board);
        let time = ["time", "m.lathe", "--device", &device, "--number", "2", "--repeat", "3", "--json"];
        let [first, second] = [0, 1].map(|_| json(&bench.expect(0, &[&time[..], &["--min-repeat-ms", "0"]].concat())));
        assert_eq!(first["unit"], "instructions", "{board}");
        assert!(first["median_instructions"].as_u64().unwrap() > 1000, "{board}: {first}");
        assert_eq!(first["samples_instructions"], second["samples_instructions"], "{board}");
        assert_eq!(first["min_ms"], first["max_ms"], "{board}: equal work takes equally many instructions");
    }
}

#[test]
#[ignore = "needs the boards' firmware: cargo xtask test --only boards"]
fn an_artifact_for_another_core_is_refused_by_the_board() {
    let (bench, _) = bench("mps2-an500");
    let refused = bench.expect(7, &["run", "m.lathe", "--device", "qemu:mps2-an386", "-i", "x=x.npy"]);
    assert!(refused.stderr.contains("fp-armv8d16sp"), "{}", refused.stderr);
}

/// A board on the bench, with a hand-written artifact.
const BOARD: &str = "mps2-an386";
const DEVICE: &str = "qemu:mps2-an386";
const TARGET: &str = "thumbv7em-none-eabihf";

fn by_hand(kernel: &[u16]) -> Bench {
    let bench = Bench::new();
    bench.write("m.lathe", &thumb::contents(TARGET, kernel).to_bytes().unwrap());
    bench
}

#[test]
#[ignore = "needs the boards' firmware: cargo xtask test --only boards"]
fn a_kernel_that_writes_beyond_the_arena_is_seen() {
    let profile = ["time", "m.lathe", "--device", DEVICE, "--profile", "--repeat", "1", "--json"];
    for (kernel, beyond) in [(thumb::RETURN, 0), (thumb::WRITE_BEYOND, thumb::BEYOND)] {
        let document = json(&by_hand(kernel).expect(0, &profile));
        let memory = &document["memory"];
        assert_eq!(memory["beyond_arena"].as_u64(), Some(beyond));
        assert_eq!(memory["arena"].as_u64(), Some(thumb::ARENA.into()));
        let stack = |name: &str| memory[name].as_u64().unwrap();
        assert!(stack("run_stack") > 0 && stack("run_stack") < stack("stack"), "{memory}");
        assert!(stack("stack") < stack("stack_bytes"), "{memory}");
    }
}

#[test]
#[ignore = "needs the boards' firmware: cargo xtask test --only boards"]
fn a_kernel_that_faults_or_loops_is_told() {
    let faulted = by_hand(thumb::UNDEFINED).expect(1, &["time", "m.lathe", "--device", DEVICE]);
    assert!(faulted.stderr.contains("fault at 0x"), "{}", faulted.stderr);
    let hung = by_hand(thumb::LOOP).expect(6, &["time", "m.lathe", "--device", DEVICE, "--timeout", "2"]);
    assert!(hung.stderr.contains("no answer to `time` within 2.0 s"), "{}", hung.stderr);
}

#[test]
#[ignore = "needs the boards' firmware: cargo xtask test --only boards"]
fn an_arena_one_byte_short_is_refused_with_both_figures() {
    let bench = by_hand(thumb::RETURN);
    let time = ["time", "m.lathe", "--device", DEVICE, "--repeat", "1"];
    let needing = |bytes: u32| {
        let contents = ArtifactContents { arena_bytes: bytes, ..thumb::contents(TARGET, thumb::RETURN) };
        bench.write("m.lathe", &contents.to_bytes().unwrap());
    };
    needing(u32::MAX / 2);
    let refused = bench.expect(1, &time).stderr;
    let given = refused.split("was given ").nth(1).and_then(|rest| rest.split(':').next()).unwrap();
    let memory: u32 = given.parse().unwrap();
    needing(memory + 1);
    let refused = bench.expect(1, &time).stderr;
    assert!(refused.contains(&(memory + 1).to_string()) && refused.contains(&format!("given {memory}")), "{refused}");
    needing(memory);
    bench.expect(0, &time);
}

/// Starts the board with what is at `flash` in its flash, and speaks to it.
fn powered_on(flash: &Path) -> Client<ChildLink> {
    Client::open(link(flash), 7, PATIENCE).unwrap()
}

fn link(flash: &Path) -> ChildLink {
    link_of(&boards::find(BOARD).unwrap(), flash)
}

const PATIENCE: Duration = Duration::from_secs(60);

/// That the device refused, with this code and these words, and still answers.
fn refuses<T: std::fmt::Debug>(
    client: &mut Client<ChildLink>,
    answer: Result<T, ClientError>,
    expected: FaultCode,
    words: &[&str],
) {
    match answer.unwrap_err() {
        ClientError::Device { code, detail, .. } => {
            assert_eq!(code, expected, "{detail}");
            assert!(words.iter().all(|word| detail.contains(word)), "{words:?} in {detail:?}");
        }
        other => panic!("{other}"),
    }
    assert_eq!(client.info().unwrap().target, TARGET);
}

/// A board whose flash holds a model of this one kernel, its input given.
fn with_kernel(board: &Board, kernel: &[u16]) -> Client<ChildLink> {
    let bench = Bench::new();
    let model = thumb::contents(&board.target, kernel).to_bytes().unwrap();
    let mut client = Client::open(link_of(board, &bench.write("m.lathe", &model)), 7, PATIENCE).unwrap();
    client.load(1, PATIENCE).unwrap();
    client.set_input(0, &[9; thumb::ARENA as usize]).unwrap();
    client
}

/// Stack that is taken besides the model's, by what runs it and by the deepest of everything else.
fn own_stack(board: &Board) -> (u64, u64) {
    let mut client = with_kernel(board, thumb::DEEP);
    client.run(PATIENCE).unwrap();
    let deep = client.memory_use().unwrap();
    assert!(deep.run_stack >= thumb::DEPTH, "{}: {deep:?}", board.name);
    let mut client = with_kernel(board, thumb::RETURN);
    client.info().unwrap();
    client.run(PATIENCE).unwrap();
    client.output(0, thumb::ARENA as usize).unwrap();
    let whole = Request::Time { number: 1, repeat: 2, min_repeat_ms: 0, cooldown_ms: 0, flush_cache: false };
    for timing in [whole, Request::Profile { number: 1 }] {
        client.time(&timing, PATIENCE).unwrap();
    }
    client.self_test(PATIENCE).unwrap_err();
    let used = client.memory_use().unwrap();
    ((deep.stack - deep.run_stack).into(), used.stack.into())
}

#[test]
#[ignore = "needs the boards' firmware: cargo xtask test --only boards"]
fn the_firmware_keeps_to_its_share_of_the_stack() {
    let mut wrong = Vec::new();
    for board in boards::list().unwrap().into_iter().filter(|board| board.emulated) {
        let (below, deepest) = own_stack(&board);
        let (own, there) = (board.firmware.own_stack_bytes, board.firmware.stack_bytes);
        println!("{}: {below} bytes of stack below a model, {deepest} at the deepest", board.name);
        // A figure far above what is true would refuse models that fit.
        if !(below..=below + SLACK).contains(&own) || deepest + SLACK > there {
            wrong.push(format!("{}: {below} and {deepest}; board.toml says {own} of {there}", board.name));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What an interrupt may take besides, and how much more of the stack a board's description may say than is measured.
const SLACK: u64 = 1024;

#[test]
#[ignore = "needs the boards' firmware: cargo xtask test --only boards"]
fn what_is_wrong_in_flash_or_uploaded_is_named_and_the_board_serves_on() {
    let bench = Bench::new();
    let good = thumb::contents(TARGET, thumb::RETURN).to_bytes().unwrap();
    let mut client = powered_on(&bench.write("cut", &good[..good.len() / 2]));
    let loaded = client.load(1, PATIENCE);
    refuses(&mut client, loaded, FaultCode::ArtifactRefused, &["checksum"]);
    let mut client = powered_on(&bench.write("erased", &[0xFF; 64]));
    let loaded = client.load(1, PATIENCE);
    refuses(&mut client, loaded, FaultCode::NoModel, &["no artifact"]);
    // RAM behind the firmware's statics starts at no multiple of 32 KiB.
    let wide = ArtifactContents { code_align_log2: 15, ..thumb::contents(TARGET, thumb::RETURN) };
    client.upload(&wide.to_bytes().unwrap(), |_| {}).unwrap();
    let loaded = client.load(1, PATIENCE);
    refuses(&mut client, loaded, FaultCode::ArtifactRefused, &["0x2000", "multiple of 32768"]);
    client.upload(&good, |_| {}).unwrap();
    client.load(1, PATIENCE).unwrap();
    client.set_input(0, &[9; thumb::ARENA as usize]).unwrap();
    client.run(PATIENCE).unwrap();
    assert_eq!(client.output(0, thumb::ARENA as usize).unwrap(), [9; thumb::ARENA as usize]);
}

#[test]
#[ignore = "needs the boards' firmware: cargo xtask test --only boards"]
fn garbage_on_the_line_is_told_and_the_next_request_is_answered() {
    let bench = Bench::new();
    let mut link = link(&bench.write("erased", &[0xFF; 64]));
    for garbage in [b"\0 not a frame \0".to_vec(), [vec![1; 5000], vec![0]].concat()] {
        link.send(&garbage, Instant::now() + PATIENCE).unwrap();
        let (mut heard, deadline) = (String::new(), Instant::now() + PATIENCE);
        let mut accumulator = Accumulator::new(vec![0; 4096]);
        while !heard.contains("bodies of up to 1024 bytes are taken") {
            let more = link.receive(deadline).unwrap().expect("the board tells what it refuses");
            assert!(!more.is_empty(), "the emulator ended");
            let mut input = more.as_slice();
            while !input.is_empty() {
                if let Received::Frame(frame) = accumulator.take(&mut input)
                    && let Ok(Response::Failed { number, figures, words, .. }) = frame.message()
                {
                    heard += &told(&Reason { number, figures, words });
                }
            }
        }
    }
    Client::open(link, 7, PATIENCE).unwrap().info().unwrap();
}
