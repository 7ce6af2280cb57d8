//! The artifact as a whole: one parse that checks everything, then views that cannot fail.

use crate::checksum::checksum;
use crate::error::ArtifactError;
use crate::fields::Records;
use crate::golden::Golden;
use crate::header::Header;
use crate::host::Host;
use crate::io::{Io, Tensor};
use crate::kernels::{self, Kernel, Processor};
use crate::layout::{KERNEL_BYTES, PROCESSOR_BYTES, kind};
use crate::notes::{Note, Notes, PlannedTensor, StepInfo};
use crate::part::Part;
use crate::plan::{Bounds, Plan, Step};
use crate::sections::{Section, Sections};
use crate::trial::{self, Trial};

/// A checked artifact over the bytes of its file.
#[derive(Clone, Copy, Debug)]
pub struct Artifact<'a> {
    header: Header<'a>,
    sections: Sections<'a>,
    strings: &'a str,
    io: Io<'a>,
    plan: Plan<'a>,
    kernels: Records<'a, KERNEL_BYTES>,
    processors: Records<'a, PROCESSOR_BYTES>,
    constants: Section<'a>,
    notes: Notes<'a>,
    golden: Option<Golden<'a>>,
    trial: Option<Trial<'a>>,
}

impl<'a> Artifact<'a> {
    /// Checks `bytes`, which must be exactly one file, whatever it is for.
    pub fn parse(bytes: &'a [u8]) -> Result<Artifact<'a>, ArtifactError> {
        Artifact::check(bytes, None)
    }

    /// Checks `bytes`, which must be exactly one file for `host`.
    ///
    /// Checked in this order: magic, version, target and CPU features, sizes, checksum, then every section.
    pub fn parse_for(bytes: &'a [u8], host: &Host<'_>) -> Result<Artifact<'a>, ArtifactError> {
        Artifact::check(bytes, Some(host))
    }

    fn check(bytes: &'a [u8], host: Option<&Host<'_>>) -> Result<Artifact<'a>, ArtifactError> {
        let header = Header::parse(bytes, host)?;
        if usize::try_from(header.total_bytes) != Ok(bytes.len()) {
            let (declared, actual) = (header.total_bytes, bytes.len());
            return Err(ArtifactError::SizeMismatch { declared, actual });
        }
        let computed = checksum(bytes);
        if computed != header.stored_checksum {
            return Err(ArtifactError::ChecksumMismatch { stored: header.stored_checksum, computed });
        }
        Artifact::check_sections(bytes, header)
    }

    #[inline(never)]
    fn check_sections(bytes: &'a [u8], header: Header<'a>) -> Result<Artifact<'a>, ArtifactError> {
        let sections = Sections::parse(bytes, &header)?;
        let strings = core::str::from_utf8(sections.required(kind::STRINGS)?)
            .map_err(|_| ArtifactError::BadText { what: Part::Strings, index: 0 })?;
        let (kernels, processors) = kernels::parse(sections, strings)?;
        let io = Io::parse(sections.required(kind::IO)?, strings, &header)?;
        let constants = sections.find(kind::CONSTANTS, 0).unwrap_or(Section {
            kind: kind::CONSTANTS,
            processor: 0,
            align_log2: 0,
            bytes: &[],
        });
        let trial = sections.find(kind::TRIAL, 0).map(|section| Trial::parse(section.bytes)).transpose()?;
        let bounds = Bounds {
            kernels,
            arena_bytes: header.arena_bytes,
            arena_align_log2: header.arena_align_log2,
            constant_bytes: u32::try_from(constants.bytes.len()).unwrap_or(u32::MAX),
            constant_align_log2: constants.align_log2,
            noise_bytes: trial.map_or(0, |trial| trial.noise_bytes),
        };
        let plan = Plan::parse(sections.required(kind::PLAN)?, &bounds)?;
        if let Some(trial) = &trial {
            trial::check(trial, &plan)?;
        }
        let notes = Notes::parse(sections, strings, header.arena_bytes, plan.len())?;
        let golden = sections.find(kind::GOLDEN, 0).map(|section| Golden::parse(section.bytes, &io)).transpose()?;
        Ok(Artifact { header, sections, strings, io, plan, kernels, processors, constants, notes, golden, trial })
    }

    /// What the header says.
    pub fn header(&self) -> &Header<'a> {
        &self.header
    }

    /// Graph inputs, in the model's order.
    pub fn inputs(&self) -> impl ExactSizeIterator<Item = Tensor<'a>> + Clone + use<'a> {
        let (io, strings) = (self.io, self.strings);
        io.inputs.iter().enumerate().map(move |(index, record)| io.read(index, record, strings))
    }

    /// Graph outputs, in the model's order.
    pub fn outputs(&self) -> impl ExactSizeIterator<Item = Tensor<'a>> + Clone + use<'a> {
        let (io, strings) = (self.io, self.strings);
        let first = io.inputs.len();
        io.outputs.iter().enumerate().map(move |(index, record)| io.read(first.wrapping_add(index), record, strings))
    }

    /// Input number `index`.
    pub fn input(&self, index: usize) -> Option<Tensor<'a>> {
        self.io.inputs.get(index).map(|record| self.io.read(index, record, self.strings))
    }

    /// Output number `index`.
    pub fn output(&self, index: usize) -> Option<Tensor<'a>> {
        let number = self.io.inputs.len().wrapping_add(index);
        self.io.outputs.get(index).map(|record| self.io.read(number, record, self.strings))
    }

    /// Number of steps.
    pub fn step_count(&self) -> usize {
        self.plan.len()
    }

    /// Step number `index`.
    pub fn step(&self, index: usize) -> Option<Step<'a>> {
        self.plan.get(index)
    }

    /// All steps, in order.
    pub fn steps(&self) -> impl Iterator<Item = Step<'a>> + use<'a> {
        let plan = self.plan;
        (0..plan.len()).map_while(move |index| plan.get(index))
    }

    /// Label and operation count of step `index`, when the artifact carries them.
    pub fn step_info(&self, index: usize) -> Option<StepInfo<'a>> {
        self.notes.steps.get(index).map(|record| StepInfo::read(record, self.strings))
    }

    /// Kernel number `index`.
    pub fn kernel(&self, index: u32) -> Option<Kernel<'a>> {
        let record = self.kernels.get(usize::try_from(index).ok()?)?;
        Some(Kernel::read(record, self.strings))
    }

    /// All kernels.
    pub fn kernels(&self) -> impl ExactSizeIterator<Item = Kernel<'a>> + use<'a> {
        let strings = self.strings;
        self.kernels.iter().map(move |record| Kernel::read(record, strings))
    }

    /// Processors other than the CPU of the header: kernels name them by their place here, counted from 1.
    pub fn processors(&self) -> impl ExactSizeIterator<Item = Processor<'a>> + use<'a> {
        let strings = self.strings;
        self.processors.iter().map(move |record| Processor::read(record, strings))
    }

    /// The code blob of `processor`; 0 is the CPU of the header. Empty when there is none.
    pub fn code(&self, processor: u8) -> &'a [u8] {
        self.sections.find(kind::CODE, processor).map_or(&[], |section| section.bytes)
    }

    /// The alignment the code blob of `processor` must keep wherever it is copied, in bytes.
    pub fn code_align(&self, processor: u8) -> usize {
        self.sections.find(kind::CODE, processor).map_or(1, |section| 1 << section.align_log2)
    }

    /// The constants.
    pub fn constants(&self) -> &'a [u8] {
        self.constants.bytes
    }

    /// The alignment the constants must have in memory, in bytes.
    pub fn constants_align(&self) -> usize {
        1 << self.constants.align_log2
    }

    /// The alignment the file itself must have in memory for its CPU code and constants to be used in place, in bytes.
    pub fn in_place_align(&self) -> usize {
        self.code_align(0).max(self.constants_align())
    }

    /// The golden self-test, when the artifact carries one.
    pub fn golden(&self) -> Option<Golden<'a>> {
        self.golden
    }

    /// What makes a trial bundle of it, when it is one: each step is a candidate then, and it is no model.
    pub fn trial(&self) -> Option<Trial<'a>> {
        self.trial
    }

    /// Where each tensor lies in the arena; empty when the artifact does not carry it.
    pub fn memory_plan(&self) -> impl ExactSizeIterator<Item = PlannedTensor<'a>> + use<'a> {
        let strings = self.strings;
        self.notes.planned.iter().map(move |record| PlannedTensor::read(record, strings))
    }

    /// What made this artifact, and how; empty when the artifact does not carry it.
    pub fn provenance(&self) -> impl ExactSizeIterator<Item = Note<'a>> + use<'a> {
        let strings = self.strings;
        self.notes.provenance.iter().map(move |record| Note::read(record, strings))
    }

    /// Kind, processor and length in bytes of each section, in file order.
    pub fn sections(&self) -> impl Iterator<Item = (u16, u8, usize)> + use<'a> {
        self.sections.iter().map(|section| (section.kind, section.processor, section.bytes.len()))
    }
}
