//! Frames survive what a bad line does to a stream: cut, garbled, overlong and inserted bytes.

use rpc_protocol::frame::{self, Header, Kind};
use rpc_protocol::{Accumulator, Received, Request, Response};

fn header(sequence: u32) -> Header {
    Header { kind: Kind::Request, sequence, session: 0x0123_4567_89AB_CDEF }
}

fn encoded(sequence: u32, request: &Request<'_>) -> Vec<u8> {
    let mut scratch = vec![0; 4096];
    let mut wire = vec![0; 4200];
    let n = frame::encode(header(sequence), request, &mut scratch, &mut wire).unwrap();
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
    for scratch in 0..140 {
        for wire in [0, 1, 2, 50, whole - 1] {
            let result = frame::encode(header(1), &request, &mut vec![0; scratch], &mut vec![0; wire]);
            assert_eq!(result, Err(frame::FrameError::TooLong));
        }
    }
}

#[test]
fn mutated_bodies_are_errors_and_never_panic() {
    let mut scratch = vec![0; 256];
    let mut wire = vec![0; 300];
    let info =
        Response::Info { target: "aarch64-linux", cpu: "x", features: "neon fp16", workers: 4, memory: 1, clock_hz: 5 };
    let n = frame::encode(Header { kind: Kind::Response, ..header(1) }, &info, &mut scratch, &mut wire).unwrap();
    let mut state = 1;
    for _ in 0..20_000 {
        let mut body = frame::decode(&mut wire[1..n - 1].to_vec()).unwrap().body.to_vec();
        for _ in 0..1 + random(&mut state) % 3 {
            let at = random(&mut state) as usize % body.len();
            body[at] = random(&mut state) as u8;
        }
        let frame = frame::Frame { header: header(1), body: &body };
        let _ = frame.message::<Response<'_>>().map(|m| format!("{m:?}"));
    }
}

/// The example of SPEC.md.
#[test]
fn the_specified_bytes() {
    let mut scratch = vec![0; 64];
    let mut wire = vec![0; 80];
    let header = Header { kind: Kind::Request, sequence: 1, session: 2 };
    let n =
        frame::encode(header, &Request::Hello { version: 1, schema: 0x1122_3344 }, &mut scratch, &mut wire).unwrap();
    let payload = [1, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xC4, 0xE6, 0x88, 0x89, 0x01];
    assert_eq!(scratch[..20], payload);
    assert_eq!(scratch[20..24], frame::crc32c(&payload).to_le_bytes());
    assert_eq!((wire[0], wire[n - 1]), (0, 0));
    assert_eq!(frame::decode(&mut wire[1..n - 1]).unwrap().header, header);
}
