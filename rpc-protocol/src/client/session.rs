//! A session with a device: hello, the proof of a key where it asks for one, then typed requests.

use std::time::Duration;

use super::exchange::{Exchange, HELLO, MAX_BODY};
use super::{ClientError, Link};
use crate::Loaded;
use crate::frame::crc32c;
use crate::key::{Challenge, Key, Side};
use crate::messages::{Condition, CounterKind, MemoryUse, Request, Response, SCHEMA_HASH, VERSION, WrongElement};

/// Room a message's own fields take beside the data they carry.
const FIELDS: usize = 32;

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
    /// which counter that is
    pub counter: CounterKind,
}

/// Measured samples.
#[derive(Clone, Debug)]
pub struct Samples {
    /// runs in each sample
    pub number: u32,
    /// ticks of each sample, for its `number` runs together
    pub ticks: Vec<u64>,
    /// ticks that were taken off each run, for reading the counter
    pub overhead: u64,
}

/// What a request was answered with, checked for failure.
pub type Answer<T> = Result<T, ClientError>;

/// The host's side of one session.
#[derive(Debug)]
pub struct Client<L> {
    exchange: Exchange<L>,
    chunk: usize,
    patience: Duration,
}

impl<L: Link> Client<L> {
    /// Opens a session with a device that asks for no key. `session` should be random and not 0; `patience` bounds each
    /// quick request (longer ones take their own).
    pub fn open(link: L, session: u64, patience: Duration) -> Answer<Client<L>> {
        Client::open_with(link, session, patience, None)
    }

    /// Opens a session, and proves `key` where the device asks for it; see [`Client::is_proved`].
    pub fn open_with(link: L, session: u64, patience: Duration, key: Option<&Key>) -> Answer<Client<L>> {
        let mut client = Client { exchange: Exchange::new(link, session), chunk: 1, patience };
        let hello = Request::Hello { version: VERSION, schema: SCHEMA_HASH };
        let (version, schema, max_body, challenge) = client.call(HELLO, &hello, patience, |r| match r {
            Response::Hello { version, schema, max_body, challenge } => Some((version, schema, max_body, challenge)),
            _ => None,
        })?;
        if (version, schema) != (VERSION, SCHEMA_HASH) {
            return Err(ClientError::Incompatible { host: (VERSION, SCHEMA_HASH), device: (version, schema) });
        }
        if let Some(challenge) = challenge {
            client.prove(key.ok_or(ClientError::KeyRequired)?, &challenge)?;
        }
        client.chunk = (max_body as usize).min(MAX_BODY).saturating_sub(FIELDS).max(1);
        Ok(client)
    }

    fn prove(&mut self, key: &Key, challenge: &Challenge) -> Answer<()> {
        let session = self.exchange.session();
        let request = Request::Prove { proof: key.proof(Side::Host, session, challenge) };
        let proof = self.call("prove", &request, self.patience, |r| match r {
            Response::Proved { proof } => Some(proof),
            _ => None,
        })?;
        if !key.is_proved_by(&proof, Side::Device, session, challenge) {
            return Err(ClientError::Impostor);
        }
        self.exchange.key = Some(key.session(session, challenge));
        Ok(())
    }

    /// Whether host and device proved a key to each other.
    pub fn is_proved(&self) -> bool {
        self.exchange.key.is_some()
    }

    /// What the device is.
    pub fn info(&mut self) -> Answer<DeviceInfo> {
        self.call("info", &Request::Info, self.patience, |r| match r {
            Response::Info { target, cpu, features, workers, memory, clock_hz, counter } => Some(DeviceInfo {
                target: target.to_string(),
                cpu: cpu.to_string(),
                features: features.split_whitespace().map(str::to_string).collect(),
                workers,
                memory,
                clock_hz,
                counter,
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

    /// Loads what was uploaded.
    pub fn load(&mut self, threads: u32, deadline: Duration) -> Answer<Loaded> {
        self.call("load", &Request::Load { threads }, deadline, |r| match r {
            Response::Loaded { arena, threads, noise_as_weights } => Some(Loaded { arena, threads, noise_as_weights }),
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
        let (number, count, overhead) = self.call("time", request, deadline, |r| match r {
            Response::Timed { number, samples, overhead } => Some((number, samples as usize, overhead)),
            _ => None,
        })?;
        Ok(Samples { number, ticks: self.samples(count)?, overhead })
    }

    /// What each of the `count` samples of the last [`Request::Time`] was taken under; empty when the device does not look.
    pub fn conditions(&mut self, count: usize) -> Answer<Vec<Condition>> {
        let mut all = Vec::new();
        for sample in 0..count as u32 {
            let condition =
                self.call("get condition", &Request::GetCondition { sample }, self.patience, |r| match r {
                    Response::SampleCondition { condition } => Some(condition),
                    _ => None,
                })?;
            let Some(condition) = condition else { break };
            all.push(condition);
        }
        Ok(all)
    }

    /// Holds the device's clock at `khz`, or lets it go with 0.
    pub fn hold_clock(&mut self, khz: u32) -> Answer<()> {
        self.call("hold clock", &Request::HoldClock { khz }, self.patience, |r| {
            matches!(r, Response::Done).then_some(())
        })
    }

    /// Fetches the `count` samples of the last measurement.
    pub(super) fn samples(&mut self, count: usize) -> Answer<Vec<u64>> {
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
        Ok(ticks)
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

    pub(super) fn call<T>(
        &mut self,
        name: &'static str,
        request: &Request<'_>,
        patience: Duration,
        pick: impl FnOnce(Response<'_>) -> Option<T>,
    ) -> Answer<T> {
        self.exchange.call(name, request, patience, pick)
    }
}
