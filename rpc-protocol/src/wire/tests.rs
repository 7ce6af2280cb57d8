//! Every message byte by byte as the crate `postcard` writes it, and what is no message.

extern crate std;
use std::vec::Vec;

use super::*;
use crate::messages::*;

const EDGES: [u64; 8] = [0, 1, 0x7F, 0x80, 0x3FFF, 0x4000, u32::MAX as u64, u64::MAX];

fn bytes<'m, M: Wire<'m>>(message: &M) -> Vec<u8> {
    let mut bytes = [0; 400];
    let mut writer = Writer::new(&mut bytes);
    message.put(&mut writer);
    let length = writer.length().unwrap();
    bytes[..length].to_vec()
}

fn read<'m, M: Wire<'m>>(bytes: &'m [u8]) -> Option<M> {
    let mut reader = Reader::new(bytes);
    let message = M::take(&mut reader);
    reader.is_right(true).then_some(message)
}

fn is_postcards<M: for<'m> Wire<'m> + serde::Serialize + PartialEq + core::fmt::Debug>(message: M) {
    same(&message, &postcard::to_stdvec(&message).unwrap());
}

fn same<'m, M: Wire<'m> + PartialEq + core::fmt::Debug>(message: &M, expected: &'m [u8]) {
    assert_eq!(bytes(message), expected, "{message:?}");
    assert_eq!(read::<M>(expected).as_ref(), Some(message));
    for cut in 0..expected.len() {
        assert_eq!(read::<M>(&expected[..cut]), None, "{message:?} cut at {cut}");
    }
    let mut small = std::vec![0; expected.len().saturating_sub(1)];
    let mut writer = Writer::new(&mut small);
    message.put(&mut writer);
    assert_eq!(writer.length().is_none(), !expected.is_empty());
}

macro_rules! are_postcards {
    ($($message:expr),* $(,)?) => {$(
        let message = $message;
        let expected = postcard::to_stdvec(&message).unwrap();
        same(&message, &expected);
    )*};
}

#[test]
fn requests_are_postcards() {
    for edge in EDGES.map(|edge| edge as u32) {
        are_postcards![
            Request::Hello { version: edge as u16, schema: edge },
            Request::Prove { proof: core::array::from_fn(|i| edge as u8 ^ i as u8) },
            Request::Info,
            Request::UploadBegin { bytes: edge, crc: !edge },
            Request::UploadChunk { offset: edge, data: &[0; 200][..edge.min(200) as usize] },
            Request::Load { threads: edge },
            Request::SetInput { index: 1, offset: edge, data: &[1, 0, 255] },
            Request::Run,
            Request::GetOutput { index: edge, offset: 0, limit: edge },
            Request::Time { number: edge, repeat: 3, min_repeat_ms: edge, cooldown_ms: 0, flush_cache: edge > 1 },
            Request::GetSamples { first: edge },
            Request::Profile { number: edge },
            Request::SelfTest,
            Request::MemoryUse,
            Request::Bye,
            Request::GetCondition { sample: edge },
            Request::HoldClock { khz: edge },
            Request::Trial {
                candidate: edge,
                number: 1,
                repeat: edge,
                min_repeat_ms: 2,
                cooldown_ms: edge,
                limit_ms: 3
            },
        ];
    }
}

#[test]
fn responses_are_postcards() {
    for edge in EDGES {
        let wrong =
            WrongElement { output: edge as u16, element: 7, expected: edge as f64, found: -0.5, tolerance: 1e-6 };
        let memory = MemoryUse { run_stack: edge as u32, stack: 1, stack_bytes: 2, arena: edge, beyond_arena: !edge };
        let outcome = TrialOutcome::Faulted { kind: TrialFault::Arithmetic, pc: edge, address: !edge };
        are_postcards![
            Response::Hello { version: 2, schema: edge as u32, max_body: 320, challenge: Some([edge as u8; 16]) },
            Response::Hello { version: 2, schema: edge as u32, max_body: 320, challenge: None },
            Response::Proved { proof: [9; 16] },
            Response::Info {
                target: "thumb",
                cpu: "",
                features: "ä",
                workers: 1,
                memory: edge,
                clock_hz: edge,
                counter: CounterKind::Timer
            },
            Response::Uploaded { have: edge as u32 },
            Response::Loaded { arena: edge, threads: 1, noise_as_weights: edge > 1 },
            Response::Done,
            Response::Ran { ticks: edge },
            Response::Output { data: &[5; 130] },
            Response::Timed { number: edge as u32, samples: 2, overhead: edge },
            Response::Samples { ticks: &[] },
            Response::SelfTested { wrong: Some(wrong) },
            Response::SelfTested { wrong: None },
            Response::MemoryUsed { memory },
            Response::SampleCondition { condition: None },
            Response::SampleCondition {
                condition: Some(Condition { khz: Some(edge as u32), milliwatts: None, throttled: true })
            },
            Response::Failed { code: FaultCode::WrongKey, number: 301, figures: [edge, 1, !edge, 3], words: ["x", ""] },
            Response::Tried { outcome, number: 1, samples: 2, arena: edge, overhead: !edge },
        ];
        is_postcards(TrialOutcome::WrongNumbers { check: 3, found: edge.cast_signed() });
        is_postcards(TrialOutcome::WrongNumbers { check: 3, found: edge.cast_signed().wrapping_neg() });
    }
    for counter in [CounterKind::SysTick, CounterKind::Timer, CounterKind::Monotonic] {
        is_postcards(counter);
    }
    for outcome in [
        TrialOutcome::Right,
        TrialOutcome::Abandoned { pc: 1 },
        TrialOutcome::WroteOutside { offset: 2 },
        TrialOutcome::StackOverflow { pc: 3, address: 4 },
    ] {
        is_postcards(outcome);
    }
}

#[test]
fn what_is_no_message_is_refused() {
    assert_eq!(read::<Request<'_>>(&[100]), None, "a variant there is not");
    assert_eq!(read::<Request<'_>>(&[2, 0]), None, "a byte too many");
    assert_eq!(read::<u16>(&[0xFF, 0xFF, 0x04]), None, "more than 16 bits");
    assert_eq!(read::<u16>(&[0xFF, 0xFF, 0x03]), Some(u16::MAX));
    assert_eq!(read::<u32>(&[0xFF, 0xFF, 0xFF, 0xFF, 0x1F]), None, "more than 32 bits");
    assert_eq!(read::<u64>(&[0xFF; 11]), None, "an integer without end");
    assert_eq!(read::<u64>(&[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02]), None);
    assert_eq!(read::<bool>(&[2]), None);
    assert_eq!(read::<&str>(&[1, 0xFF]), None, "not UTF-8");
    assert_eq!(read::<&[u8]>(&[0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 1]), None, "longer than the message");
}
