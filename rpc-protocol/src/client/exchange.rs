//! One request and its answer over a line that may lose, damage, repeat or reorder frames: the request is sent again until
//! its answer comes or its deadline passes, and the device does it once.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use lathe_artifact::Reason;

use super::{Answer, ClientError, Link};
use crate::accumulator::{Accumulator, Received};
use crate::frame::{self, Frame, Header, Kind, SessionKey};
use crate::messages::{FaultCode, Request, Response};
use crate::reasons::told;
use crate::wire::{Reader, Wire};

/// Longest frame body this side takes and sends.
pub const MAX_BODY: usize = 1 << 16;
/// The request that opens a session.
pub const HELLO: &str = "hello";

/// How long the line is silent before a request is sent again; each time twice as long, up to the longest.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(16);
/// How often a request is sent again at once because the device dropped a frame: perhaps it drops this one each time.
const AT_ONCE: u32 = 8;
/// Longest a request is waited for, whatever its patience: a moment that far away can still be reckoned with.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// The line to a device, and the session on it.
#[derive(Debug)]
pub struct Exchange<L> {
    link: L,
    session: u64,
    /// That of the request sent last.
    sequence: u32,
    /// Seals every frame once it is proved.
    pub key: Option<SessionKey>,
    accumulator: Accumulator<Vec<u8>>,
    pending: Vec<u8>,
    wire: Vec<u8>,
}

/// A request that was sent.
struct Call {
    name: &'static str,
    /// The header of its answer.
    answer: Header,
    /// Bytes of its frame.
    length: usize,
    patience: Duration,
    deadline: Instant,
    /// When it is sent again, and how long the line must then be silent.
    due: Instant,
    wait: Duration,
    at_once: u32,
    damaged: u32,
    told: Option<String>,
}

impl Call {
    fn timeout(self) -> ClientError {
        let Call { name: request, patience: after, damaged, told, .. } = self;
        ClientError::Timeout { request, after, damaged, told }
    }

    fn refused(&self, code: FaultCode, reason: &Reason<'_>) -> ClientError {
        let request = self.name;
        match code {
            FaultCode::NoSession | FaultCode::KeyRequired => ClientError::SessionLost { request },
            FaultCode::WrongKey => ClientError::WrongKey,
            _ => ClientError::Device { request, code, detail: told(reason) },
        }
    }
}

/// What a frame means to the request that is waited for.
enum Meaning<'a> {
    Answer(Response<'a>),
    /// Of another protocol version, perhaps.
    Unreadable(&'a [u8]),
    Failed(ClientError),
    /// The device dropped a frame, perhaps this request.
    Dropped(Reason<'a>),
    /// An answer to a request that was given up or sent twice, or of an earlier session.
    Late,
}

impl<L: Link> Exchange<L> {
    /// Over `link`, in the session of this id.
    pub fn new(link: L, session: u64) -> Exchange<L> {
        Exchange {
            link,
            session,
            sequence: 0,
            key: None,
            accumulator: Accumulator::new(vec![0; frame::wire_bytes(MAX_BODY)]),
            pending: Vec::new(),
            wire: vec![0; frame::wire_bytes(MAX_BODY)],
        }
    }

    /// The session's id.
    pub fn session(&self) -> u64 {
        self.session
    }

    /// Has the device do `request`, within `patience`, and gives what `pick` takes of the answer.
    pub fn call<T>(
        &mut self,
        name: &'static str,
        request: &Request<'_>,
        patience: Duration,
        pick: impl FnOnce(Response<'_>) -> Option<T>,
    ) -> Answer<T> {
        let patience = patience.min(LONGEST);
        let now = self.link.now();
        // 0 is no request's, and numbers do not come again in a session.
        self.sequence = self.sequence.checked_add(1).ok_or(ClientError::SessionLost { request: name })?;
        let header = Header { kind: Kind::Request, sequence: self.sequence, session: self.session };
        let length = frame::encode(header, request, self.key.as_ref(), &mut self.wire)
            .map_err(|_| ClientError::Unexpected { request: name })?;
        let call = Call {
            name,
            answer: Header { kind: Kind::Response, ..header },
            length,
            patience,
            deadline: now + patience,
            due: now,
            wait: FIRST_WAIT,
            at_once: AT_ONCE,
            damaged: 0,
            told: None,
        };
        self.answer(call, pick)
    }

    fn answer<T>(&mut self, mut call: Call, pick: impl FnOnce(Response<'_>) -> Option<T>) -> Answer<T> {
        let request = call.name;
        loop {
            while !self.pending.is_empty() {
                let mut input = self.pending.as_slice();
                let received = self.accumulator.take(&mut input);
                let rest = input.len();
                self.pending.drain(..self.pending.len() - rest);
                let frame = match received {
                    Received::Frame(frame) => frame,
                    Received::Nothing => continue,
                    Received::Dropped(_) => {
                        call.damaged += 1;
                        continue;
                    }
                };
                match meaning(&frame, &call, self.key.as_ref()) {
                    Meaning::Answer(response) => return pick(response).ok_or(ClientError::Unexpected { request }),
                    Meaning::Unreadable(body) => return Err(unreadable(request, body)),
                    Meaning::Failed(error) => return Err(error),
                    Meaning::Dropped(reason) => {
                        call.told = Some(told(&reason));
                        if let Some(left) = call.at_once.checked_sub(1) {
                            (call.at_once, call.due) = (left, self.link.now());
                        }
                    }
                    Meaning::Late => {}
                }
            }
            let now = self.link.now();
            // A device that sends something all the time is no nearer to an answer.
            if now >= call.deadline {
                return Err(call.timeout());
            }
            if now >= call.due {
                self.send(&call)?;
                call.due = self.link.now() + call.wait;
                call.wait = (call.wait * 2).min(LONGEST_WAIT);
            }
            match self.link.receive(call.deadline.min(call.due)).map_err(ClientError::Link)? {
                None => {}
                Some(bytes) if bytes.is_empty() => return Err(self.closed()),
                Some(bytes) => {
                    // An answer may be on its way.
                    call.due = call.due.max(self.link.now() + call.wait / 2);
                    self.pending = bytes;
                }
            }
        }
    }

    fn send(&mut self, call: &Call) -> Answer<()> {
        match self.link.send(&self.wire[..call.length], call.deadline) {
            Ok(()) => Ok(()),
            // The answer may come in spite of it, or the deadline.
            Err(error) if error.kind() == ErrorKind::TimedOut => Ok(()),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(self.closed()),
            Err(error) => Err(ClientError::Link(error)),
        }
    }

    fn closed(&mut self) -> ClientError {
        ClientError::Closed { reason: self.link.closed_reason() }
    }
}

fn meaning<'a>(frame: &Frame<'a>, call: &Call, key: Option<&SessionKey>) -> Meaning<'a> {
    let genuine = match key {
        Some(key) => frame.is_sealed_with(key),
        None => !frame.is_sealed(),
    };
    if frame.header == call.answer {
        return match frame.message() {
            Ok(Response::Failed { code, number, figures, words }) if genuine => {
                Meaning::Failed(call.refused(code, &Reason { number, figures, words }))
            }
            Ok(response) if genuine => Meaning::Answer(response),
            // A device that restarted has forgotten the session's key, and says so without.
            Ok(Response::Failed {
                code: code @ (FaultCode::NoSession | FaultCode::KeyRequired),
                number,
                figures,
                words,
            }) => Meaning::Failed(call.refused(code, &Reason { number, figures, words })),
            Err(_) if genuine => Meaning::Unreadable(frame.body),
            _ => Meaning::Late,
        };
    }
    // What answers no request is from this session, or from a device that knows none.
    let told = Header { sequence: 0, ..call.answer };
    let unknown = Header { session: 0, ..told };
    if frame.header != told && frame.header != unknown {
        return Meaning::Late;
    }
    match frame.message() {
        Ok(Response::Failed { code: FaultCode::FrameDropped, number, figures, words }) => {
            Meaning::Dropped(Reason { number, figures, words })
        }
        // Before a session it tells of an earlier one.
        Ok(Response::Failed { .. }) if call.name == HELLO && frame.header == unknown => Meaning::Late,
        Ok(Response::Failed { code, number, figures, words }) => {
            Meaning::Failed(call.refused(code, &Reason { number, figures, words }))
        }
        _ => Meaning::Late,
    }
}

/// The answer to a hello begins with version and schema in every version of the protocol.
fn unreadable(request: &'static str, body: &[u8]) -> ClientError {
    use crate::messages::{SCHEMA_HASH, VERSION};
    let mut reader = Reader::new(body);
    let (variant, version, schema) = (u32::take(&mut reader), u16::take(&mut reader), u32::take(&mut reader));
    if request == HELLO && variant == 0 && reader.is_right(false) {
        return ClientError::Incompatible { host: (VERSION, SCHEMA_HASH), device: (version, schema) };
    }
    ClientError::Unexpected { request }
}
