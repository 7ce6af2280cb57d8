//! This machine as a device: artifacts in memory, run on threads.

mod fault;
mod model;

use device_server::rpc_protocol::{MemoryUse, WrongElement};
use device_server::trial::{TrialOptions, Tried};
use device_server::{Device, Info, Loaded, Refusal, TimeOptions, Timed, Upload};

use fault::MachineFault;
use model::Model;

/// Ticks of this machine's counter: nanoseconds.
const CLOCK_HZ: u64 = 1_000_000_000;

/// This machine.
pub struct Machine {
    features: String,
    upload: Option<Upload>,
    artifact: Vec<u8>,
    model: Option<Model>,
    samples: Vec<u64>,
}

impl Machine {
    /// With nothing uploaded.
    pub fn new() -> Machine {
        let features = lathe_runtime_std::host_features().join(" ");
        Machine { features, upload: None, artifact: Vec::new(), model: None, samples: Vec::new() }
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
        let (cpu, features) = (std::env::consts::ARCH, self.features.as_str());
        Info { target, cpu, features, workers, memory: 0, clock_hz: CLOCK_HZ }
    }

    fn forget(&mut self) {
        self.model = None;
        self.samples.clear();
    }

    fn upload_begin(&mut self, bytes: u32, crc: u32) -> Result<u32, MachineFault> {
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
        self.forget();
        self.upload.ok_or(Refusal::NoArtifact)?.check(&self.artifact)?;
        let mut model = Model::load(&self.artifact, threads)?;
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
        let (number, samples) = self.model()?.time(options);
        self.samples = samples;
        Ok(Timed { number, samples: self.samples.len() as u32 })
    }

    fn profile(&mut self, number: u32) -> Result<Timed, MachineFault> {
        self.samples = self.model()?.profile(number);
        Ok(Timed { number: 1, samples: self.samples.len() as u32 })
    }

    fn samples(&self) -> &[u64] {
        &self.samples
    }

    fn self_test(&mut self) -> Result<Option<WrongElement>, MachineFault> {
        Ok(self.model()?.self_test()?)
    }

    fn trial(&mut self, _: &TrialOptions) -> Result<Tried, MachineFault> {
        Err(Refusal::NoSandbox.into())
    }

    fn memory_use(&mut self) -> Result<MemoryUse, MachineFault> {
        Err(Refusal::Unwatched.into())
    }
}
