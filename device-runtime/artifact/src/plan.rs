//! The plan: steps in order, each one kernel over its buffers, with a barrier after it.

use crate::error::ArtifactError;
use crate::fields::{Fields, Records, check_align, check_range, check_zero, wrong_length};
use crate::layout::{
    ARGUMENT_BYTES, GRID_BYTES, KERNEL_BYTES, MAX_ARGUMENTS, NOISE_ALIGN_LOG2, PLAN_HEADER_BYTES, STEP_BYTES,
};
use crate::part::Part;

/// How a step is spread over its processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Launch {
    /// On the CPU: `0..extent` is cut into one contiguous slice per worker.
    Slices {
        /// Length of the parallel axis; 0 skips the step.
        extent: u32,
    },
    /// On a GPU: one launch of a grid of blocks.
    Grid(Grid),
}

/// The launch of a GPU kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    /// Blocks in x, y, z.
    pub blocks: [u32; 3],
    /// Threads of a block in x, y, z.
    pub threads: [u32; 3],
    /// Dynamic shared memory of a block.
    pub shared_bytes: u32,
}

/// The memory an argument lies in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Space {
    /// The arena.
    Arena = 0,
    /// The constants, which are only read.
    Constants = 1,
    /// The noise region, which is only read; in trial bundles alone.
    Noise = 2,
}

impl Space {
    fn from_byte(byte: u8) -> Option<Space> {
        [Space::Arena, Space::Constants, Space::Noise].into_iter().find(|space| *space as u8 == byte)
    }
}

/// What a step does with an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Access {
    /// It is read.
    Read = 1,
    /// It is written.
    Write = 2,
    /// It is read and written: in place.
    ReadWrite = 3,
}

impl Access {
    fn from_byte(byte: u8) -> Option<Access> {
        [Access::Read, Access::Write, Access::ReadWrite].into_iter().find(|access| *access as u8 == byte)
    }

    /// Whether the step reads the argument.
    pub const fn reads(self) -> bool {
        self as u8 & Access::Read as u8 != 0
    }

    /// Whether the step writes the argument.
    pub const fn writes(self) -> bool {
        self as u8 & Access::Write as u8 != 0
    }
}

/// One buffer of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Argument {
    /// The memory it lies in.
    pub space: Space,
    /// What the step does with it.
    pub access: Access,
    /// Its offset in that memory.
    pub offset: u32,
    /// Its size: the kernel touches nothing beyond.
    pub bytes: u32,
    /// The alignment the kernel relies on, as a power of two.
    pub align_log2: u8,
}

impl Argument {
    fn read(record: Fields<'_>) -> Argument {
        Argument {
            space: Space::from_byte(record.u8(8)).unwrap_or(Space::Constants),
            access: Access::from_byte(record.u8(9)).unwrap_or(Access::Read),
            offset: record.u32(0),
            bytes: record.u32(4),
            align_log2: record.u8(10),
        }
    }
}

/// One step of the plan.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// Number of the kernel it calls.
    pub kernel: u32,
    /// How it is spread.
    pub launch: Launch,
    arguments: Records<'a, ARGUMENT_BYTES>,
}

impl<'a> Step<'a> {
    /// Its buffers, in the order of the kernel's table.
    pub fn arguments(&self) -> impl ExactSizeIterator<Item = Argument> + use<'a> {
        self.arguments.iter().map(Argument::read)
    }
}

/// What the plan's references must stay within.
pub(crate) struct Bounds<'a> {
    pub kernels: Records<'a, KERNEL_BYTES>,
    pub arena_bytes: u32,
    pub arena_align_log2: u8,
    pub constant_bytes: u32,
    pub constant_align_log2: u8,
    /// Bytes of the noise region; 0 when the artifact is no trial bundle.
    pub noise_bytes: u32,
}

/// The plan section.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan<'a> {
    steps: Records<'a, STEP_BYTES>,
    arguments: Records<'a, ARGUMENT_BYTES>,
    grids: Records<'a, GRID_BYTES>,
}

impl<'a> Plan<'a> {
    pub fn parse(section: &'a [u8], bounds: &Bounds<'a>) -> Result<Plan<'a>, ArtifactError> {
        let Some((counts, rest)) = section.split_at_checked(PLAN_HEADER_BYTES) else {
            return Err(wrong_length(Part::PlanLength, section));
        };
        let counts = Fields(counts);
        let (steps, rest) = Records::split(rest, counts.u32(0), Part::StepCount)?;
        let (arguments, rest) = Records::split(rest, counts.u32(4), Part::ArgumentCount)?;
        let (grids, rest) = Records::split(rest, counts.u32(8), Part::GridCount)?;
        if !rest.is_empty() {
            return Err(wrong_length(Part::PlanLength, section));
        }
        let plan = Plan { steps, arguments, grids };
        for (index, record) in arguments.numbered() {
            check_argument(index, record, bounds)?;
        }
        for (index, record) in steps.numbered() {
            plan.check_step(index, record, bounds)?;
        }
        Ok(plan)
    }

    fn check_step(&self, index: u32, record: Fields<'a>, bounds: &Bounds<'a>) -> Result<(), ArtifactError> {
        let kernel = usize::try_from(record.u32(0)).ok().and_then(|number| bounds.kernels.get(number));
        let Some(kernel) = kernel else {
            let (end, limit) = (record.u32(0).saturating_add(1), bounds.kernels.len() as u32);
            return Err(ArtifactError::OutOfRange { what: Part::StepKernel, index, end, limit });
        };
        let on_gpu = kernel.u8(16) != 0;
        if u8::from(on_gpu) != record.u8(14) || record.u8(15) != 0 {
            return Err(ArtifactError::BadValue { what: Part::StepLaunch, index, value: u32::from(record.u16(14)) });
        }
        if on_gpu {
            check_range(Part::StepGrid, index, record.u32(4), 1, self.grids.len() as u32)?;
        }
        let count = record.u16(12);
        if usize::from(count) > MAX_ARGUMENTS {
            return Err(ArtifactError::BadValue { what: Part::ArgumentCount, index, value: u32::from(count) });
        }
        check_range(Part::StepArguments, index, record.u32(8), u32::from(count), self.arguments.len() as u32)
    }

    pub fn len(&self) -> usize {
        self.steps.len()
    }

    pub fn get(&self, index: usize) -> Option<Step<'a>> {
        self.steps.get(index).map(|record| Step {
            kernel: record.u32(0),
            launch: self.launch(record),
            arguments: self.arguments.range(record.u32(8), usize::from(record.u16(12))).unwrap_or(Records::EMPTY),
        })
    }

    fn launch(&self, record: Fields<'a>) -> Launch {
        let number = record.u32(4);
        if record.u8(14) == 0 {
            return Launch::Slices { extent: number };
        }
        let grid = usize::try_from(number).ok().and_then(|number| self.grids.get(number)).unwrap_or(Fields(&[]));
        Launch::Grid(Grid {
            blocks: [grid.u32(0), grid.u32(4), grid.u32(8)],
            threads: [grid.u32(12), grid.u32(16), grid.u32(20)],
            shared_bytes: grid.u32(24),
        })
    }
}

fn check_argument(index: u32, record: Fields<'_>, bounds: &Bounds<'_>) -> Result<(), ArtifactError> {
    let (offset, bytes, align_log2) = (record.u32(0), record.u32(4), record.u8(10));
    let bad = |what, value: u8| Err(ArtifactError::BadValue { what, index, value: u32::from(value) });
    let Some(access) = Access::from_byte(record.u8(9)) else {
        return bad(Part::ArgumentAccess, record.u8(9));
    };
    let (limit, limit_log2) = match Space::from_byte(record.u8(8)) {
        Some(Space::Arena) => (bounds.arena_bytes, bounds.arena_align_log2),
        Some(Space::Constants) if !access.writes() => (bounds.constant_bytes, bounds.constant_align_log2),
        Some(Space::Noise) if !access.writes() => (bounds.noise_bytes, NOISE_ALIGN_LOG2),
        _ => return bad(Part::ArgumentSpace, record.u8(8)),
    };
    check_zero(record.0.get(11..12), Part::ReservedArgumentField, index)?;
    check_range(Part::Argument, index, offset, bytes, limit)?;
    check_align(Part::Argument, index, offset, align_log2, limit_log2)
}
