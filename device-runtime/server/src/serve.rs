//! The request loop: frames in, frames out.

use rpc_protocol::frame::FrameError;
#[cfg(feature = "key")]
use rpc_protocol::frame::wire_bytes;
#[cfg(feature = "key")]
use rpc_protocol::key::{Challenge, Key};
use rpc_protocol::reasons;
use rpc_protocol::{
    Accumulator, FaultCode, Frame, Header, Kind, Reason, Received, Request, Response, SCHEMA_HASH, VERSION,
};

use crate::device::Device;
use crate::link::Link;
use crate::log;
use crate::replies::{Replies, frame_bytes, max_body};
use crate::requests;
use crate::sessions::{Sessions, Standing};

/// Serves requests until the link closes or breaks, in `memory` of [`buffer_bytes`](crate::buffer_bytes) bytes.
pub fn serve<L: Link, D: Device>(link: L, device: &mut D, memory: &mut [u8]) -> Result<(), L::Error> {
    Server::new(memory).serve(link, device)
}

/// The loop without its waiting, for firmware that has other things to do: hand it the bytes that came.
pub struct Server<'b> {
    accumulator: Accumulator<&'b mut [u8]>,
    replies: Replies<'b>,
    sessions: Sessions,
}

/// Longest frame taken before a key is proved.
#[cfg(feature = "key")]
const HANDSHAKE_BYTES: usize = wire_bytes(64);

impl<'b> Server<'b> {
    /// A server without a session, in `memory` of [`buffer_bytes`](crate::buffer_bytes) bytes.
    pub fn new(memory: &'b mut [u8]) -> Self {
        Server::with(memory, Sessions::default())
    }

    /// A server that serves only holders of `key`. `random` gives challenges, none of them twice, or none when there is
    /// no randomness to make them of.
    #[cfg(feature = "key")]
    pub fn locked(memory: &'b mut [u8], key: Key, random: fn() -> Option<Challenge>) -> Self {
        let mut server = Server::with(memory, Sessions::locked(key, random));
        server.accumulator.limit(HANDSHAKE_BYTES);
        server
    }

    fn with(memory: &'b mut [u8], sessions: Sessions) -> Self {
        let (length, body) = (frame_bytes(memory.len()), max_body(memory.len()));
        let (receive, rest) = memory.split_at_mut_checked(length).unwrap_or_default();
        let (answer, aside) = rest.split_at_mut_checked(length).unwrap_or_default();
        Server { accumulator: Accumulator::new(receive), replies: Replies::new(answer, aside, body), sessions }
    }

    /// Whether a session is open: with a key, whether it is proved.
    pub fn in_session(&self) -> bool {
        self.sessions.id().is_some()
    }

    /// Whether somebody tried a wrong key.
    #[cfg(feature = "key")]
    pub fn was_refused(&self) -> bool {
        self.sessions.lock.as_ref().is_some_and(|lock| lock.refused)
    }

    /// Serves requests until the link closes or breaks.
    pub fn serve<L: Link, D: Device>(&mut self, mut link: L, device: &mut D) -> Result<(), L::Error> {
        let mut chunk = [0; 64];
        loop {
            let got = link.read(&mut chunk)?;
            if got == 0 {
                return Ok(());
            }
            self.receive(chunk.get(..got).unwrap_or_default(), &mut link, device)?;
        }
    }

    /// Tells the host something that answers no request, as firmware does that restarts after a fault.
    pub fn tell<L: Link>(&mut self, link: &mut L, code: FaultCode, reason: Reason<'_>) -> Result<(), L::Error> {
        tell(&self.sessions, &mut self.replies, link, code, reason)
    }

    /// Takes bytes from the link, and acts on and answers every request that ends in them.
    pub fn receive<L: Link, D: Device>(
        &mut self,
        mut bytes: &[u8],
        link: &mut L,
        device: &mut D,
    ) -> Result<(), L::Error> {
        while !bytes.is_empty() {
            let (sessions, replies) = (&mut self.sessions, &mut self.replies);
            match self.accumulator.take(&mut bytes) {
                Received::Frame(frame) if frame.header.kind == Kind::Request => {
                    request(&frame, sessions, replies, link, device)?;
                }
                Received::Dropped(error) => dropped(error, sessions, replies, link)?,
                Received::Frame(_) | Received::Nothing => {}
            }
            #[cfg(feature = "key")]
            if self.sessions.id().is_some() {
                self.accumulator.limit(usize::MAX);
            }
        }
        Ok(())
    }
}

/// Acts on the request in `frame`, or sends its answer again.
fn request<L: Link, D: Device>(
    frame: &Frame<'_>,
    sessions: &mut Sessions,
    replies: &mut Replies<'_>,
    link: &mut L,
    device: &mut D,
) -> Result<(), L::Error> {
    match sessions.standing(frame) {
        Standing::Next => {
            let answer = requests::Answer { link, replies, header: frame.header, key: sessions.key() };
            match frame.message::<Request<'_>>() {
                Ok(request) => requests::answer(device, &request, answer),
                Err(error) => {
                    let reason = frame_reason(error, answer.replies);
                    answer.fail(FaultCode::BadRequest, reason)
                }
            }
        }
        Standing::Again => replies.repeat(link),
        Standing::Past => Ok(()),
        Standing::Forged => dropped(FrameError::Code, sessions, replies, link),
        Standing::Unsealed => no_session(FaultCode::KeyRequired, frame.header, replies, link),
        Standing::OtherSession => other_session(frame, sessions, replies, link, device),
    }
}

/// Answers a request of no open session: a hello opens one, or with a key its proof does.
fn other_session<L: Link, D: Device>(
    frame: &Frame<'_>,
    sessions: &mut Sessions,
    replies: &mut Replies<'_>,
    link: &mut L,
    device: &mut D,
) -> Result<(), L::Error> {
    let Header { session: id, sequence, .. } = frame.header;
    let max_body = replies.max_body() as u32;
    let hello = |challenge| Response::Hello { version: VERSION, schema: SCHEMA_HASH, max_body, challenge };
    match frame.message() {
        Ok(Request::Hello { version, schema }) if (version, schema) != (VERSION, SCHEMA_HASH) => {
            replies.send_aside(link, frame.header, &hello(None))
        }
        #[cfg(feature = "key")]
        Ok(Request::Hello { .. }) if sessions.lock.is_some() => match sessions.challenge(id) {
            Some(challenge) => replies.send_aside(link, frame.header, &hello(Some(challenge))),
            None => {
                let reason = Reason::of(reasons::NO_RANDOM, [0; 4]);
                replies.fail_aside(link, frame.header, FaultCode::Unsupported, reason)
            }
        },
        #[cfg(feature = "key")]
        Ok(Request::Prove { proof }) => match sessions.prove(id, sequence, &proof) {
            Ok(proof) => {
                device.forget();
                replies.send(link, frame.header, None, &Response::Proved { proof })
            }
            Err(code) => no_session(code, frame.header, replies, link),
        },
        Ok(Request::Hello { .. }) => {
            device.forget();
            sessions.open(id, sequence);
            replies.send(link, frame.header, None, &hello(None))
        }
        #[cfg(feature = "key")]
        _ if sessions.lock.is_some() => no_session(FaultCode::KeyRequired, frame.header, replies, link),
        _ => no_session(FaultCode::NoSession, frame.header, replies, link),
    }
}

/// Refuses a request of no open session.
fn no_session<L: Link>(
    code: FaultCode,
    header: Header,
    replies: &mut Replies<'_>,
    link: &mut L,
) -> Result<(), L::Error> {
    log::refused(header.sequence, code);
    let number = match code {
        FaultCode::WrongKey => reasons::WRONG_KEY,
        FaultCode::KeyRequired => reasons::KEY_REQUIRED,
        _ => reasons::NO_SESSION,
    };
    replies.fail_aside(link, header, code, Reason::of(number, [header.session, 0, 0, 0]))
}

/// Tells of a frame that was dropped: it had no number to answer to.
fn dropped<L: Link>(
    error: FrameError,
    sessions: &Sessions,
    replies: &mut Replies<'_>,
    link: &mut L,
) -> Result<(), L::Error> {
    log::dropped(error);
    let reason = frame_reason(error, replies);
    tell(sessions, replies, link, FaultCode::FrameDropped, reason)
}

/// What is wrong with a frame, and how long bodies may be.
fn frame_reason(error: FrameError, replies: &Replies<'_>) -> Reason<'static> {
    Reason::of(reasons::FRAME, [error as u64, replies.max_body() as u64, 0, 0])
}

fn tell<L: Link>(
    sessions: &Sessions,
    replies: &mut Replies<'_>,
    link: &mut L,
    code: FaultCode,
    reason: Reason<'_>,
) -> Result<(), L::Error> {
    // Number 0 is no request's, and session 0 none's.
    let header = Header { kind: Kind::Response, sequence: 0, session: sessions.id().unwrap_or(0) };
    replies.fail_aside(link, header, code, reason)
}
