//! The device that firmware is: an artifact in flash or uploaded to RAM, run in place over memory the firmware gives.

mod bundle;
mod counter;
mod firmware;
mod loaded;
mod measure;
mod ram;
mod sandbox;
mod trial;

pub use counter::{Counter, Widened};
pub use firmware::{Clock, Firmware, StackUse, Watchdog};
pub use measure::grown;
pub use sandbox::{Contained, Ended, Sandbox};

use lathe_artifact::{Artifact, ArtifactError, Header, Host};
use lathe_executor::GoldenError;
use rpc_protocol::frame::crc32c;
use rpc_protocol::{Loaded, MemoryUse, WrongElement};

use crate::device::{Device, Info, TimeOptions, Timed};
use crate::refusal::{Refusal, figure};
use crate::text::Text;
use crate::trial::{TrialOptions, Tried};
use crate::upload::Upload;
use bundle::LoadedBundle;
use loaded::LoadedModel;
use ram::Ram;

/// Alignment of an uploaded artifact: what the compiler aligns code and constants to.
const UPLOAD_ALIGN: usize = 64;

/// Bytes of a bundle of candidates at the most: larger ones may be opened with what lies beside them, to be read.
const BUNDLE: u32 = 1 << 15;

/// The memory of a board.
#[derive(Debug)]
pub struct BoardMemory<'m> {
    /// Where an artifact was flashed, up to the end of the flash it may fill. That there is none is no error.
    pub flash: &'m [u8],
    /// What the firmware leaves: arena, and with `uploads` the artifact too.
    pub ram: &'m mut [u8],
    /// Room for samples: one for each repeat of a timing, one for each step of a profile.
    pub samples: &'m mut [u64],
    /// Whether the host may send artifacts, which are programs.
    pub uploads: bool,
}

/// A board with its memory.
pub struct Board<'m, F> {
    firmware: F,
    host: Host<'m>,
    cpu: &'m str,
    features: Text<96>,
    flash: &'m [u8],
    ram: Ram<'m>,
    uploads: bool,
    upload: Option<Upload>,
    loaded: Option<LoadedModel<'m>>,
    bundle: Option<LoadedBundle<'m>>,
    run_stack: u32,
    samples: &'m mut [u64],
    sample_count: usize,
}

impl<'m, F: Firmware> Board<'m, F> {
    /// A board of this kind; `cpu` is for reading.
    ///
    /// # Safety
    /// An artifact is a program. Those in flash must come from the compiler, unchanged, and with `uploads` so must those
    /// the host sends; flash, and with `uploads` RAM, must be memory from which this processor may execute.
    #[allow(unsafe_code)]
    pub unsafe fn new(firmware: F, host: Host<'m>, cpu: &'m str, memory: BoardMemory<'m>) -> Self {
        Board {
            firmware,
            host,
            cpu,
            features: Text::spaced(host.features),
            flash: memory.flash,
            ram: Ram::new(memory.ram),
            uploads: memory.uploads,
            upload: None,
            loaded: None,
            bundle: None,
            run_stack: 0,
            samples: memory.samples,
            sample_count: 0,
        }
    }

    /// The firmware, whose other work goes on between requests.
    pub fn firmware(&mut self) -> &mut F {
        &mut self.firmware
    }

    /// The artifact in flash, which may be cut or damaged; its header says how long it is.
    fn flashed(&self) -> Result<&'m [u8], Refusal> {
        match Header::parse(self.flash, None) {
            Ok(header) => Ok(self.flash.get(..header.total_bytes as usize).unwrap_or(self.flash)),
            Err(ArtifactError::NotAnArtifact) => Err(Refusal::NoArtifact),
            Err(error) => Err(Refusal::Load(error.into())),
        }
    }

    /// Where in RAM an uploaded artifact of `bytes` starts; what may be a bundle, where it can be opened to a candidate.
    fn upload_at(&self, bytes: u32) -> usize {
        let granule = if bytes <= BUNDLE { self.firmware.granule(bytes as usize).unwrap_or(0) } else { 0 };
        self.ram.aligned(0, granule.max(UPLOAD_ALIGN))
    }

    /// The artifact to load, and where in RAM the memory after it starts.
    #[allow(unsafe_code)]
    fn artifact(&mut self) -> Result<(&'m [u8], usize), Refusal> {
        let Some(upload) = self.upload else { return Ok((self.flashed()?, 0)) };
        let (start, length) = (self.upload_at(upload.bytes()), usize::try_from(upload.held()).unwrap_or(usize::MAX));
        // SAFETY: uploads are written only after the model is forgotten, and with it what borrows from here.
        let bytes = unsafe { self.ram.read(start, length) };
        upload.check(bytes)?;
        self.firmware.code_written(bytes);
        Ok((bytes, start.saturating_add(length)))
    }

    fn loaded(&mut self) -> Result<&mut LoadedModel<'m>, Refusal> {
        self.loaded.as_mut().ok_or(Refusal::NoModel)
    }
}

impl<F: Firmware> Device for Board<'_, F> {
    type Fault = Refusal;

    fn info(&mut self) -> Info<'_> {
        Info {
            target: self.host.target,
            cpu: self.cpu,
            features: self.features.as_str(),
            workers: 1,
            memory: self.ram.bytes() as u64,
            clock_hz: self.firmware.ticks_per_second(),
            counter: self.firmware.counter_kind(),
        }
    }

    fn forget(&mut self) {
        self.loaded = None;
        self.bundle = None;
        self.run_stack = 0;
        self.sample_count = 0;
    }

    fn upload_begin(&mut self, bytes: u32, crc: u32) -> Result<u32, Refusal> {
        // What is in flash already counts as uploaded.
        let flash = self.flashed().ok().map(|flashed| (figure(flashed.len()), crc32c(flashed)));
        if flash == Some((bytes, crc)) {
            self.upload = None;
            return Ok(bytes);
        }
        if !self.uploads {
            return Err(Refusal::OtherInFlash { flash, bytes, crc });
        }
        if let Some(upload) = self.upload.filter(|upload| upload.is(bytes, crc)) {
            return Ok(upload.held());
        }
        let memory = figure(self.ram.bytes().saturating_sub(self.upload_at(bytes)));
        if bytes > memory {
            return Err(Refusal::TooLarge { bytes, memory });
        }
        self.forget();
        self.upload = Some(Upload::new(bytes, crc));
        Ok(0)
    }

    #[allow(unsafe_code)]
    fn upload_chunk(&mut self, offset: u32, data: &[u8]) -> Result<u32, Refusal> {
        self.forget();
        let start = self.upload_at(self.upload.ok_or(Refusal::NoUpload)?.bytes());
        let upload = self.upload.as_mut().ok_or(Refusal::NoUpload)?;
        let held = usize::try_from(upload.held()).unwrap_or(usize::MAX);
        let fresh = upload.take(offset, data)?;
        // SAFETY: the model that borrowed from RAM was forgotten above.
        let room = unsafe { self.ram.write(start.saturating_add(held), fresh.len()) };
        for (slot, byte) in room.iter_mut().zip(fresh) {
            *slot = *byte;
        }
        Ok(upload.held())
    }

    fn load(&mut self, threads: u32) -> Result<Loaded, Refusal> {
        self.forget();
        if threads > 1 {
            return Err(Refusal::TooManyThreads { threads, limit: 1 });
        }
        let (bytes, start) = self.artifact()?;
        let artifact = Artifact::parse_for(bytes, &self.host).map_err(|error| Refusal::Load(error.into()))?;
        let (arena, noise_as_weights) = if artifact.trial().is_some() {
            if !F::CONTAINS {
                return Err(Refusal::NoSandbox);
            }
            let (flash, ram) = (self.flash, &mut self.ram);
            let bundle = LoadedBundle::load((artifact, bytes), &self.firmware, flash, ram, start)?;
            let bundle = self.bundle.insert(bundle);
            (bundle.arena_bytes(), bundle.noise_flashed)
        } else {
            (self.loaded.insert(LoadedModel::load(artifact, &mut self.ram, start)?).arena_bytes(), false)
        };
        Ok(Loaded { arena, threads: 1, noise_as_weights })
    }

    fn set_input(&mut self, index: u32, offset: u32, data: &[u8]) -> Result<(), Refusal> {
        self.loaded()?.set_input(index, offset, data)
    }

    fn run(&mut self) -> Result<u64, Refusal> {
        self.loaded()?.all_given()?;
        Ok(self.watched_run())
    }

    fn output(&mut self, index: u32, offset: u32, limit: usize) -> Result<&[u8], Refusal> {
        self.loaded()?.output(index, offset, limit)
    }

    fn time(&mut self, options: &TimeOptions) -> Result<Timed, Refusal> {
        self.measure_runs(options)
    }

    fn profile(&mut self, number: u32) -> Result<Timed, Refusal> {
        self.measure_steps(number)
    }

    fn samples(&self) -> &[u64] {
        self.samples.get(..self.sample_count).unwrap_or_default()
    }

    fn hold_clock(&mut self, _: u32) -> Result<(), Refusal> {
        Err(Refusal::FixedClock)
    }

    fn self_test(&mut self) -> Result<Option<WrongElement>, Refusal> {
        self.firmware.watch(Some(measure::RUN_MS));
        let tested = self.loaded().map(LoadedModel::self_test);
        self.firmware.watch(None);
        match tested? {
            Ok(()) => Ok(None),
            Err(GoldenError::Absent) => Err(Refusal::NoSelfTest),
            Err(GoldenError::Mismatch { output, element, expected, found, tolerance }) => {
                Ok(Some(WrongElement { output, element, expected, found, tolerance }))
            }
        }
    }

    fn trial(&mut self, options: &TrialOptions) -> Result<Tried, Refusal> {
        if F::CONTAINS { self.try_candidate(options) } else { Err(Refusal::NoSandbox) }
    }

    fn memory_use(&mut self) -> Result<MemoryUse, Refusal> {
        let loaded = self.loaded()?;
        let (arena, beyond_arena) = (loaded.arena_bytes(), loaded.written_beyond_arena());
        let stack = self.firmware.stack_use().ok_or(Refusal::Unwatched)?;
        Ok(MemoryUse {
            run_stack: self.run_stack,
            stack: stack.since_start,
            stack_bytes: stack.bytes,
            arena,
            beyond_arena,
        })
    }
}
