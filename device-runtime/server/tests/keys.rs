//! The key: without it nothing but hello is served, and what was recorded of somebody's session is of no use.
#![cfg(target_os = "linux")]

mod support;

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;

use rpc_protocol::client::{Client, ClientError};
use rpc_protocol::frame::{SessionKey, encode};
use rpc_protocol::key::{Challenge, Key, Side};
use rpc_protocol::reasons::told;
use rpc_protocol::{Accumulator, FaultCode, Header, Kind, Reason, Received, Request, Response, SCHEMA_HASH, VERSION};
use support::{Keys, PATIENCE, Running, ended, model, program, returns};

/// A connection on which frames are made by hand.
struct Raw {
    stream: TcpStream,
    session: u64,
}

/// What came back: number, whether it was sealed with the key, and the answer in words.
type Heard = (u32, bool, String);

impl Raw {
    fn connect(server: &Running, session: u64) -> Raw {
        let stream = TcpStream::connect(server.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Raw { stream, session }
    }

    fn frame(&self, sequence: u32, request: &Request<'_>, key: Option<&SessionKey>) -> Vec<u8> {
        let mut wire = vec![0; 4096];
        let header = Header { kind: Kind::Request, sequence, session: self.session };
        let length = encode(header, request, key, &mut wire).unwrap();
        wire.truncate(length);
        wire
    }

    fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    /// The next frame; `None` when the device closed the connection.
    fn hear(&mut self, key: Option<&SessionKey>) -> Option<Heard> {
        let mut accumulator = Accumulator::new(vec![0; 4096]);
        let mut byte = [0];
        loop {
            match self.stream.read(&mut byte) {
                Ok(0) => return None,
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return None,
                other => assert_eq!(other.unwrap(), 1),
            }
            match accumulator.take(&mut byte.as_slice()) {
                Received::Frame(frame) => {
                    let words = match frame.message().unwrap() {
                        Response::Failed { code, number, figures, words } => {
                            format!("{code:?}: {}", told(&Reason { number, figures, words }))
                        }
                        answer => format!("{answer:?}"),
                    };
                    let sealed = key.is_some_and(|key| frame.is_sealed_with(key));
                    return Some((frame.header.sequence, sealed, words));
                }
                Received::Dropped(error) => panic!("{error}"),
                Received::Nothing => {}
            }
        }
    }

    fn ask(&mut self, sequence: u32, request: &Request<'_>) -> Heard {
        let frame = self.frame(sequence, request, None);
        self.send(&frame);
        self.hear(None).unwrap()
    }

    /// Says hello; gives the challenge.
    fn hello(&mut self) -> Challenge {
        let words = self.ask(1, &Request::Hello { version: VERSION, schema: SCHEMA_HASH }).2;
        let numbers = words.split("challenge: Some([").nth(1).unwrap().split(']').next().unwrap();
        let bytes: Vec<u8> = numbers.split(", ").map(|number| number.parse().unwrap()).collect();
        bytes.try_into().unwrap()
    }

    /// Says hello and proves the key; gives the session's.
    fn prove(&mut self, key: &Key) -> SessionKey {
        let challenge = self.hello();
        let proof = key.proof(Side::Host, self.session, &challenge);
        let proved = self.ask(2, &Request::Prove { proof }).2;
        let expected = key.proof(Side::Device, self.session, &challenge);
        assert_eq!(proved, format!("{:?}", Response::Proved { proof: expected }));
        key.session(self.session, &challenge)
    }
}

fn locked(keys: &Keys) -> Running {
    Running::start(&["--listen", "127.0.0.1:0", "--key-file", keys.file(), "--allow-upload"])
}

#[test]
fn without_the_key_nothing_but_hello_is_served() {
    let keys = Keys::new();
    let server = locked(&keys);
    let mut raw = Raw::connect(&server, 77);
    let requests = [
        Request::Info,
        Request::UploadBegin { bytes: 1 << 30, crc: 1 },
        Request::UploadChunk { offset: 0, data: b"code" },
        Request::Load { threads: 1 },
        Request::Run,
        Request::Bye,
    ];
    for hello in [false, true] {
        if hello {
            raw.hello();
        }
        for (at, request) in (10..).zip(&requests) {
            let (sequence, _, words) = raw.ask(at, request);
            assert!(sequence == at && words.contains("KeyRequired"), "{request:?}: {words}");
        }
    }
    drop(raw);
    let mut client = Client::open_with(server.connect(), 6, PATIENCE, Some(&keys.key())).unwrap();
    assert!(client.is_proved());
    client.upload(&model(returns()), |_| {}).unwrap();
    client.load(1, PATIENCE).unwrap();
    client.bye().unwrap();
}

#[test]
fn a_wrong_key_and_a_replayed_proof_are_refused_and_the_connection_closed() {
    let (keys, others) = (Keys::new(), Keys::new());
    let server = locked(&keys);
    let mut raw = Raw::connect(&server, 8);
    let challenge = raw.hello();
    let wrong = raw.ask(2, &Request::Prove { proof: others.key().proof(Side::Host, 8, &challenge) });
    assert!(wrong.2.contains("WrongKey"), "{wrong:?}");
    assert_eq!(raw.hear(None), None);
    // What proved the key on one challenge proves nothing on the next, even in a session of the same id.
    let mut raw = Raw::connect(&server, 8);
    let challenge = raw.hello();
    let proof = keys.key().proof(Side::Host, 8, &challenge);
    assert!(raw.ask(2, &Request::Prove { proof }).2.contains("Proved"));
    drop(raw);
    let mut raw = Raw::connect(&server, 8);
    assert_ne!(raw.hello(), challenge);
    assert!(raw.ask(2, &Request::Prove { proof }).2.contains("WrongKey"));
    assert_eq!(raw.hear(None), None);
    // A proof without a hello.
    let mut raw = Raw::connect(&server, 8);
    assert!(raw.ask(2, &Request::Prove { proof }).2.contains("KeyRequired"));
    drop(raw);
    let refused = |key: Option<Key>| Client::open_with(server.connect(), 9, PATIENCE, key.as_ref()).unwrap_err();
    assert!(matches!(refused(Some(others.key())), ClientError::WrongKey));
    assert!(matches!(refused(None), ClientError::KeyRequired));
}

#[test]
fn what_was_recorded_of_a_session_does_nothing() {
    let keys = Keys::new();
    let server = locked(&keys);
    let mut raw = Raw::connect(&server, 11);
    let key = raw.prove(&keys.key());
    let begin = raw.frame(3, &Request::UploadBegin { bytes: 4, crc: 0 }, Some(&key));
    let chunk = raw.frame(4, &Request::UploadChunk { offset: 0, data: b"ab" }, Some(&key));
    let more = raw.frame(5, &Request::UploadChunk { offset: 2, data: b"cd" }, Some(&key));
    for (sequence, frame, held) in [(3, &begin, 0), (4, &chunk, 2), (5, &more, 4), (5, &more, 4)] {
        raw.send(frame);
        assert_eq!(raw.hear(Some(&key)).unwrap(), (sequence, true, format!("Uploaded {{ have: {held} }}")));
    }
    // Replayed: the upload is not begun again, and there is no answer before that to the next request.
    raw.send(&begin);
    raw.send(&chunk);
    let next = raw.frame(6, &Request::UploadBegin { bytes: 4, crc: 0 }, Some(&key));
    raw.send(&next);
    assert_eq!(raw.hear(Some(&key)).unwrap(), (6, true, "Uploaded { have: 4 }".to_string()));
    // Without a code, and with that of another key.
    let (sequence, sealed, words) = raw.ask(7, &Request::UploadBegin { bytes: 9, crc: 9 });
    assert!((sequence, sealed) == (7, false) && words.contains("KeyRequired"), "{words}");
    let forged = raw.frame(7, &Request::UploadBegin { bytes: 9, crc: 9 }, Some(&keys.key().session(11, &[0; 16])));
    raw.send(&forged);
    let (sequence, _, words) = raw.hear(None).unwrap();
    assert!(sequence == 0 && words.contains("another key's code"), "{words}");
    // In another session, of the same id.
    drop(raw);
    let mut raw = Raw::connect(&server, 11);
    raw.send(&more);
    assert!(raw.hear(None).unwrap().2.contains("KeyRequired"));
    let fresh = raw.prove(&keys.key());
    raw.send(&next);
    assert!(raw.hear(None).unwrap().2.contains("another key's code"));
    let begin = raw.frame(3, &Request::UploadBegin { bytes: 4, crc: 0 }, Some(&fresh));
    raw.send(&begin);
    assert_eq!(raw.hear(Some(&fresh)).unwrap(), (3, true, "Uploaded { have: 4 }".to_string()));
}

#[test]
fn an_oversized_frame_is_refused_and_takes_no_memory() {
    let keys = Keys::new();
    let server = locked(&keys);
    let mut raw = Raw::connect(&server, 12);
    raw.hello();
    let before = server.peak_memory();
    let long = raw.frame(2, &Request::UploadChunk { offset: 0, data: &[1; 200] }, None);
    raw.send(&long);
    assert!(raw.hear(None).unwrap().2.contains("FrameDropped"));
    for _ in 0..300 {
        raw.send(&[0x55; 1 << 16]);
    }
    raw.send(&[0]);
    assert!(raw.hear(None).unwrap().2.contains("FrameDropped"));
    assert_eq!(raw.hello().len(), 16);
    // What is read of the program meanwhile counts, too.
    let more = server.peak_memory() - before;
    assert!(more < 2048, "{more} KiB for 20 MB that nobody vouched for");
}

#[test]
fn who_says_nothing_keeps_nobody_out() {
    let keys = Keys::new();
    let server = locked(&keys);
    let mut silent = Raw::connect(&server, 13);
    let mut client = Client::open_with(server.connect(), 14, PATIENCE, Some(&keys.key())).unwrap();
    assert_eq!(silent.hear(None), None);
    client.info().unwrap();
}

#[test]
fn key_files_are_for_their_owner() {
    let keys = Keys::new();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&keys.path("key")), 0o600);
    let serve = |file: &str| ended(program(&["--listen", "127.0.0.1:0", "--key-file", file]));
    let (code, words) = ended(program(&["--new-key", keys.file()]));
    assert!(code == 1 && words.contains("is there already"), "{words}");
    std::fs::set_permissions(keys.path("key"), std::fs::Permissions::from_mode(0o644)).unwrap();
    let (code, words) = serve(keys.file());
    assert!(code == 1 && words.contains("644") && words.contains("chmod 600"), "{words}");
    let (code, words) = serve(keys.path("none").to_str().unwrap());
    assert!(code == 1 && words.contains("--new-key"), "{words}");
    std::fs::write(keys.path("short"), "00ff").unwrap();
    std::fs::set_permissions(keys.path("short"), std::fs::Permissions::from_mode(0o600)).unwrap();
    let (code, words) = serve(keys.path("short").to_str().unwrap());
    assert!(code == 1 && words.contains("64 hexadecimal digits"), "{words}");
    let (code, words) = ended(program(&["--listen", "0.0.0.0:0"]));
    assert!(code == 2 && words.contains("a key is needed"), "{words}");
}

#[test]
fn a_device_without_a_key_asks_for_none_and_takes_no_uploads() {
    let keys = Keys::new();
    let shipped = keys.path("m.lathe");
    std::fs::write(&shipped, model(returns())).unwrap();
    let server = Running::start(&["--listen", "127.0.0.1:0", "--model", shipped.to_str().unwrap()]);
    let mut client = Client::open_with(server.connect(), 15, PATIENCE, Some(&keys.key())).unwrap();
    assert!(!client.is_proved());
    client.upload(&model(returns()), |_| panic!("nothing is to be sent")).unwrap();
    client.load(1, PATIENCE).unwrap();
    match client.upload(&model(support::loops()), |_| {}).unwrap_err() {
        ClientError::Device { code: FaultCode::ArtifactRefused, detail, .. } => {
            assert!(detail.contains("--allow-upload"), "{detail}");
        }
        other => panic!("{other}"),
    }
}
