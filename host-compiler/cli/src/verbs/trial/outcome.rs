//! What became of a candidate, in words and as a document.

use lathe_artifact::Check;
use rpc_protocol::client::Tried;
use rpc_protocol::{TrialFault, TrialOutcome};
use serde_json::{Value, json};

/// An address that is farther from the arena has nothing to do with it.
const NEAR: i128 = 1 << 24;

/// The outcome's name in documents.
pub fn name(outcome: &TrialOutcome) -> &'static str {
    match outcome {
        TrialOutcome::Right => "right",
        TrialOutcome::Faulted { .. } => "faulted",
        TrialOutcome::Abandoned { .. } => "abandoned",
        TrialOutcome::WroteOutside { .. } => "wrote-outside",
        TrialOutcome::StackOverflow { .. } => "stack-overflow",
        TrialOutcome::WrongNumbers { .. } => "wrong-numbers",
    }
}

/// The outcome in words; `checks` are the bundle's.
pub fn text(tried: &Tried, checks: &[Check]) -> String {
    match tried.outcome {
        TrialOutcome::Right => "right".to_string(),
        TrialOutcome::Faulted { kind, pc, address } => {
            let what = match kind {
                TrialFault::Memory => "may not touch",
                TrialFault::Bus => "bus fault at",
                TrialFault::Instruction => "no instruction,",
                TrialFault::Arithmetic => "arithmetic fault,",
                TrialFault::SystemCall => return format!("faulted: called the system (call {address}), {}", code(pc)),
                TrialFault::Other => "stopped,",
            };
            format!("faulted: {what} {}, {}", place(address, tried.arena), code(pc))
        }
        TrialOutcome::Abandoned { pc } => format!("abandoned at the time limit, {}", code(pc)),
        TrialOutcome::WroteOutside { offset } => format!("wrote outside its outputs: byte {offset} of the arena"),
        TrialOutcome::StackOverflow { pc, address } => {
            format!("left its stack: {}, {}", place(address, tried.arena), code(pc))
        }
        TrialOutcome::WrongNumbers { check, found } => match numbers(checks, check, found) {
            Some((check, expected, found, tolerance)) => format!(
                "wrong numbers: argument {}, elements {} to {}: sum {found:.6e}, not {expected:.6e} within {tolerance:.1e}",
                check.argument,
                check.first,
                check.first + check.count - 1
            ),
            None => format!("wrong numbers: check {check}"),
        },
    }
}

/// The outcome as a document.
pub fn document(tried: &Tried, checks: &[Check]) -> Value {
    let mut document = json!({ "outcome": name(&tried.outcome) });
    let mut put = |key: &str, value: Value| document[key] = value;
    let known = |pc: u64| if pc == u64::MAX { Value::Null } else { pc.into() };
    match tried.outcome {
        TrialOutcome::Right => {}
        TrialOutcome::Abandoned { pc } => put("pc", known(pc)),
        TrialOutcome::WroteOutside { offset } => put("offset", offset.into()),
        TrialOutcome::Faulted { pc, address, .. } | TrialOutcome::StackOverflow { pc, address } => {
            put("pc", known(pc));
            put("address", address.into());
            put("arena", tried.arena.into());
        }
        TrialOutcome::WrongNumbers { check, found } => {
            put("check", check.into());
            if let Some((_, expected, found, tolerance)) = numbers(checks, check, found) {
                put("expected", expected.into());
                put("found", found.into());
                put("tolerance", tolerance.into());
            }
        }
    }
    document
}

/// The address, and where that is from the arena's start unless it is far from it.
fn place(address: u64, arena: u64) -> String {
    let offset = i128::from(address) - i128::from(arena);
    if offset.abs() > NEAR { format!("{address:#x}") } else { format!("{address:#x} (arena {offset:+})") }
}

fn code(pc: u64) -> String {
    if pc == u64::MAX { "outside its code".to_string() } else { format!("at {pc:#x} of the code") }
}

/// Expected sum, found sum and tolerance as numbers.
fn numbers(checks: &[Check], check: u32, found: i64) -> Option<(&Check, f64, f64, f64)> {
    let check = checks.get(check as usize)?;
    let unit = if check.dtype.is_float() { f64::from(check.unit).exp2() } else { 1.0 };
    Some((check, check.expected as f64 * unit, found as f64 * unit, check.tolerance as f64 * unit))
}
