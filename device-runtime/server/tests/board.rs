//! A board served over a link in memory: what it can do, and that everything it refuses is named with its figures and
//! leaves the next request untouched. No kernel runs here: the model has no steps, its output is its input.

use std::cell::Cell;
use std::io;
use std::time::{Duration, Instant};

use device_server::trial::TrialOptions;
use device_server::{
    Board, BoardMemory, Clock, Device, Firmware, Refusal, Sandbox, Server, StackUse, TimeOptions, buffer_bytes,
};
use lathe_artifact::{ArtifactContents, DType, GoldenEntry, GoldenInput, GoldenSample, Host, KernelEntry, TensorEntry};
use rpc_protocol::client::{Client, ClientError, Link};
use rpc_protocol::{CounterKind, FaultCode, Loaded, MemoryUse, Request};

const PATIENCE: Duration = Duration::from_millis(100);
const HOST: Host<'static> = Host { target: "thumbv7em-none-eabihf", features: &["dsp", "vfp4d16sp"] };
const BODY: usize = 320;
/// Elements of the model's input and output.
const SIZE: usize = 1000;
const ARENA: usize = 1024;

/// Memory as a linker lays it out.
#[repr(align(64))]
struct Aligned<const BYTES: usize>([u8; BYTES]);

/// A chip whose counter counts its readings, ten ticks each.
#[derive(Default)]
struct Chip {
    ticks: Cell<u64>,
    /// How often other work was done, which takes a hundred ticks.
    pieces: u32,
}

impl Clock for Chip {
    fn now(&self) -> u64 {
        self.ticks.set(self.ticks.get() + 10);
        self.ticks.get()
    }

    fn ticks_per_second(&self) -> u64 {
        1000
    }
}

impl Sandbox for Chip {}

impl Firmware for Chip {
    fn stack_use(&self) -> Option<StackUse> {
        Some(StackUse { since_paint: 96, since_start: 500, bytes: 2048 })
    }

    fn between(&mut self) {
        self.pieces += 1;
        self.ticks.set(self.ticks.get() + 100);
    }
}

/// What the board has.
struct Setup<'a> {
    flash: &'a [u8],
    ram: usize,
    uploads: bool,
}

/// The board's end of a link in memory, as the client's link.
struct Wire<'m> {
    server: Server<'m>,
    board: Board<'m, Chip>,
    sent: Sent,
}

/// What the board sent.
#[derive(Default)]
struct Sent(Vec<u8>);

impl device_server::Link for Sent {
    type Error = std::convert::Infallible;

    fn read(&mut self, _: &mut [u8]) -> Result<usize, Self::Error> {
        Ok(0)
    }

    fn write_all(&mut self, bytes: &[u8]) -> Result<(), Self::Error> {
        self.0.extend(bytes);
        Ok(())
    }
}

impl Link for Wire<'_> {
    fn send(&mut self, bytes: &[u8], _: Instant) -> io::Result<()> {
        for piece in bytes.chunks(64) {
            let Ok(()) = self.server.receive(piece, &mut self.sent, &mut self.board);
        }
        Ok(())
    }

    fn receive(&mut self, _: Instant) -> io::Result<Option<Vec<u8>>> {
        Ok(Some(std::mem::take(&mut self.sent.0)).filter(|bytes| !bytes.is_empty()))
    }

    fn closed_reason(&mut self) -> String {
        String::new()
    }
}

/// Hands `test` a link to a board.
fn on_a_board(setup: &Setup<'_>, test: impl FnOnce(Wire<'_>)) {
    let (mut ram, mut samples, mut buffers) = (Aligned([0; 8192]), [0; 16], [0; buffer_bytes(BODY)]);
    let (flash, ram) = (setup.flash, &mut ram.0[..setup.ram]);
    let memory = BoardMemory { flash, ram, samples: &mut samples, uploads: setup.uploads };
    // SAFETY: the artifacts of these tests have no steps, so nothing is executed.
    let board = unsafe { Board::new(Chip::default(), HOST, "cortex-m4", memory) };
    test(Wire { server: Server::new(&mut buffers), board, sent: Sent::default() });
}

/// Hands `test` an open session.
fn in_a_session(setup: &Setup<'_>, test: impl FnOnce(Client<Wire<'_>>)) {
    on_a_board(setup, |wire| test(Client::open(wire, 7, PATIENCE).unwrap()));
}

/// The model, for `target`.
fn artifact(target: &str) -> Vec<u8> {
    let tensor = |name: &str| TensorEntry::new(name, DType::U8, [SIZE as u32], 0);
    let mut contents = ArtifactContents::new(target, "cortex-m4", ["dsp"]);
    contents.arena_bytes = ARENA as u32;
    contents.stack_bytes = 128;
    contents.inputs = vec![tensor("x")];
    contents.outputs = vec![tensor("y")];
    contents.kernels = vec![KernelEntry::new("unused", 0, 0)];
    contents.code = vec![0; 2];
    contents.golden = Some(GoldenEntry {
        seed: 1,
        inputs: vec![GoldenInput { low: 7.0, high: 7.0 }],
        samples: vec![GoldenSample { output: 0, element: 999, value: 7.0, tolerance: 0.0 }],
    });
    contents.to_bytes().unwrap()
}

/// `artifact` in flash, erased flash behind it.
fn flashed(artifact: &[u8]) -> Aligned<4096> {
    let mut flash = Aligned([0xFF; 4096]);
    flash.0[..artifact.len()].copy_from_slice(artifact);
    flash
}

fn input(seed: u8) -> Vec<u8> {
    (0..SIZE).map(|i| (i as u8).wrapping_mul(3).wrapping_add(seed)).collect()
}

/// The code and the words of a refusal.
fn refused<T: std::fmt::Debug>(answer: Result<T, ClientError>) -> (FaultCode, String) {
    match answer.unwrap_err() {
        ClientError::Device { code, detail, .. } => (code, detail),
        other => panic!("{other}"),
    }
}

/// That `(code, detail)` is of this code and names these figures.
fn names((code, detail): (FaultCode, String), expected: FaultCode, figures: &[&str]) {
    assert_eq!(code, expected, "{detail}");
    for figure in figures {
        assert!(detail.contains(figure), "{figure:?} is not in {detail:?}");
    }
}

#[test]
fn what_is_in_flash_counts_as_uploaded_and_runs() {
    let bytes = artifact(HOST.target);
    let setup = Setup { flash: &flashed(&bytes).0, ram: 8192, uploads: false };
    in_a_session(&setup, |mut client| {
        let info = client.info().unwrap();
        assert_eq!((info.target.as_str(), info.cpu.as_str()), (HOST.target, "cortex-m4"));
        assert_eq!((info.features, info.memory, info.clock_hz), (vec!["dsp".into(), "vfp4d16sp".into()], 8192, 1000));
        client.upload(&bytes, |_| panic!("nothing is to be sent")).unwrap();
        let loaded = Loaded { arena: ARENA as u64, threads: 1, noise_as_weights: false };
        assert_eq!(client.load(1, PATIENCE).unwrap(), loaded);
        assert_eq!(info.counter, CounterKind::Timer);
        client.set_input(0, &input(1)).unwrap();
        for _ in 0..2 {
            // The ten ticks of a reading are taken off.
            assert_eq!(client.run(PATIENCE).unwrap(), 0);
            assert_eq!(client.output(0, SIZE).unwrap(), input(1));
        }
        assert_eq!(client.self_test(PATIENCE).unwrap(), None);
        client.run(PATIENCE).unwrap();
        assert_eq!(client.output(0, SIZE).unwrap(), input(1), "the self-test left the input as it was");
        let memory = MemoryUse { run_stack: 96, stack: 500, stack_bytes: 2048, arena: ARENA as u64, beyond_arena: 0 };
        assert_eq!(client.memory_use().unwrap(), memory);
        client.bye().unwrap();
    });
}

#[test]
fn samples_are_kept_while_there_is_room() {
    let bytes = artifact(HOST.target);
    let setup = Setup { flash: &flashed(&bytes).0, ram: 8192, uploads: false };
    let time =
        |repeat, flush_cache| Request::Time { number: 3, repeat, min_repeat_ms: 0, cooldown_ms: 20, flush_cache };
    in_a_session(&setup, |mut client| {
        names(refused(client.time(&time(1, false), PATIENCE)), FaultCode::NoModel, &[]);
        client.load(0, PATIENCE).unwrap();
        let samples = client.time(&time(16, false), PATIENCE).unwrap();
        // What a reading takes is taken off, and told.
        assert_eq!((samples.number, samples.ticks, samples.overhead), (3, vec![0; 16], 10));
        names(refused(client.time(&time(17, false), PATIENCE)), FaultCode::OutOfMemory, &["17", "16"]);
        names(refused(client.time(&time(1, true), PATIENCE)), FaultCode::Unsupported, &["flush-cache"]);
        assert!(client.time(&Request::Profile { number: 2 }, PATIENCE).unwrap().ticks.is_empty());
    });
}

#[test]
fn a_board_that_cannot_contain_anything_makes_no_trials() {
    let bytes = artifact(HOST.target);
    on_a_board(&Setup { flash: &flashed(&bytes).0, ram: 8192, uploads: false }, |mut wire| {
        wire.board.load(1).unwrap();
        let options =
            TrialOptions { candidate: 0, number: 1, repeat: 1, min_repeat_ms: 0, cooldown_ms: 0, limit_ms: 1 };
        assert_eq!(wire.board.trial(&options).unwrap_err(), Refusal::NoSandbox);
    });
}

#[test]
fn other_work_goes_on_between_runs_and_is_not_timed() {
    let bytes = artifact(HOST.target);
    on_a_board(&Setup { flash: &flashed(&bytes).0, ram: 8192, uploads: false }, |mut wire| {
        wire.board.load(1).unwrap();
        let options = TimeOptions { number: 3, repeat: 4, min_repeat_ms: 0, cooldown_ms: 0, flush_cache: false };
        wire.board.time(&options).unwrap();
        assert_eq!(wire.board.samples(), [0; 4]);
        assert_eq!(wire.board.firmware().pieces, 12);
        wire.board.time(&TimeOptions { cooldown_ms: 300, ..options }).unwrap();
        assert!(wire.board.firmware().pieces > 24, "none while it rests");
    });
}

#[test]
fn a_run_uses_inputs_up_when_there_is_no_memory_to_keep_them() {
    let bytes = artifact(HOST.target);
    in_a_session(&Setup { flash: &flashed(&bytes).0, ram: ARENA, uploads: false }, |mut client| {
        client.load(1, PATIENCE).unwrap();
        for seed in 0..2 {
            client.set_input(0, &input(seed)).unwrap();
            client.run(PATIENCE).unwrap();
            assert_eq!(client.output(0, SIZE).unwrap(), input(seed));
            names(refused(client.run(PATIENCE)), FaultCode::MissingInput, &["\"x\""]);
        }
    });
}

#[test]
fn an_arena_one_byte_short_is_refused_with_both_figures() {
    let bytes = artifact(HOST.target);
    in_a_session(&Setup { flash: &flashed(&bytes).0, ram: ARENA - 1, uploads: false }, |mut client| {
        names(refused(client.load(1, PATIENCE)), FaultCode::OutOfMemory, &["1024", "1023"]);
        names(refused(client.run(PATIENCE)), FaultCode::NoModel, &[]);
        client.info().unwrap();
    });
}

#[test]
fn another_core_is_refused_with_both_names() {
    let bytes = artifact("thumbv6m-none-eabi");
    in_a_session(&Setup { flash: &flashed(&bytes).0, ram: 8192, uploads: false }, |mut client| {
        client.upload(&bytes, |_| {}).unwrap();
        names(refused(client.load(1, PATIENCE)), FaultCode::ArtifactRefused, &["thumbv6m-none-eabi", HOST.target]);
        client.info().unwrap();
    });
}

#[test]
fn a_truncated_flash_image_is_refused_with_its_figures() {
    let bytes = artifact(HOST.target);
    let length = bytes.len().to_string();
    let cut = flashed(&bytes[..bytes.len() - 10]);
    in_a_session(&Setup { flash: &cut.0, ram: 8192, uploads: false }, |mut client| {
        let begun = refused(client.upload(&bytes, |_| {}));
        names(begun, FaultCode::ArtifactRefused, &[&length, "checksum", "flash it"]);
        names(refused(client.load(1, PATIENCE)), FaultCode::ArtifactRefused, &["checksum"]);
        client.info().unwrap();
    });
    in_a_session(&Setup { flash: &bytes[..bytes.len() - 10], ram: 8192, uploads: false }, |mut client| {
        let shorter = (bytes.len() - 10).to_string();
        names(refused(client.load(1, PATIENCE)), FaultCode::ArtifactRefused, &[&length, &shorter]);
    });
    in_a_session(&Setup { flash: &[0xFF; 64], ram: 8192, uploads: false }, |mut client| {
        names(refused(client.load(1, PATIENCE)), FaultCode::NoModel, &["flash one"]);
        names(refused(client.upload(&bytes, |_| {})), FaultCode::ArtifactRefused, &["no artifact", &length]);
    });
}

#[test]
fn a_misaligned_artifact_is_refused_with_address_and_alignment() {
    let bytes = artifact(HOST.target);
    let mut flash = Aligned([0; 4096]);
    flash.0[4..4 + bytes.len()].copy_from_slice(&bytes);
    in_a_session(&Setup { flash: &flash.0[4..], ram: 8192, uploads: false }, |mut client| {
        client.upload(&bytes, |_| {}).unwrap();
        names(refused(client.load(1, PATIENCE)), FaultCode::ArtifactRefused, &["0x", "multiple of", "align"]);
        client.info().unwrap();
    });
}

#[test]
fn an_artifact_is_uploaded_to_ram_where_the_firmware_allows_it() {
    let bytes = artifact(HOST.target);
    in_a_session(&Setup { flash: &[], ram: 8192, uploads: true }, |mut client| {
        let mut progress = Vec::new();
        client.upload(&bytes, |have| progress.push(have)).unwrap();
        assert!(progress.len() > 1 && progress.is_sorted() && progress.last() == Some(&bytes.len()), "{progress:?}");
        client.load(1, PATIENCE).unwrap();
        client.set_input(0, &input(2)).unwrap();
        client.run(PATIENCE).unwrap();
        assert_eq!(client.output(0, SIZE).unwrap(), input(2));
        assert_eq!(client.memory_use().unwrap().beyond_arena, 0);
        names(refused(client.upload(&[0; 8193], |_| {})), FaultCode::OutOfMemory, &["8193", "8192"]);
        names(refused(client.load(2, PATIENCE)), FaultCode::BadRequest, &["2 threads"]);
    });
    // Room for the artifact, and then one byte too few for the arena.
    let ram = bytes.len().next_multiple_of(64) + ARENA - 1;
    in_a_session(&Setup { flash: &[], ram, uploads: true }, |mut client| {
        client.upload(&bytes, |_| {}).unwrap();
        names(refused(client.load(1, PATIENCE)), FaultCode::OutOfMemory, &["1024", "1023"]);
        let mut damaged = bytes.clone();
        damaged[100] ^= 1;
        client.upload(&damaged, |_| {}).unwrap();
        names(refused(client.load(1, PATIENCE)), FaultCode::ArtifactRefused, &["checksum"]);
    });
}

#[test]
fn pieces_beyond_a_tensor_are_refused_with_their_figures() {
    let bytes = artifact(HOST.target);
    in_a_session(&Setup { flash: &flashed(&bytes).0, ram: 8192, uploads: false }, |mut client| {
        client.load(1, PATIENCE).unwrap();
        names(refused(client.set_input(0, &[0; SIZE + 1])), FaultCode::OutOfRange, &["1000"]);
        names(refused(client.set_input(1, &[0])), FaultCode::OutOfRange, &["input number 1", "has 1"]);
        names(refused(client.output(4, 1)), FaultCode::OutOfRange, &["output number 4", "has 1"]);
        client.info().unwrap();
    });
}

#[test]
fn garbage_and_oversized_frames_are_told_and_the_next_request_is_answered() {
    let setup = Setup { flash: &[], ram: 8192, uploads: false };
    let line_noise = b"\0\x55\xaa not a frame at all\0".to_vec();
    for garbage in [line_noise, [vec![1; 5000], vec![0]].concat()] {
        on_a_board(&setup, |mut wire| {
            wire.send(&garbage, Instant::now()).unwrap();
            let mut client = Client::open(wire, 7, PATIENCE).unwrap();
            client.info().unwrap();
            client.bye().unwrap();
        });
        on_a_board(&setup, |mut wire| {
            let Ok(()) = wire.server.receive(&garbage, &mut wire.sent, &mut wire.board);
            let mut told = std::mem::take(&mut wire.sent.0);
            let end = told.len() - 1;
            let notice = rpc_protocol::frame::decode(&mut told[1..end]).unwrap();
            assert_eq!(notice.header.sequence, 0);
            let words = format!("{:?}", notice.message::<rpc_protocol::Response<'_>>().unwrap());
            assert!(words.contains("FrameDropped") && words.contains(&BODY.to_string()), "{words}");
        });
    }
}

#[test]
fn a_session_that_is_not_open_is_refused_by_its_number() {
    on_a_board(&Setup { flash: &[], ram: 8192, uploads: false }, |mut wire| {
        let mut frame = [0; 80];
        let header = rpc_protocol::Header { kind: rpc_protocol::Kind::Request, sequence: 3, session: 0xABCD };
        let length = rpc_protocol::frame::encode(header, &Request::Info, None, &mut frame).unwrap();
        wire.send(&frame[..length], Instant::now()).unwrap();
        let mut answer = std::mem::take(&mut wire.sent.0);
        let end = answer.len() - 1;
        let answer = rpc_protocol::frame::decode(&mut answer[1..end]).unwrap();
        assert_eq!((answer.header.sequence, answer.header.session), (3, 0xABCD));
        let words = format!("{:?}", answer.message::<rpc_protocol::Response<'_>>().unwrap());
        assert!(words.contains("NoSession") && words.contains(&0xABCD.to_string()), "{words}");
        Client::open(wire, 7, PATIENCE).unwrap().info().unwrap();
    });
}
