//! What a candidate wrote is told from what it must write: every byte outside, every element of its output.

use device_server::trial::{judge, make_noise};
use lathe_artifact::{
    Access, ArgumentEntry, Artifact, ArtifactContents, Check, DType, KernelEntry, Space, StepEntry, TrialEntry, noise,
    sums,
};
use lathe_executor::{Bundle, Placement};
use rpc_protocol::TrialOutcome;

#[repr(align(64))]
struct Memory<const BYTES: usize>([u8; BYTES]);

const SEED: u32 = 21;
/// Tensors; the workspace lies behind them.
const TENSORS: usize = 320;
/// What the candidate writes: 23 elements of f32, and 9 bytes in place.
const OUTPUT: std::ops::Range<usize> = 64..64 + 23 * 4;
const IN_PLACE: std::ops::Range<usize> = 192..201;

fn answer() -> Vec<u8> {
    (0..23).flat_map(|i| (i as f32 * 0.37 - 3.0).to_le_bytes()).collect()
}

/// A bundle of one candidate with two outputs, the first in two blocks.
fn bundle() -> Vec<u8> {
    let argument = |access, range: std::ops::Range<usize>| ArgumentEntry {
        space: Space::Arena,
        access,
        offset: range.start as u32,
        bytes: range.len() as u32,
        align_log2: 6,
    };
    let check = |argument, dtype: DType, (first, count): (u32, u32), unit, bytes: &[u8], tolerance| {
        let block = first as usize * dtype.size()..(first + count) as usize * dtype.size();
        let expected = sums::sum(dtype, unit, SEED, first, &bytes[block]);
        Check { step: 0, argument, dtype, unit, first, count, expected, tolerance }
    };
    let mut contents = ArtifactContents::new::<String>("test", "any", []);
    contents.arena_bytes = TENSORS as u32;
    contents.workspace_bytes = 64;
    contents.kernels = vec![KernelEntry::new("k", 0, 0)];
    contents.code = vec![0; 4];
    let arguments =
        vec![argument(Access::Read, 0..40), argument(Access::Write, OUTPUT), argument(Access::ReadWrite, IN_PLACE)];
    contents.steps = vec![StepEntry::new(0, 1, arguments)];
    contents.trial = Some(TrialEntry {
        seed: SEED,
        noise_seed: 0,
        noise_bytes: 0,
        checks: vec![
            check(1, DType::F32, (0, 16), -28, &answer(), 300_000),
            check(1, DType::F32, (16, 7), -28, &answer(), 300_000),
            check(2, DType::U8, (0, 9), 0, b"in place!", 0),
        ],
    });
    contents.to_bytes().unwrap()
}

/// What is judged when `write` has done the candidate's work on the arena of tensors and workspace.
fn judged(write: impl FnOnce(&mut [u8])) -> TrialOutcome {
    let (mut file, mut arena) = (Memory([0; 4096]), Memory([0; 4096]));
    let bytes = bundle();
    file.0[..bytes.len()].copy_from_slice(&bytes);
    let artifact = Artifact::parse(&file.0[..bytes.len()]).unwrap();
    let mut bundle = Bundle::load(artifact, Placement::in_place(&artifact), &mut arena.0).unwrap();
    make_noise(&mut bundle);
    assert_eq!(noise::first_difference(SEED, 0, bundle.arena()), None);
    assert_eq!(bundle.arena().len(), TENSORS + 64);
    write(bundle.arena_mut());
    let step = bundle.artifact().step(0).unwrap();
    judge(&bundle, 0, &step)
}

/// The candidate's work, done right.
fn right(arena: &mut [u8]) {
    arena[OUTPUT].copy_from_slice(&answer());
    arena[IN_PLACE].copy_from_slice(b"in place!");
    arena[TENSORS..].fill(0xAB);
}

#[test]
fn what_is_right_is_right() {
    assert_eq!(judged(right), TrialOutcome::Right);
}

#[test]
fn every_byte_outside_is_watched() {
    for byte in (0..TENSORS).filter(|byte| !OUTPUT.contains(byte) && !IN_PLACE.contains(byte)) {
        let outcome = judged(|arena| {
            right(arena);
            arena[byte] ^= 1;
        });
        assert_eq!(outcome, TrialOutcome::WroteOutside { offset: byte as u64 });
    }
}

#[test]
fn every_element_is_summed() {
    for element in 0..23 {
        let outcome = judged(|arena| {
            right(arena);
            let at = OUTPUT.start + element * 4;
            let value = answer()[element * 4..][..4].try_into().map(f32::from_le_bytes).unwrap();
            arena[at..at + 4].copy_from_slice(&(value + 1e-5).to_le_bytes());
        });
        let check = u32::from(element >= 16);
        assert!(matches!(outcome, TrialOutcome::WrongNumbers { check: found, .. } if found == check), "{outcome:?}");
    }
    for byte in IN_PLACE {
        let outcome = judged(|arena| {
            right(arena);
            arena[byte] ^= 1;
        });
        assert!(matches!(outcome, TrialOutcome::WrongNumbers { check: 2, .. }), "{outcome:?}");
    }
}

#[test]
fn rounding_is_within_what_is_allowed_and_nan_is_not() {
    let first = |value: f32| {
        judged(move |arena| {
            right(arena);
            arena[OUTPUT.start..OUTPUT.start + 4].copy_from_slice(&value.to_le_bytes());
        })
    };
    assert_eq!(first(-3.0), TrialOutcome::Right);
    assert_eq!(first((-3.0f32).next_up()), TrialOutcome::Right);
    for wrong in [-2.99, f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        assert!(matches!(first(wrong), TrialOutcome::WrongNumbers { check: 0, .. }), "{wrong}");
    }
}

#[test]
fn a_candidate_that_writes_nothing_is_wrong() {
    assert!(matches!(judged(|_| ()), TrialOutcome::WrongNumbers { check: 0, .. }));
}
