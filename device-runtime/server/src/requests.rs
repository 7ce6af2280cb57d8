//! Each request's answer.

use rpc_protocol::frame::SessionKey;
use rpc_protocol::reasons::OPEN_ALREADY;
use rpc_protocol::{FaultCode, Header, Loaded, Reason, Request, Response};

use crate::device::{Device, Fault, TimeOptions, Timed};
use crate::link::Link;
use crate::log;
use crate::replies::Replies;
use crate::trial::{TrialOptions, Tried};

/// Where an answer goes.
pub(crate) struct Answer<'a, 'b, L> {
    pub link: &'a mut L,
    pub replies: &'a mut Replies<'b>,
    pub header: Header,
    /// What seals it.
    pub key: Option<&'a SessionKey>,
}

impl<L: Link> Answer<'_, '_, L> {
    fn send(self, response: &Response<'_>) -> Result<(), L::Error> {
        self.replies.send(self.link, self.header, self.key, response)
    }

    fn reply<F: Fault>(self, result: Result<Response<'_>, F>) -> Result<(), L::Error> {
        match result {
            Ok(response) => self.send(&response),
            Err(fault) => self.fail(fault.code(), fault.reason()),
        }
    }

    pub fn fail(self, code: FaultCode, reason: Reason<'_>) -> Result<(), L::Error> {
        log::refused(self.header.sequence, code);
        self.replies.fail(self.link, self.header, self.key, code, reason)
    }
}

/// Has `device` do what `request` of the open session asks and sends the answer.
pub(crate) fn answer<L: Link, D: Device>(
    device: &mut D,
    request: &Request<'_>,
    answer: Answer<'_, '_, L>,
) -> Result<(), L::Error> {
    log::request(answer.header.sequence, request);
    let max_data = answer.replies.max_data();
    match *request {
        Request::Hello { .. } | Request::Prove { .. } => {
            answer.fail(FaultCode::BadRequest, Reason::of(OPEN_ALREADY, [0; 4]))
        }
        Request::Info => {
            let info = device.info();
            answer.send(&Response::Info {
                target: info.target,
                cpu: info.cpu,
                features: info.features,
                workers: info.workers,
                memory: info.memory,
                clock_hz: info.clock_hz,
                counter: info.counter,
            })
        }
        Request::GetOutput { index, offset, limit } => {
            let limit = max_data.min(limit as usize);
            answer.reply(device.output(index, offset, limit).map(|data| Response::Output { data }))
        }
        Request::GetSamples { first } => {
            let mut ticks = [0; SAMPLES * 8];
            let data = samples(device.samples(), first, max_data, &mut ticks);
            answer.send(&Response::Samples { ticks: data })
        }
        Request::Bye => {
            // The session stays: this answer may have to be sent again.
            device.forget();
            answer.send(&Response::Done)
        }
        ref other => answer.reply(act(device, other)),
    }
}

/// Samples in one answer.
const SAMPLES: usize = 32;

/// The samples from `first` on, as the wire has them, as many as fit.
fn samples<'t>(samples: &[u64], first: u32, max_data: usize, ticks: &'t mut [u8; SAMPLES * 8]) -> &'t [u8] {
    let left = samples.get(first as usize..).unwrap_or_default();
    let count = left.len().min(SAMPLES).min(max_data / 8);
    for (slot, sample) in ticks.as_chunks_mut::<8>().0.iter_mut().zip(left) {
        *slot = sample.to_le_bytes();
    }
    ticks.get(..count.wrapping_mul(8)).unwrap_or_default()
}

/// The requests whose answers borrow nothing.
fn act<D: Device>(device: &mut D, request: &Request<'_>) -> Result<Response<'static>, D::Fault> {
    Ok(match *request {
        Request::UploadBegin { bytes, crc } => Response::Uploaded { have: device.upload_begin(bytes, crc)? },
        Request::UploadChunk { offset, data } => Response::Uploaded { have: device.upload_chunk(offset, data)? },
        Request::Load { threads } => {
            let Loaded { arena, threads, noise_as_weights } = device.load(threads)?;
            Response::Loaded { arena, threads, noise_as_weights }
        }
        Request::SetInput { index, offset, data } => {
            device.set_input(index, offset, data)?;
            Response::Done
        }
        Request::Run => Response::Ran { ticks: device.run()? },
        Request::Time { number, repeat, min_repeat_ms, cooldown_ms, flush_cache } => {
            timed(device.time(&TimeOptions { number, repeat, min_repeat_ms, cooldown_ms, flush_cache })?)
        }
        Request::GetCondition { sample } => Response::SampleCondition { condition: device.condition(sample) },
        Request::HoldClock { khz } => {
            device.hold_clock(khz)?;
            Response::Done
        }
        Request::Profile { number } => timed(device.profile(number.max(1))?),
        Request::SelfTest => Response::SelfTested { wrong: device.self_test()? },
        Request::MemoryUse => Response::MemoryUsed { memory: device.memory_use()? },
        Request::Trial { candidate, number, repeat, min_repeat_ms, cooldown_ms, limit_ms } => {
            let options = TrialOptions { candidate, number, repeat, min_repeat_ms, cooldown_ms, limit_ms };
            let Tried { outcome, number, samples, arena, overhead } = device.trial(&options)?;
            Response::Tried { outcome, number, samples, arena, overhead }
        }
        // `answer` takes these before it comes here.
        Request::Hello { .. }
        | Request::Prove { .. }
        | Request::Info
        | Request::GetOutput { .. }
        | Request::GetSamples { .. }
        | Request::Bye => Response::Done,
    })
}

fn timed(Timed { number, samples, overhead }: Timed) -> Response<'static> {
    Response::Timed { number, samples, overhead }
}
