//! Trials on emulated boards, with candidates written by hand: whatever one does comes back as what it is, with its
//! place, and the next is tried as if it had not been.
//!
//! The boards' firmware must be built and qemu-system-arm installed: `cargo xtask test --only boards` sees to that and
//! runs these.

mod support;

use std::time::{Duration, Instant};

use lathe_artifact::{
    Access, ArgumentEntry, ArtifactContents, Check, DType, KernelEntry, Space, StepEntry, TrialEntry, noise, sums,
};
use lathe_driver::boards::{self, Board};
use rpc_protocol::client::{ChildLink, Client, Tried};
use rpc_protocol::{Request, TrialFault, TrialOutcome};
use support::Bench;
use support::emulator;

const PATIENCE: Duration = Duration::from_secs(60);
const SEED: u32 = 3;
const NOISE_SEED: u32 = 8;
/// Bytes of arena and of noise region.
const ARENA: u32 = 1000;
const NOISE: u32 = 4096;
/// Where the output of one word lies, and its right value: word 5 of the noise region, whose base is argument 1.
const OUTPUT: u32 = 64;
const WORD: u32 = 5;

/// `ldr r1, [r0]`, `ldr r2, [r0, #4]`: output and noise.
const BEGIN: [u16; 2] = [0x6801, 0x6842];
/// `ldr r3, [r2, #20]`, `str r3, [r1]`: the right value.
const WRITE: [u16; 2] = [0x6953, 0x600B];
const RETURN: u16 = 0x4770;
/// `movs r2, #250`, `subs r2, #1`, `bne` back to it: takes a while.
const LONG: &[u16] = &[0x22FA, 0x3A01, 0xD1FD];

/// What a candidate does, and how that comes back.
struct Candidate {
    code: Vec<u16>,
    comes_back: fn(&TrialOutcome, u64) -> bool,
}

/// A candidate that does the right thing and `more`, and how that comes back; `pc` is counted from its start.
fn candidate(more: &[u16], comes_back: fn(&TrialOutcome, u64) -> bool) -> Candidate {
    let code = [&BEGIN[..], &WRITE[..], more, &[RETURN]].concat();
    Candidate { code, comes_back }
}

/// The first instruction of `more`.
const MORE: u64 = 8;

fn is_right(outcome: &TrialOutcome, _: u64) -> bool {
    *outcome == TrialOutcome::Right
}

/// Candidates for a processor with or without floating-point registers.
fn candidates(floats: bool) -> Vec<Candidate> {
    use TrialOutcome::{Abandoned, Faulted, StackOverflow, WrongNumbers, WroteOutside};
    let mut all = vec![
        candidate(LONG, is_right),
        // `movs r2, #1`, `lsls r2, #20`, `str r3, [r1, r2]`: far behind the arena.
        candidate(
            &[0x2201, 0x0512, 0x508B],
            |outcome, start| matches!(outcome, Faulted { kind: TrialFault::Memory, pc, address } if *pc == start + MORE + 4 && *address > 1 << 20),
        ),
        // `str r3, [r1, #4]`: behind the output.
        candidate(&[0x604B], |outcome, _| *outcome == WroteOutside { offset: u64::from(OUTPUT) + 4 }),
        // `movs r2, #235`, `lsls r2, #2`, `str r3, [r1, r2]`: behind the workspace, where what is open ends later.
        candidate(&[0x22EB, 0x0092, 0x508B], |outcome, _| *outcome == WroteOutside { offset: u64::from(OUTPUT) + 940 }),
        // `b .`
        candidate(&[0xE7FE], |outcome, start| *outcome == Abandoned { pc: start + MORE }),
        // `push {r3}`, `b` back to it: until the stack ends.
        candidate(&[0xB408, 0xE7FD], |outcome, _| matches!(outcome, StackOverflow { .. })),
        // `sub sp, #508` many times and a `str` there: beyond the stack at once.
        candidate(&[&[0xB0FF; 40][..], &[0x9300]].concat(), |outcome, _| matches!(outcome, StackOverflow { .. })),
        // `udf`
        candidate(&[0xDE00], |outcome, start| {
            *outcome == Faulted { kind: TrialFault::Instruction, pc: start + MORE, address: 0 }
        }),
        // `bkpt`, which no debugger is there for.
        candidate(&[0xBE00], |outcome, start| matches!(outcome, Faulted { pc, .. } if *pc == start + MORE)),
        // `movs r3, #1`, `str r3, [r1]`: not the number.
        candidate(&[0x2301, 0x600B], |outcome, _| matches!(outcome, WrongNumbers { check: 9, .. })),
        // `str r3, [r2]`: into the noise.
        candidate(
            &[0x6013],
            |outcome, start| matches!(outcome, Faulted { kind: TrialFault::Memory, pc, .. } if *pc == start + MORE),
        ),
        // `bx r1`: executes the output.
        candidate(&[0x3101, 0x4708], |outcome, _| {
            matches!(outcome, Faulted { kind: TrialFault::Memory | TrialFault::Instruction, pc: u64::MAX, .. })
        }),
        // `movs r2, #0xE0`, `lsls r2, #24`, `movs r1, #0xE`, `lsls r1, #12`, `orrs r2, r1`, `ldr r3, [r2]`: the
        // processor's own registers.
        candidate(
            &[0x22E0, 0x0612, 0x210E, 0x0309, 0x430A, 0x6813],
            |outcome, start| matches!(outcome, Faulted { kind: TrialFault::Bus | TrialFault::Memory, pc, .. } if *pc == start + MORE + 10),
        ),
        // `cpsid i`, then `mov r4…` of everything a caller keeps, and `svc`, which returns.
        candidate(&[0xB672, 0x2400, 0x2500, 0x2600, 0x2700, 0x46A0, 0x46A1, 0x46A2, 0x46A3, 0xDF07], is_right),
        // `mov sp, r3` and a `push`: no stack at all.
        candidate(&[0x469D, 0xB408], |outcome, _| matches!(outcome, StackOverflow { .. })),
        candidate(LONG, is_right),
    ];
    if floats {
        // `vmov s16, r3`: with floating-point registers in use, and then well, in a loop, or undefined.
        let begun = |rest: &[u16]| [&[0xEE08, 0x3A10], rest].concat();
        all.push(candidate(&begun(LONG), is_right));
        all.push(candidate(&begun(&[0xE7FE]), |outcome, start| *outcome == Abandoned { pc: start + MORE + 4 }));
        all.push(candidate(&begun(&[0xDE00]), |outcome, start| {
            matches!(outcome, Faulted { kind: TrialFault::Instruction, pc, .. } if *pc == start + MORE + 4)
        }));
        all.push(candidate(LONG, is_right));
    }
    all
}

/// The candidates as a bundle for `target`, and where the code of each starts.
fn bundle(target: &str, candidates: &[Candidate]) -> (Vec<u8>, Vec<u64>) {
    let right = noise::word(NOISE_SEED, WORD).to_le_bytes();
    let (mut code, mut starts) = (Vec::new(), Vec::new());
    let mut contents = ArtifactContents::new::<String>(target, "cortex-m", []);
    let mut checks = Vec::new();
    for (step, candidate) in (0u16..).zip(candidates) {
        starts.push(code.len() as u64);
        contents.kernels.push(KernelEntry::new(format!("candidate {step}"), code.len() as u32, 0));
        code.extend(candidate.code.iter().flat_map(|half| half.to_le_bytes()));
        code.resize(code.len().next_multiple_of(4), 0);
        let argument =
            |space, access, offset, bytes, align_log2| ArgumentEntry { space, access, offset, bytes, align_log2 };
        let arguments = vec![
            argument(Space::Arena, Access::Write, OUTPUT, 4, 6),
            argument(Space::Noise, Access::Read, 0, NOISE, 6),
        ];
        contents.steps.push(StepEntry::new(u32::from(step), 1, arguments));
        let expected = sums::sum(DType::I32, 0, SEED, 0, &right);
        let (dtype, unit, first, count, tolerance) = (DType::I32, 0, 0, 1, 0);
        checks.push(Check { step, argument: 0, dtype, unit, first, count, expected, tolerance });
    }
    contents.code = code;
    contents.arena_bytes = ARENA;
    contents.trial = Some(TrialEntry { seed: SEED, noise_seed: NOISE_SEED, noise_bytes: NOISE, checks });
    (contents.to_bytes().unwrap(), starts)
}

/// The emulated boards whose processor can contain candidates, started with this in their flash.
fn boards_with(flash: &[u8]) -> Vec<(Board, Client<ChildLink>)> {
    let boards = boards::list().unwrap().into_iter();
    let able = boards.filter(|board| board.emulated && board.cpu != "cortex-m0" && board.name != "mps3-an547-ddr");
    let bench = Bench::new();
    let image = bench.write("flash", flash);
    let started = able.map(|board| {
        let mut client = Client::open(emulator::link_of(&board, &image), 7, PATIENCE).unwrap();
        client.info().unwrap();
        (board, client)
    });
    let all: Vec<_> = started.collect();
    assert!(all.len() >= 5);
    all
}

fn trial(client: &mut Client<ChildLink>, candidate: u32) -> Tried {
    let (number, repeat, min_repeat_ms, cooldown_ms, limit_ms) = (2, 3, 0, 0, 5);
    let request = Request::Trial { candidate, number, repeat, min_repeat_ms, cooldown_ms, limit_ms };
    client.trial(&request, PATIENCE).unwrap()
}

#[test]
#[ignore = "needs the boards' firmware: cargo xtask test --only boards"]
fn every_candidate_comes_back_as_what_it_is() {
    for (flash, image) in [("erased", vec![0xFF; 64]), ("noise", noise::image(NOISE_SEED, NOISE))] {
        for (board, mut client) in boards_with(&image) {
            let candidates = candidates(board.target.ends_with("hf"));
            let (bundle, starts) = bundle(&board.target, &candidates);
            client.upload(&bundle, |_| {}).unwrap();
            assert_eq!(client.load(1, PATIENCE).unwrap().noise_as_weights, flash == "noise", "{}", board.name);
            let first = trial(&mut client, 0);
            assert!(first.samples.ticks.iter().all(|ticks| *ticks > 0), "{}: {first:?}", board.name);
            for round in 0..2 {
                for (number, candidate) in (0u32..).zip(&candidates) {
                    let tried = trial(&mut client, number);
                    let place = format!("{}, flash {flash}, round {round}, candidate {number}", board.name);
                    println!("{place}: {:x?} {:?}", tried.outcome, tried.samples.ticks);
                    assert!((candidate.comes_back)(&tried.outcome, starts[number as usize]), "{place}: {tried:?}");
                    if candidate.code == candidates[0].code {
                        assert_eq!(tried.samples.ticks, first.samples.ticks, "{place}: equal work, equal ticks");
                    }
                }
            }
        }
    }
}

/// The candidates in a seeded random order, half of the trials with a right one (`LATHE_TRIALS` of them): every one comes
/// back as what it is.
#[test]
#[ignore = "needs the boards' firmware: cargo xtask test --only boards"]
fn trials_in_random_order_end_with_every_good_one_right() {
    let trials: u32 = std::env::var("LATHE_TRIALS").map_or(200, |count| count.parse().unwrap());
    for (board, mut client) in boards_with(&noise::image(NOISE_SEED, NOISE)) {
        let candidates = candidates(board.target.ends_with("hf"));
        let (bundle, starts) = bundle(&board.target, &candidates);
        client.upload(&bundle, |_| {}).unwrap();
        client.load(1, PATIENCE).unwrap();
        let (mut right, mut longest, mut sum) = (0, Duration::ZERO, Duration::ZERO);
        for number in 0..trials {
            let random = noise::hash(77, number);
            let chosen = if random.is_multiple_of(2) { 0 } else { (random >> 8) % candidates.len() as u32 };
            let begun = Instant::now();
            let tried = trial(&mut client, chosen);
            let comes_back = candidates[chosen as usize].comes_back;
            assert!(comes_back(&tried.outcome, starts[chosen as usize]), "{}, trial {number}: {tried:?}", board.name);
            if tried.outcome == TrialOutcome::Right {
                let took = begun.elapsed();
                (right, longest, sum) = (right + 1, longest.max(took), sum + took);
            }
        }
        let mean = sum / right.max(1);
        println!("{}: {right} of {trials} right, in {mean:.1?} each, {longest:.1?} at most", board.name);
        assert!(right > trials / 3);
    }
}
