//! The numbers of the format, as SPEC.md gives them: magic, version, section kinds, record sizes, limits.

/// First bytes of every artifact. The first byte is not text and CR LF shows a transfer that changed line ends.
pub const MAGIC: [u8; 8] = *b"\x89LATHE\r\n";

/// The version of the format this crate reads and writes.
pub const VERSION: u16 = 1;

/// Bytes of the fixed header, before the target's text.
pub const HEADER_BYTES: usize = 48;

/// Where the checksum stands in the header.
pub const CHECKSUM_AT: usize = 12;

/// Bytes of one entry of the section table.
pub const SECTION_ENTRY_BYTES: usize = 12;

/// Most arguments one step may have: the executor's pointer table on the stack has this size.
pub const MAX_ARGUMENTS: usize = 64;

/// Most sampled output elements of a golden self-test.
pub const MAX_GOLDEN_SAMPLES: usize = 64;

/// Largest alignment of a section or of the arena, as a power of two (64 KiB).
pub const MAX_ALIGN_LOG2: u8 = 16;

/// Most sections of a file.
pub const MAX_SECTIONS: u16 = 64;

/// Sections of a kind with this bit may be skipped by a reader that does not know them.
pub const OPTIONAL_KIND: u16 = 0x8000;

/// Section kinds.
pub mod kind {
    /// All names and texts, UTF-8, referred to by offset and length.
    pub const STRINGS: u16 = 1;
    /// Graph inputs and outputs.
    pub const IO: u16 = 2;
    /// Steps, their arguments and grids.
    pub const PLAN: u16 = 3;
    /// Kernel table.
    pub const KERNELS: u16 = 4;
    /// Code blob of one processor.
    pub const CODE: u16 = 5;
    /// Constants, used in place.
    pub const CONSTANTS: u16 = 6;
    /// Golden self-test.
    pub const GOLDEN: u16 = 7;
    /// Processors other than the CPU of the header.
    pub const PROCESSORS: u16 = 8;
    /// Reserved for an Ed25519 signature.
    pub const SIGNATURE: u16 = 9;
    /// What makes a bundle of candidates of an artifact: seeds and checks.
    pub const TRIAL: u16 = 10;
    /// Label and operation count of each step.
    pub const STEP_INFO: u16 = 0x8001;
    /// Where each tensor lies in the arena and when it lives.
    pub const MEMORY_PLAN: u16 = 0x8002;
    /// Key and value texts: what made this artifact, and how.
    pub const PROVENANCE: u16 = 0x8003;
}

/// Bytes of the counts at the start of the I/O section.
pub const IO_HEADER_BYTES: usize = 16;
/// Bytes of one input or output.
pub const TENSOR_BYTES: usize = 32;
/// Bytes of one attribute of an input or output.
pub const ATTRIBUTE_BYTES: usize = 20;
/// Bytes of the counts at the start of the plan.
pub const PLAN_HEADER_BYTES: usize = 12;
/// Bytes of one step.
pub const STEP_BYTES: usize = 16;
/// Bytes of one argument of a step.
pub const ARGUMENT_BYTES: usize = 12;
/// Bytes of one GPU grid.
pub const GRID_BYTES: usize = 28;
/// Bytes of one kernel.
pub const KERNEL_BYTES: usize = 20;
/// Bytes of one processor.
pub const PROCESSOR_BYTES: usize = 12;
/// Bytes of one step's label and operation count.
pub const STEP_INFO_BYTES: usize = 16;
/// Bytes of one planned tensor.
pub const PLANNED_BYTES: usize = 24;
/// Bytes of one provenance note.
pub const NOTE_BYTES: usize = 16;
/// Bytes of the seed and counts at the start of the golden section.
pub const GOLDEN_HEADER_BYTES: usize = 16;
/// Bytes of one golden input's range.
pub const GOLDEN_INPUT_BYTES: usize = 16;
/// Bytes of one golden sample.
pub const GOLDEN_SAMPLE_BYTES: usize = 20;
/// Bytes of the seeds and counts at the start of the trial section.
pub const TRIAL_HEADER_BYTES: usize = 16;
/// Bytes of one check of a trial.
pub const CHECK_BYTES: usize = 32;
/// Alignment of the noise region, as a power of two.
pub const NOISE_ALIGN_LOG2: u8 = 6;
