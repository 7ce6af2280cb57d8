//! A session with a device: hello, then typed requests.

use std::time::{Duration, Instant};

use super::{ClientError, Link};
use crate::accumulator::{Accumulator, Received};
use crate::frame::{self, CRC_BYTES, HEADER_BYTES, Header, Kind, crc32c};
use crate::messages::{MemoryUse, Request, Response, SCHEMA_HASH, VERSION, WrongElement};

/// Room a message's own fields take beside the data they carry.
const FIELDS: usize = 32;
/// Longest frame body this side takes.
const MAX_BODY: usize = 1 << 16;
/// Longest a request is waited for, whatever its patience: a moment that far away can still be reckoned with.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// What a device says of itself.
#[derive(Clone, Debug)]
pub struct DeviceInfo {
    /// target family as in `--target`
    pub target: String,
    /// processor, for reading
    pub cpu: String,
    /// processor features, by their names in artifacts
    pub features: Vec<String>,
    /// processors that can run workers
    pub workers: u32,
    /// memory for artifact and arena; 0 when unknown
    pub memory: u64,
    /// ticks a second of the counter it times with
    pub clock_hz: u64,
}

/// Measured samples.
#[derive(Clone, Debug)]
pub struct Samples {
    /// runs in each sample
    pub number: u32,
    /// ticks of each sample, for its `number` runs together
    pub ticks: Vec<u64>,
}

/// What a request was answered with, checked for failure.
pub type Answer<T> = Result<T, ClientError>;

/// The host's side of one session.
#[derive(Debug)]
pub struct Client<L> {
    link: L,
    session: u64,
    sequence: u32,
    accumulator: Accumulator<Vec<u8>>,
    pending: Vec<u8>,
    scratch: Vec<u8>,
    wire: Vec<u8>,
    chunk: usize,
    patience: Duration,
}

/// A request that was sent.
struct Call {
    name: &'static str,
    /// The header of its answer.
    answer: Header,
    patience: Duration,
    deadline: Instant,
}

impl Call {
    fn timeout(&self, damaged: u32) -> ClientError {
        ClientError::Timeout { request: self.name, after: self.patience, damaged }
    }

    /// Whether a frame of this header tells of something that keeps the answer from coming: it answers no request, and
    /// is from this session, or from a device that knows none any more. Before the hello's answer it may be older.
    fn is_ended_by(&self, header: Header) -> bool {
        let told = Header { sequence: 0, ..self.answer };
        header == told || (header == Header { session: 0, ..told } && self.name != HELLO)
    }
}

/// The request that opens a session.
const HELLO: &str = "hello";

impl<L: Link> Client<L> {
    /// Opens a session. `session` should be random and not 0; `patience` bounds each quick request (longer ones take
    /// their own).
    pub fn open(link: L, session: u64, patience: Duration) -> Answer<Client<L>> {
        let mut client = Client {
            link,
            session,
            sequence: 0,
            accumulator: Accumulator::new(vec![0; frame::wire_bytes(MAX_BODY)]),
            pending: Vec::new(),
            scratch: vec![0; HEADER_BYTES + MAX_BODY + CRC_BYTES],
            wire: vec![0; frame::wire_bytes(MAX_BODY)],
            chunk: 64,
            patience,
        };
        let hello = Request::Hello { version: VERSION, schema: SCHEMA_HASH };
        let (version, schema, max_body) = client.call(HELLO, &hello, patience, |r| match r {
            Response::Hello { version, schema, max_body } => Some((version, schema, max_body)),
            _ => None,
        })?;
        if (version, schema) != (VERSION, SCHEMA_HASH) {
            return Err(ClientError::Incompatible { host: (VERSION, SCHEMA_HASH), device: (version, schema) });
        }
        client.chunk = (max_body as usize).min(MAX_BODY).saturating_sub(FIELDS).max(1);
        Ok(client)
    }

    /// What the device is.
    pub fn info(&mut self) -> Answer<DeviceInfo> {
        self.call("info", &Request::Info, self.patience, |r| match r {
            Response::Info { target, cpu, features, workers, memory, clock_hz } => Some(DeviceInfo {
                target: target.to_string(),
                cpu: cpu.to_string(),
                features: features.split_whitespace().map(str::to_string).collect(),
                workers,
                memory,
                clock_hz,
            }),
            _ => None,
        })
    }

    /// Uploads `artifact`, going on where an interrupted upload stopped; `progress` is told the bytes the device holds.
    pub fn upload(&mut self, artifact: &[u8], mut progress: impl FnMut(usize)) -> Answer<()> {
        let held = |r: Response<'_>| match r {
            Response::Uploaded { have } => Some(have),
            _ => None,
        };
        let bytes = u32::try_from(artifact.len()).map_err(|_| ClientError::TooLarge { bytes: artifact.len() })?;
        let begin = Request::UploadBegin { bytes, crc: crc32c(artifact) };
        let mut have = self.call("upload", &begin, self.patience, held)?;
        while have < bytes {
            let rest = &artifact[have as usize..];
            let data = &rest[..rest.len().min(self.chunk)];
            let next = self.call("upload", &Request::UploadChunk { offset: have, data }, self.patience, held)?;
            if next <= have {
                return Err(ClientError::Unexpected { request: "upload" });
            }
            have = next;
            progress(have as usize);
        }
        Ok(())
    }

    /// Loads what was uploaded; gives the arena's bytes and the workers.
    pub fn load(&mut self, threads: u32, deadline: Duration) -> Answer<(u64, u32)> {
        self.call("load", &Request::Load { threads }, deadline, |r| match r {
            Response::Loaded { arena, threads } => Some((arena, threads)),
            _ => None,
        })
    }

    /// Writes the whole input `index`.
    pub fn set_input(&mut self, index: u32, bytes: &[u8]) -> Answer<()> {
        for (i, data) in bytes.chunks(self.chunk).enumerate() {
            let request = Request::SetInput { index, offset: (i * self.chunk) as u32, data };
            self.call("set input", &request, self.patience, |r| matches!(r, Response::Done).then_some(()))?;
        }
        Ok(())
    }

    /// Runs once; gives the ticks it took.
    pub fn run(&mut self, deadline: Duration) -> Answer<u64> {
        self.call("run", &Request::Run, deadline, |r| match r {
            Response::Ran { ticks } => Some(ticks),
            _ => None,
        })
    }

    /// Reads the whole output `index` of `bytes` bytes.
    pub fn output(&mut self, index: u32, bytes: usize) -> Answer<Vec<u8>> {
        let mut all = Vec::new();
        while all.len() < bytes {
            let limit = (bytes - all.len()).min(self.chunk) as u32;
            let request = Request::GetOutput { index, offset: all.len() as u32, limit };
            let data = self.call("get output", &request, self.patience, |r| match r {
                Response::Output { data } => Some(data.to_vec()),
                _ => None,
            })?;
            if data.is_empty() || all.len() + data.len() > bytes {
                return Err(ClientError::Unexpected { request: "get output" });
            }
            all.extend(data);
        }
        Ok(all)
    }

    /// Times runs by a [`Request::Time`] or [`Request::Profile`] and fetches every sample.
    pub fn time(&mut self, request: &Request<'_>, deadline: Duration) -> Answer<Samples> {
        let (number, count) = self.call("time", request, deadline, |r| match r {
            Response::Timed { number, samples } => Some((number, samples as usize)),
            _ => None,
        })?;
        let mut ticks = Vec::new();
        while ticks.len() < count {
            let first = ticks.len() as u32;
            let more = self.call("get samples", &Request::GetSamples { first }, self.patience, |r| match r {
                Response::Samples { ticks } => {
                    Some(ticks.as_chunks::<8>().0.iter().map(|b| u64::from_le_bytes(*b)).collect::<Vec<_>>())
                }
                _ => None,
            })?;
            if more.is_empty() {
                return Err(ClientError::Unexpected { request: "get samples" });
            }
            ticks.extend(more);
        }
        Ok(Samples { number, ticks })
    }

    /// Runs the golden self-test; gives the first element that is wrong.
    pub fn self_test(&mut self, deadline: Duration) -> Answer<Option<WrongElement>> {
        self.call("self-test", &Request::SelfTest, deadline, |r| match r {
            Response::SelfTested { wrong } => Some(wrong),
            _ => None,
        })
    }

    /// What runs since the load used of stack and arena.
    pub fn memory_use(&mut self) -> Answer<MemoryUse> {
        self.call("memory use", &Request::MemoryUse, self.patience, |r| match r {
            Response::MemoryUsed { memory } => Some(memory),
            _ => None,
        })
    }

    /// Ends the session.
    pub fn bye(mut self) -> Answer<()> {
        self.call("bye", &Request::Bye, self.patience, |r| matches!(r, Response::Done).then_some(()))
    }

    fn call<T>(
        &mut self,
        name: &'static str,
        request: &Request<'_>,
        patience: Duration,
        pick: impl FnOnce(Response<'_>) -> Option<T>,
    ) -> Answer<T> {
        let patience = patience.min(LONGEST);
        let deadline = Instant::now() + patience;
        // 0 is no request's.
        self.sequence = self.sequence.wrapping_add(1).max(1);
        let header = Header { kind: Kind::Request, sequence: self.sequence, session: self.session };
        let length = frame::encode(header, request, &mut self.scratch, &mut self.wire)
            .map_err(|_| ClientError::Unexpected { request: name })?;
        let call = Call { name, answer: Header { kind: Kind::Response, ..header }, patience, deadline };
        if let Err(e) = self.link.send(&self.wire[..length], deadline) {
            return Err(match e.kind() {
                std::io::ErrorKind::TimedOut => call.timeout(0),
                std::io::ErrorKind::BrokenPipe => ClientError::Closed { reason: self.link.closed_reason() },
                _ => ClientError::Link(e),
            });
        }
        self.answer(&call, pick)
    }

    fn answer<T>(&mut self, call: &Call, pick: impl FnOnce(Response<'_>) -> Option<T>) -> Answer<T> {
        let request = call.name;
        let mut damaged = 0;
        loop {
            while !self.pending.is_empty() {
                let mut input = self.pending.as_slice();
                let received = self.accumulator.take(&mut input);
                let rest = input.len();
                self.pending.drain(..self.pending.len() - rest);
                match received {
                    // An answer to a request that was given up, or of an earlier session, is passed over.
                    Received::Frame(f) if f.header == call.answer || call.is_ended_by(f.header) => {
                        return match f.message::<Response<'_>>() {
                            Ok(Response::Failed { code, detail }) => {
                                Err(ClientError::Device { request, code, detail: detail.to_string() })
                            }
                            Ok(r) => pick(r).ok_or(ClientError::Unexpected { request }),
                            Err(_) => Err(ClientError::Unexpected { request }),
                        };
                    }
                    Received::Dropped(_) => damaged += 1,
                    Received::Frame(_) | Received::Nothing => {}
                }
            }
            // A device that sends something all the time is no nearer to an answer.
            if Instant::now() >= call.deadline {
                return Err(call.timeout(damaged));
            }
            match self.link.receive(call.deadline).map_err(ClientError::Link)? {
                None => return Err(call.timeout(damaged)),
                Some(bytes) if bytes.is_empty() => {
                    return Err(ClientError::Closed { reason: self.link.closed_reason() });
                }
                Some(bytes) => self.pending = bytes,
            }
        }
    }
}
