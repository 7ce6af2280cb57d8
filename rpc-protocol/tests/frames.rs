//! Frames survive what a bad line does to a stream: cut, garbled, overlong and inserted bytes.

use rpc_protocol::frame::{self, Header, Kind};
use rpc_protocol::key::{Key, Side};
use rpc_protocol::{Accumulator, CounterKind, Received, Request, Response};

fn header(sequence: u32) -> Header {
    Header { kind: Kind::Request, sequence, session: 0x0123_4567_89AB_CDEF }
}

fn encoded(sequence: u32, request: &Request<'_>) -> Vec<u8> {
    let mut wire = vec![0; 4200];
    let n = frame::encode(header(sequence), request, None, &mut wire).unwrap();
    wire.truncate(n);
    wire
}

/// All requests found in `stream`, fed in pieces of `piece` bytes, and how many frames were dropped.
fn received(stream: &[u8], piece: usize) -> (Vec<(u32, String)>, usize) {
    let mut accumulator = Accumulator::new(vec![0; 2048]);
    let (mut good, mut dropped) = (Vec::new(), 0);
    for chunk in stream.chunks(piece) {
        let mut input = chunk;
        while !input.is_empty() {
            match accumulator.take(&mut input) {
                Received::Frame(f) => {
                    good.push((f.header.sequence, format!("{:?}", f.message::<Request<'_>>().unwrap())));
                }
                Received::Dropped(_) => dropped += 1,
                Received::Nothing => {}
            }
        }
    }
    (good, dropped)
}

/// xorshift: reproducible without a dependency.
fn random(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

#[test]
fn every_request_round_trips_in_any_pieces() {
    let zeros = [0u8; 700];
    let requests = [
        Request::Hello { version: 1, schema: 0x1122_3344 },
        Request::Prove { proof: [7; 16] },
        Request::Info,
        Request::UploadBegin { bytes: 1 << 30, crc: 7 },
        Request::UploadChunk { offset: 300, data: &zeros },
        Request::Load { threads: 0 },
        Request::SetInput { index: 1, offset: 0, data: &[1, 0, 2, 0, 0] },
        Request::Run,
        Request::GetOutput { index: 0, offset: 1, limit: 2 },
        Request::Time { number: 1, repeat: 2, min_repeat_ms: 3, cooldown_ms: 4, flush_cache: true },
        Request::GetSamples { first: 9 },
        Request::Profile { number: 3 },
        Request::SelfTest,
        Request::MemoryUse,
        Request::Bye,
    ];
    let stream: Vec<u8> = requests.iter().enumerate().flat_map(|(i, r)| encoded(i as u32, r)).collect();
    let expected: Vec<_> = requests.iter().enumerate().map(|(i, r)| (i as u32, format!("{r:?}"))).collect();
    for piece in [1, 2, 3, 7, 64, stream.len()] {
        assert_eq!(received(&stream, piece), (expected.clone(), 0), "pieces of {piece}");
    }
}

#[test]
fn every_single_bit_flip_is_noticed_and_the_next_frame_arrives() {
    let first = encoded(1, &Request::SetInput { index: 3, offset: 1, data: b"some input bytes" });
    let second = encoded(2, &Request::Run);
    for bit in 0..first.len() * 8 {
        let mut stream = first.clone();
        stream[bit / 8] ^= 1 << (bit % 8);
        // The frame's own end may be hit: then it runs into the next one's leading zero, which ends it.
        stream.extend(&second);
        let (good, _) = received(&stream, 5);
        let run = (2, "Run".to_string());
        let intact = (1, format!("{:?}", Request::SetInput { index: 3, offset: 1, data: b"some input bytes" }));
        // Flipping a bit of the leading zero adds one byte in front: the frame is dropped. No flip may alter it.
        assert!(good == [run.clone()] || good == [intact, run], "bit {bit}: {good:?}");
    }
}

#[test]
fn an_overlong_frame_is_dropped_and_the_next_arrives() {
    let mut stream = vec![7u8; 10_000];
    stream.extend(encoded(5, &Request::Info));
    assert_eq!(received(&stream, 100), (vec![(5, "Info".to_string())], 1));
}

#[test]
fn garbage_never_becomes_a_message_and_never_stops_the_stream() {
    let mut state = 0x9E37_79B9_7F4A_7C15;
    for round in 0..2000u32 {
        let mut stream: Vec<u8> = (0..random(&mut state) % 300).map(|_| random(&mut state) as u8).collect();
        stream.extend(encoded(round, &Request::Run));
        let cut = encoded(9, &Request::UploadChunk { offset: 0, data: &[9; 90] });
        // Without its last zero alone the frame is still whole: the next one begins with a zero.
        stream.extend(&cut[..random(&mut state) as usize % (cut.len() - 1)]);
        stream.extend(encoded(round, &Request::Bye));
        let (good, _) = received(&stream, 1 + random(&mut state) as usize % 40);
        assert_eq!(good, [(round, "Run".to_string()), (round, "Bye".to_string())]);
    }
}

#[test]
fn a_short_buffer_is_an_error_and_not_a_panic() {
    let request = Request::UploadChunk { offset: 0, data: &[1; 100] };
    let whole = encoded(1, &request).len();
    for length in 0..whole {
        let result = frame::encode(header(1), &request, None, &mut vec![0; length]);
        assert_eq!(result, Err(frame::FrameError::TooLong));
    }
}

#[test]
fn every_body_fits_the_bytes_reckoned_for_it() {
    let key = Key::new([3; 32]).session(1, &[4; 16]);
    for length in (0..1100).chain(65_000..65_100) {
        for fill in [0, 1] {
            let data = vec![fill; length];
            let request = Request::SetInput { index: 0, offset: 0, data: &data };
            // Three bytes of the message's own, and those of the length.
            let body = 3 + length + [128, 1 << 14, 1 << 21].iter().position(|limit| length < *limit).unwrap() + 1;
            let mut wire = vec![0; frame::wire_bytes(body)];
            let n = frame::encode(header(1), &request, Some(&key), &mut wire).unwrap();
            let frame = frame::decode(&mut wire[1..n - 1]).unwrap();
            assert!(frame.is_sealed_with(&key) && frame.body.len() == body);
            assert_eq!(frame.message(), Ok(request));
        }
    }
}

#[test]
fn another_key_s_code_and_another_frame_s_are_noticed() {
    let [key, other] = [1, 2].map(|session| Key::new([3; 32]).session(session, &[4; 16]));
    let mut wire = vec![0; 100];
    let n = frame::encode(header(1), &Request::Run, Some(&key), &mut wire).unwrap();
    let mut bytes = wire[1..n - 1].to_vec();
    let frame = frame::decode(&mut bytes).unwrap();
    assert!(frame.is_sealed() && frame.is_sealed_with(&key) && !frame.is_sealed_with(&other));
    // The same number and another message, under the code of the first.
    let n = frame::encode(header(1), &Request::Bye, Some(&key), &mut wire).unwrap();
    let mut swapped = wire[1..n - 1].to_vec();
    let payload = frame::decode(&mut swapped).unwrap();
    assert!(payload.is_sealed_with(&key) && payload != frame);
    let plain = frame::encode(header(1), &Request::Run, None, &mut wire).unwrap();
    let plain = frame::decode(&mut wire[1..plain - 1]).unwrap();
    assert!(!plain.is_sealed() && !plain.is_sealed_with(&key));
}

#[test]
fn mutated_bodies_are_errors_and_never_panic() {
    let mut wire = vec![0; 300];
    let (target, features, counter) = ("aarch64-linux", "neon fp16", CounterKind::Monotonic);
    let info = Response::Info { target, cpu: "x", features, workers: 4, memory: 1, clock_hz: 5, counter };
    let n = frame::encode(Header { kind: Kind::Response, ..header(1) }, &info, None, &mut wire).unwrap();
    let mut state = 1;
    for _ in 0..20_000 {
        let mut body = frame::decode(&mut wire[1..n - 1].to_vec()).unwrap().body.to_vec();
        for _ in 0..1 + random(&mut state) % 3 {
            let at = random(&mut state) as usize % body.len();
            body[at] = random(&mut state) as u8;
        }
        let frame = frame::Frame::unsealed(header(1), &body);
        let _ = frame.message::<Response<'_>>().map(|m| format!("{m:?}"));
    }
}

/// The examples of SPEC.md, byte for byte.
#[test]
fn the_specified_bytes() {
    let header = Header { kind: Kind::Request, sequence: 1, session: 2 };
    let hello = Request::Hello { version: 2, schema: 0x1122_3344 };
    let mut wire = vec![0; 80];
    let n = frame::encode(header, &hello, None, &mut wire).unwrap();
    assert_eq!(hex(&wire[..n]), "00 03 01 01 01 01 02 02 01 01 01 01 01 01 01 0b 02 c4 e6 88 89 01 75 4d 94 41 00");
    assert_eq!(frame::decode(&mut wire[1..n - 1]).unwrap().header, header);
    let key = Key::new(std::array::from_fn(|i| i as u8));
    let challenge = std::array::from_fn(|i| 0xF0 + i as u8);
    assert_eq!(hex(&key.proof(Side::Host, 2, &challenge)), "24 b3 77 fb e6 59 c9 e8 e9 05 1d df d5 73 ab a7");
    assert_eq!(hex(&key.proof(Side::Device, 2, &challenge)), "f6 40 dc 07 79 c1 66 d2 96 ab 79 be 47 fd 71 1c");
    let header = Header { sequence: 3, ..header };
    let n = frame::encode(header, &Request::Run, Some(&key.session(2, &challenge)), &mut wire).unwrap();
    assert_eq!(
        hex(&wire[..n]),
        "00 03 11 03 01 01 02 02 01 01 01 01 01 01 0e 07 0e 47 28 c9 cf 3e 9b 3d a3 56 d0 89 00"
    );
}

/// Answers that say how time was taken: number of the variant, then the fields in order.
#[test]
fn the_bytes_of_what_times_are_worth() {
    let timed = Response::Timed { number: 300, samples: 5, overhead: 2 };
    assert_eq!(body(&timed), "08 ac 02 05 02");
    let (target, cpu, features) = ("t", "c", "");
    let info =
        Response::Info { target, cpu, features, workers: 1, memory: 64, clock_hz: 1000, counter: CounterKind::Timer };
    assert_eq!(body(&info), "02 01 74 01 63 00 01 40 e8 07 01");
    assert_eq!(body(&Response::Loaded { arena: 16, threads: 1, noise_as_weights: true }), "04 10 01 01");
}

fn body(response: &Response<'_>) -> String {
    let mut wire = vec![0; 80];
    let n = frame::encode(Header { kind: Kind::Response, ..header(1) }, response, None, &mut wire).unwrap();
    hex(frame::decode(&mut wire[1..n - 1]).unwrap().body)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}
