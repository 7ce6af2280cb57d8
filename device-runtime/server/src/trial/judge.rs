//! The checked run's two sides: noise before it, red zones and sums after it.

use lathe_artifact::{Access, Space, Step, noise};
use lathe_executor::Bundle;
use rpc_protocol::TrialOutcome;

/// Makes arena and workspace noise, which is the inputs and the red zones of the next candidate.
pub fn make_noise(bundle: &mut Bundle<'_>) {
    let seed = bundle.trial().seed;
    noise::fill(seed, 0, bundle.arena_mut());
}

/// What the one run of `candidate`, which is the bundle's `step` of that number, wrote since [`make_noise`]: outside,
/// wrong numbers, or all as it must be.
pub fn judge(bundle: &Bundle<'_>, candidate: u32, step: &Step<'_>) -> TrialOutcome {
    let header = bundle.artifact().header();
    let arena = bundle.arena();
    // The candidate may leave what it likes in the workspace, which starts after the tensors.
    let tensors = header.workspace_offset(0).and_then(|end| arena.get(..end)).unwrap_or(arena);
    let seed = bundle.trial().seed;
    if let Some(offset) = written_outside(seed, tensors, step) {
        return TrialOutcome::WroteOutside { offset: offset as u64 };
    }
    for (number, check) in bundle.trial().checks().filter(|(_, check)| u32::from(check.step) == candidate) {
        let argument = step.arguments().nth(usize::from(check.argument));
        let bytes = argument.and_then(|argument| arena.get(argument.offset as usize..)?.get(..argument.bytes as usize));
        let found = check.sum(seed, bytes.unwrap_or_default());
        if !check.accepts(found) {
            return TrialOutcome::WrongNumbers { check: number, found };
        }
    }
    TrialOutcome::Right
}

/// The first byte of `arena` that is no longer noise and in no argument that `step` writes.
fn written_outside(seed: u32, arena: &[u8], step: &Step<'_>) -> Option<usize> {
    let written = || {
        let arguments = step.arguments().filter(|a| a.space == Space::Arena && a.access != Access::Read);
        arguments.map(|a| (a.offset as usize, (a.offset as usize).saturating_add(a.bytes as usize)))
    };
    let mut at = 0usize;
    loop {
        let end = written().filter(|(start, end)| (*start..*end).contains(&at)).map(|(_, end)| end).max();
        if let Some(end) = end {
            at = end;
            continue;
        }
        let stop = written().map(|(start, _)| start).filter(|start| *start > at).min();
        let stop = stop.unwrap_or(arena.len()).min(arena.len());
        let zone = arena.get(at..stop).unwrap_or_default();
        if let Some(byte) = noise::first_difference(seed, at, zone) {
            return Some(at.wrapping_add(byte));
        }
        if stop >= arena.len() {
            return None;
        }
        at = stop;
    }
}
