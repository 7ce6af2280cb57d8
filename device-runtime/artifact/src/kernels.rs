//! The kernel table and the processors the kernels are for.

use crate::error::ArtifactError;
use crate::fields::{Fields, Records, check_range, check_zero};
use crate::layout::{KERNEL_BYTES, PROCESSOR_BYTES, kind};
use crate::part::Part;
use crate::sections::Sections;

/// One kernel: `extern "C" fn(args: *const *mut u8, workspace: *mut u8, begin: u32, end: u32)` on the CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kernel<'a> {
    /// Its name; on a GPU the name of the entry in the module.
    pub name: &'a str,
    /// Offset of its first instruction in the code of its processor, without a Thumb bit.
    pub entry: u32,
    /// Stack bytes it needs.
    pub stack_bytes: u32,
    /// Whom it runs on: 0 is the CPU of the header, `n` is [`Processor`] `n - 1`.
    pub processor: u8,
}

impl<'a> Kernel<'a> {
    pub(crate) fn read(record: Fields<'a>, strings: &'a str) -> Kernel<'a> {
        Kernel {
            name: record.text(0, strings),
            entry: record.u32(8),
            stack_bytes: record.u32(12),
            processor: record.u8(16),
        }
    }
}

/// What kind of thing a processor other than the CPU is, and so what its code section holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ProcessorKind {
    /// An NVIDIA GPU; its code is PTX text.
    Cuda = 1,
}

/// A processor other than the CPU of the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Processor<'a> {
    /// What kind of processor.
    pub kind: ProcessorKind,
    /// Its architecture: `sm_53`.
    pub name: &'a str,
}

impl<'a> Processor<'a> {
    pub(crate) fn read(record: Fields<'a>, strings: &'a str) -> Processor<'a> {
        Processor { kind: ProcessorKind::Cuda, name: record.text(4, strings) }
    }
}

/// Checks processors and kernels: names are texts, entries lie in the code of an existing processor.
pub(crate) fn parse<'a>(
    sections: Sections<'a>,
    strings: &'a str,
) -> Result<(Records<'a, KERNEL_BYTES>, Records<'a, PROCESSOR_BYTES>), ArtifactError> {
    let processors = Records::whole(sections.bytes(kind::PROCESSORS), Part::ProcessorTableLength)?;
    for (index, record) in processors.numbered() {
        record.check_text(4, strings, Part::ProcessorName, index)?;
        if record.u8(0) != ProcessorKind::Cuda as u8 {
            return Err(ArtifactError::BadValue { what: Part::ProcessorKind, index, value: u32::from(record.u8(0)) });
        }
        check_zero(record.0.get(1..4), Part::ReservedProcessorField, index)?;
    }
    let kernels = Records::whole(sections.required(kind::KERNELS)?, Part::KernelTableLength)?;
    for (index, record) in kernels.numbered() {
        record.check_text(0, strings, Part::KernelName, index)?;
        let processor = record.u8(16);
        let code = sections.find(kind::CODE, processor).filter(|_| usize::from(processor) <= processors.len());
        let Some(code) = code else {
            return Err(ArtifactError::BadValue { what: Part::KernelProcessor, index, value: u32::from(processor) });
        };
        let limit = u32::try_from(code.bytes.len()).unwrap_or(u32::MAX);
        check_range(Part::KernelEntry, index, record.u32(8), 1, limit)?;
        check_zero(record.0.get(17..20), Part::ReservedKernelField, index)?;
    }
    Ok((kernels, processors))
}
