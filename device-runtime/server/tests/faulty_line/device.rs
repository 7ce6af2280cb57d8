//! A device that keeps account of what it was asked, so that what was done twice or never shows.

use device_server::rpc_protocol::frame::crc32c;
use device_server::rpc_protocol::{CounterKind, FaultCode, Loaded, MemoryUse, Reason, WrongElement};
use device_server::trial::{TrialOptions, Tried};
use device_server::{Device, Fault, Info, TimeOptions, Timed, Upload};

/// Bytes of its one input and its one output.
pub const SIZE: usize = 700;

/// What it was asked and holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recorder {
    pub upload: Option<Upload>,
    pub artifact: Vec<u8>,
    /// The checksum of what is loaded.
    pub loaded: Option<u32>,
    pub input: Vec<u8>,
    /// Runs since it was switched on.
    pub runs: u64,
    output: Vec<u8>,
    samples: Vec<u64>,
}

/// Why it does not.
#[derive(Debug)]
pub struct Refused;

impl Fault for Refused {
    fn code(&self) -> FaultCode {
        FaultCode::NoModel
    }

    fn reason(&self) -> Reason<'_> {
        Reason::text("not now")
    }
}

/// The output of run number `run` of the artifact with checksum `loaded`.
pub fn output(input: &[u8], loaded: u32, run: u64) -> Vec<u8> {
    let [salt, ..] = loaded.to_le_bytes();
    input.iter().map(|byte| byte.wrapping_mul(3) ^ salt ^ run as u8).collect()
}

/// The samples of a timing that began after `runs` runs.
pub fn samples(runs: u64, repeat: u32) -> Vec<u64> {
    (0..u64::from(repeat)).map(|at| runs * 1000 + at).collect()
}

impl Device for Recorder {
    type Fault = Refused;

    fn info(&mut self) -> Info<'_> {
        let (target, cpu, features) = ("recorder", "none", "many different");
        Info { target, cpu, features, workers: 1, memory: self.runs, clock_hz: 1000, counter: CounterKind::Timer }
    }

    fn forget(&mut self) {
        self.loaded = None;
        self.samples.clear();
    }

    fn upload_begin(&mut self, bytes: u32, crc: u32) -> Result<u32, Refused> {
        if let Some(upload) = self.upload.filter(|upload| upload.is(bytes, crc)) {
            return Ok(upload.held());
        }
        self.artifact.clear();
        self.upload = Some(Upload::new(bytes, crc));
        Ok(0)
    }

    fn upload_chunk(&mut self, offset: u32, data: &[u8]) -> Result<u32, Refused> {
        let upload = self.upload.as_mut().ok_or(Refused)?;
        self.artifact.extend(upload.take(offset, data).map_err(|_| Refused)?);
        Ok(upload.held())
    }

    fn load(&mut self, threads: u32) -> Result<Loaded, Refused> {
        self.forget();
        self.upload.ok_or(Refused)?.check(&self.artifact).map_err(|_| Refused)?;
        self.loaded = Some(crc32c(&self.artifact));
        self.input = vec![0; SIZE];
        Ok(Loaded { arena: u64::from(crc32c(&self.artifact)), threads, noise_as_weights: false })
    }

    fn set_input(&mut self, _: u32, offset: u32, data: &[u8]) -> Result<(), Refused> {
        let room = self.input.get_mut(offset as usize..).and_then(|rest| rest.get_mut(..data.len()));
        room.ok_or(Refused)?.copy_from_slice(data);
        Ok(())
    }

    fn run(&mut self) -> Result<u64, Refused> {
        let loaded = self.loaded.ok_or(Refused)?;
        self.runs += 1;
        self.output = output(&self.input, loaded, self.runs);
        Ok(self.runs)
    }

    fn output(&mut self, _: u32, offset: u32, limit: usize) -> Result<&[u8], Refused> {
        let rest = self.output.get(offset as usize..).ok_or(Refused)?;
        Ok(rest.get(..limit).unwrap_or(rest))
    }

    fn time(&mut self, options: &TimeOptions) -> Result<Timed, Refused> {
        self.loaded.ok_or(Refused)?;
        self.samples = samples(self.runs, options.repeat);
        self.runs += 1 + u64::from(options.number) * u64::from(options.repeat);
        Ok(Timed { number: options.number, samples: options.repeat, overhead: 0 })
    }

    fn profile(&mut self, _: u32) -> Result<Timed, Refused> {
        Err(Refused)
    }

    fn samples(&self) -> &[u64] {
        &self.samples
    }

    fn hold_clock(&mut self, _: u32) -> Result<(), Refused> {
        Err(Refused)
    }

    fn self_test(&mut self) -> Result<Option<WrongElement>, Refused> {
        Err(Refused)
    }

    fn trial(&mut self, _: &TrialOptions) -> Result<Tried, Refused> {
        Err(Refused)
    }

    fn memory_use(&mut self) -> Result<MemoryUse, Refused> {
        Err(Refused)
    }
}
