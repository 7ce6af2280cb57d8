//! This machine as a device: artifacts in memory, run on threads.

mod candidates;
mod fault;
mod host_watch;
mod model;
mod sandbox;

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use device_server::rpc_protocol::frame::crc32c;
use device_server::rpc_protocol::{CALLS_NOT_STOPPED, Condition, CounterKind, Loaded, MemoryUse, WrongElement};
use device_server::trial::{TrialOptions, Tried};
use device_server::{Device, Info, Refusal, TimeOptions, Timed, Upload, figure};

use lathe_runtime_std::conditions::{self, ClockLock, Sysfs};

use candidates::Candidates;
pub use fault::MachineFault;
use host_watch::HostWatch;
use model::{Model, nanoseconds};

/// Ticks of this machine's counter: nanoseconds.
const CLOCK_HZ: u64 = 1_000_000_000;

/// This machine.
pub struct Machine {
    cpu: String,
    features: String,
    /// The artifacts it was started with.
    shipped: Vec<Vec<u8>>,
    /// Which of them is to be loaded, while nothing is uploaded.
    chosen: usize,
    /// Whether the host may send artifacts, which are programs.
    uploads: bool,
    upload: Option<Upload>,
    artifact: Vec<u8>,
    model: Option<Model>,
    candidates: Option<Candidates>,
    samples: Vec<u64>,
    conditions: Vec<Condition>,
    clock: Option<ClockLock>,
    link: Option<OwnedFd>,
}

impl Machine {
    /// With these artifacts, and those the host sends if it may.
    pub fn new(shipped: Vec<Vec<u8>>, uploads: bool) -> Machine {
        let mut cpu = std::env::consts::ARCH.to_string();
        if !sandbox::are_stopped() {
            cpu += CALLS_NOT_STOPPED;
        }
        let features = lathe_runtime_std::host_features().join(" ");
        Machine {
            cpu,
            features,
            shipped,
            chosen: 0,
            uploads,
            upload: None,
            artifact: Vec::new(),
            model: None,
            candidates: None,
            samples: Vec::new(),
            conditions: Vec::new(),
            clock: None,
            link: None,
        }
    }

    /// Serves the host at the other end of `link` from now on: measurements stop when it leaves.
    pub fn serves(&mut self, link: &impl AsFd) -> io::Result<()> {
        self.link = Some(link.as_fd().try_clone_to_owned()?);
        Ok(())
    }

    /// Hands `measure` the model, and what tells whether the host still waits.
    fn measured<T>(&mut self, measure: impl FnOnce(&mut Model, &dyn Fn() -> bool) -> T) -> Result<T, MachineFault> {
        let watch = self.link.as_ref().map(HostWatch::begin).transpose().map_err(MachineFault::watch)?;
        let is_gone = || watch.as_ref().is_some_and(HostWatch::is_gone);
        let measured = measure(self.model.as_mut().ok_or(Refusal::NoModel)?, &|| !is_gone());
        if is_gone() { Err(MachineFault::HostLeft) } else { Ok(measured) }
    }

    /// The artifact to load.
    fn artifact(&self) -> Result<&[u8], MachineFault> {
        match self.upload {
            Some(upload) => upload.check(&self.artifact).map(|()| self.artifact.as_slice()).map_err(Into::into),
            None => self.shipped.get(self.chosen).map(Vec::as_slice).ok_or(Refusal::NoArtifact.into()),
        }
    }

    fn unload(&mut self) {
        self.model = None;
        self.candidates = None;
        self.samples.clear();
        self.conditions.clear();
    }

    fn model(&mut self) -> Result<&mut Model, MachineFault> {
        self.model.as_mut().ok_or(Refusal::NoModel.into())
    }
}

impl Device for Machine {
    type Fault = MachineFault;

    fn info(&mut self) -> Info<'_> {
        let workers = std::thread::available_parallelism().map_or(1, |n| n.get() as u32);
        let target = lathe_runtime_std::host_target();
        let (cpu, features) = (self.cpu.as_str(), self.features.as_str());
        Info { target, cpu, features, workers, memory: 0, clock_hz: CLOCK_HZ, counter: CounterKind::Monotonic }
    }

    fn forget(&mut self) {
        self.clock = None;
        self.unload();
    }

    fn upload_begin(&mut self, bytes: u32, crc: u32) -> Result<u32, MachineFault> {
        let is_it = |shipped: &Vec<u8>| figure(shipped.len()) == bytes && crc32c(shipped) == crc;
        if let Some(at) = self.shipped.iter().position(is_it) {
            (self.chosen, self.upload) = (at, None);
            return Ok(bytes);
        }
        if !self.uploads {
            return Err(MachineFault::UploadsForbidden { bytes, crc });
        }
        if let Some(upload) = self.upload.filter(|upload| upload.is(bytes, crc)) {
            return Ok(upload.held());
        }
        let mut fresh = Vec::new();
        let size = usize::try_from(bytes).unwrap_or(usize::MAX);
        fresh.try_reserve_exact(size).map_err(|_| MachineFault::NoMemory { bytes })?;
        self.artifact = fresh;
        self.upload = Some(Upload::new(bytes, crc));
        Ok(0)
    }

    fn upload_chunk(&mut self, offset: u32, data: &[u8]) -> Result<u32, MachineFault> {
        let upload = self.upload.as_mut().ok_or(Refusal::NoUpload)?;
        self.artifact.extend(upload.take(offset, data)?);
        Ok(upload.held())
    }

    fn load(&mut self, threads: u32) -> Result<Loaded, MachineFault> {
        self.unload();
        let candidates = Candidates::load(self.artifact()?, threads)?;
        if let Some(candidates) = candidates {
            let arena = candidates.arena_bytes();
            self.candidates = Some(candidates);
            return Ok(Loaded { arena, threads: 1, noise_as_weights: true });
        }
        let mut model = Model::load(self.artifact()?, threads)?;
        let loaded = model.figures();
        self.model = Some(model);
        Ok(loaded)
    }

    fn set_input(&mut self, index: u32, offset: u32, data: &[u8]) -> Result<(), MachineFault> {
        Ok(self.model()?.set_input(index, offset, data)?)
    }

    fn run(&mut self) -> Result<u64, MachineFault> {
        Ok(self.model()?.run()?)
    }

    fn output(&mut self, index: u32, offset: u32, limit: usize) -> Result<&[u8], MachineFault> {
        Ok(self.model()?.output(index, offset, limit)?)
    }

    fn time(&mut self, options: &TimeOptions) -> Result<Timed, MachineFault> {
        let timing = self.measured(|model, wanted| model.time(options, wanted))?;
        let number = timing.number;
        self.samples = timing.samples_ms.iter().map(|ms| nanoseconds(ms * f64::from(number))).collect();
        self.conditions = timing.conditions.iter().map(condition).collect();
        Ok(Timed { number, samples: self.samples.len() as u32, overhead: 0 })
    }

    fn condition(&self, sample: u32) -> Option<Condition> {
        self.conditions.get(sample as usize).copied()
    }

    fn hold_clock(&mut self, khz: u32) -> Result<(), MachineFault> {
        // What was held before is let go first: it knows what to put back.
        self.clock = None;
        if khz > 0 {
            self.clock = Some(Sysfs::default().hold_clock(khz)?);
        }
        Ok(())
    }

    fn profile(&mut self, number: u32) -> Result<Timed, MachineFault> {
        let profile = self.measured(|model, wanted| model.profile(number, wanted))?;
        let parts = profile.steps.iter().map(|step| &step.timing).chain([&profile.inputs]);
        self.samples = parts.map(|part| nanoseconds(part.mean_ms() * f64::from(number))).collect();
        Ok(Timed { number, samples: self.samples.len() as u32, overhead: nanoseconds(profile.overhead_ms) })
    }

    fn samples(&self) -> &[u64] {
        &self.samples
    }

    fn self_test(&mut self) -> Result<Option<WrongElement>, MachineFault> {
        Ok(self.model()?.self_test()?)
    }

    fn trial(&mut self, options: &TrialOptions) -> Result<Tried, MachineFault> {
        let (tried, samples) = self.candidates.as_mut().ok_or(Refusal::NoBundle)?.attempt(options)?;
        self.samples = samples;
        Ok(tried)
    }

    fn memory_use(&mut self) -> Result<MemoryUse, MachineFault> {
        Err(Refusal::Unwatched.into())
    }
}

fn condition(seen: &conditions::Condition) -> Condition {
    Condition { khz: seen.khz, milliwatts: seen.milliwatts, throttled: seen.throttled }
}
