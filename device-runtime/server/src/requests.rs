//! Each request's answer.

use rpc_protocol::{FaultCode, Request, Response, SCHEMA_HASH, TimeUnit, VERSION};

use crate::model::{Model, Samples, time_options};
use crate::serve::MAX_BODY;
use crate::upload::Upload;

/// Most bytes of data in one answer, room left for its other fields.
const MAX_DATA: usize = MAX_BODY - 64;

/// Something that could not be done.
#[derive(Debug)]
pub struct Fault {
    /// what kind
    pub code: FaultCode,
    /// a sentence for the person at the host
    pub detail: String,
}

impl Fault {
    /// A fault of this kind.
    pub fn new(code: FaultCode, detail: impl Into<String>) -> Fault {
        Fault { code, detail: detail.into() }
    }
}

/// The server's state between requests.
#[derive(Default)]
pub struct Server {
    session: Option<u64>,
    upload: Upload,
    model: Option<Model>,
    samples: Samples,
}

impl Server {
    /// Does what `request` asks and hands the answer to `send`.
    pub fn answer<R>(&mut self, session: u64, request: &Request<'_>, send: impl FnOnce(&Response<'_>) -> R) -> R {
        if let Request::Hello { version, schema } = *request {
            self.model = None;
            self.samples = Samples::default();
            self.session = ((version, schema) == (VERSION, SCHEMA_HASH)).then_some(session);
            return send(&Response::Hello { version: VERSION, schema: SCHEMA_HASH, max_body: MAX_BODY as u32 });
        }
        if self.session != Some(session) {
            let detail = "this session is not open here: the device restarted, or another host said hello";
            return send(&Response::Failed { code: FaultCode::NoSession, detail });
        }
        match request {
            Request::Info => send(&info(&lathe_runtime_std::host_features().join(" "))),
            Request::GetOutput { index, offset, limit } => {
                let limit = (*limit as usize).min(MAX_DATA);
                let output = loaded(&mut self.model).and_then(|m| m.output(*index, *offset, limit));
                reply(output.map(|data| Response::Output { data }), send)
            }
            Request::GetSamples { first } => {
                let left = self.samples.ticks.get(*first as usize..).unwrap_or_default();
                let ticks: Vec<u8> = left.iter().take(MAX_DATA / 8).flat_map(|t| t.to_le_bytes()).collect();
                send(&Response::Samples { ticks: &ticks })
            }
            Request::SelfTest => {
                let tested = loaded(&mut self.model).map(Model::self_test);
                let detail = tested.as_ref().ok().and_then(|t| t.as_ref().err().cloned()).unwrap_or_default();
                reply(tested.map(|t| Response::SelfTested { passed: t.is_ok(), detail: &detail }), send)
            }
            other => reply(self.act(other), send),
        }
    }

    /// The requests whose answers borrow nothing.
    fn act(&mut self, request: &Request<'_>) -> Result<Response<'static>, Fault> {
        match *request {
            Request::UploadBegin { bytes, crc } => Ok(Response::Uploaded { have: self.upload.begin(bytes, crc)? }),
            Request::UploadChunk { offset, data } => Ok(Response::Uploaded { have: self.upload.chunk(offset, data)? }),
            Request::Load { threads } => {
                self.model = None;
                let mut model = Model::load(self.upload.artifact()?, threads)?;
                let (arena, threads) = model.figures();
                self.model = Some(model);
                Ok(Response::Loaded { arena, threads })
            }
            Request::SetInput { index, offset, data } => {
                loaded(&mut self.model)?.set_input(index, offset, data)?;
                Ok(Response::Done)
            }
            Request::Run => {
                let ticks = loaded(&mut self.model)?.run()?;
                Ok(Response::Ran { ticks, unit: TimeUnit::Nanoseconds })
            }
            Request::Time { number, repeat, min_repeat_ms, cooldown_ms, flush_cache } => {
                let options = time_options(number, repeat, min_repeat_ms, cooldown_ms, flush_cache);
                let samples = loaded(&mut self.model)?.time(&options);
                Ok(self.timed(samples))
            }
            Request::Profile { number } => {
                let samples = loaded(&mut self.model)?.profile(number.max(1));
                Ok(self.timed(samples))
            }
            Request::Bye => {
                self.session = None;
                self.model = None;
                Ok(Response::Done)
            }
            // `answer` takes all others before it comes here.
            _ => Err(Fault::new(FaultCode::BadRequest, "this request has no place here")),
        }
    }

    fn timed(&mut self, samples: Samples) -> Response<'static> {
        let (number, count) = (samples.number, samples.ticks.len() as u32);
        self.samples = samples;
        Response::Timed { number, samples: count, unit: TimeUnit::Nanoseconds }
    }
}

fn loaded(model: &mut Option<Model>) -> Result<&mut Model, Fault> {
    model.as_mut().ok_or_else(|| Fault::new(FaultCode::NoModel, "no model is loaded"))
}

fn info(features: &str) -> Response<'_> {
    let workers = std::thread::available_parallelism().map_or(1, |n| n.get() as u32);
    let target = lathe_runtime_std::host_target();
    Response::Info { target, cpu: std::env::consts::ARCH, features, workers, memory: 0 }
}

fn reply<R>(result: Result<Response<'_>, Fault>, send: impl FnOnce(&Response<'_>) -> R) -> R {
    match result {
        Ok(response) => send(&response),
        Err(fault) => {
            let end = fault.detail.floor_char_boundary(MAX_DATA);
            send(&Response::Failed { code: fault.code, detail: &fault.detail[..end] })
        }
    }
}
