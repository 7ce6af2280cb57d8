//! What makes a bundle of candidates of an artifact: seeds of noise, and checks of what each candidate writes.

use crate::dtype::DType;
use crate::error::ArtifactError;
use crate::fields::{Fields, Records, check_range, check_zero, wrong_length};
use crate::layout::{CHECK_BYTES, TRIAL_HEADER_BYTES};
use crate::part::Part;
use crate::plan::{Access, Launch, Plan, Space};
use crate::sums;

/// The trial section.
#[derive(Clone, Copy, Debug)]
pub struct Trial<'a> {
    /// Seed of the noise that fills the arena before a candidate's checked run, and of the weights of sums.
    pub seed: u32,
    /// Seed of the noise region.
    pub noise_seed: u32,
    /// Bytes of the noise region that arguments refer to.
    pub noise_bytes: u32,
    checks: Records<'a, CHECK_BYTES>,
}

/// A block of elements of an argument that a candidate writes, and their sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Check {
    /// The candidate.
    pub step: u16,
    /// Number of its argument.
    pub argument: u16,
    /// Type of the argument's elements.
    pub dtype: DType,
    /// Power of two that sums of floats are counted in.
    pub unit: i16,
    /// Number of the first element.
    pub first: u32,
    /// Number of elements.
    pub count: u32,
    /// The [sum](sums::sum) it must have.
    pub expected: i64,
    /// How far from it the sum may be.
    pub tolerance: u64,
}

impl Check {
    fn read(record: Fields<'_>) -> Check {
        Check {
            expected: record.u64(0).cast_signed(),
            tolerance: record.u64(8),
            first: record.u32(16),
            count: record.u32(20),
            step: record.u16(24),
            argument: record.u16(26),
            unit: record.u16(28).cast_signed(),
            dtype: DType::from_byte(record.u8(30)).unwrap_or(DType::U8),
        }
    }

    /// The sum of the check's block in `argument`, the bytes of the whole argument; of what is there of it.
    pub fn sum(&self, seed: u32, argument: &[u8]) -> i64 {
        let size = self.dtype.size();
        let start = (self.first as usize).saturating_mul(size);
        let bytes = argument.get(start..).unwrap_or_default();
        let bytes = bytes.get(..(self.count as usize).saturating_mul(size)).unwrap_or(bytes);
        sums::sum(self.dtype, self.unit, seed, self.first, bytes)
    }

    /// Whether `found` is near enough to the expected sum.
    pub fn accepts(&self, found: i64) -> bool {
        found.wrapping_sub(self.expected).unsigned_abs() <= self.tolerance
    }
}

impl<'a> Trial<'a> {
    pub(crate) fn parse(section: &'a [u8]) -> Result<Trial<'a>, ArtifactError> {
        let Some((header, rest)) = section.split_at_checked(TRIAL_HEADER_BYTES) else {
            return Err(wrong_length(Part::TrialLength, section));
        };
        let header = Fields(header);
        let (checks, rest) = Records::split(rest, header.u32(12), Part::CheckCount)?;
        if !rest.is_empty() {
            return Err(wrong_length(Part::TrialLength, section));
        }
        Ok(Trial { seed: header.u32(0), noise_seed: header.u32(4), noise_bytes: header.u32(8), checks })
    }

    /// Check number `index`.
    pub fn check(&self, index: usize) -> Option<Check> {
        self.checks.get(index).map(Check::read)
    }

    /// Every check with its number.
    pub fn checks(&self) -> impl Iterator<Item = (u32, Check)> + use<'a> {
        (0u32..).zip(self.checks.iter().map(Check::read))
    }
}

/// That every check is of elements that a step of the CPU writes.
pub(crate) fn check(trial: &Trial<'_>, plan: &Plan<'_>) -> Result<(), ArtifactError> {
    for (index, record) in trial.checks.numbered() {
        let check = Check::read(record);
        let bad = |what, value: u16| Err(ArtifactError::BadValue { what, index, value: u32::from(value) });
        let step = plan.get(usize::from(check.step)).filter(|step| matches!(step.launch, Launch::Slices { .. }));
        let Some(step) = step else { return bad(Part::CheckStep, check.step) };
        let argument = step.arguments().nth(usize::from(check.argument));
        let argument = argument.filter(|found| found.access != Access::Read && found.space == Space::Arena);
        let Some(argument) = argument else { return bad(Part::CheckArgument, check.argument) };
        let Some(dtype) = DType::from_byte(record.u8(30)) else {
            return bad(Part::CheckElementType, u16::from(record.u8(30)));
        };
        // A power of two, so that the division is a shift.
        let elements = argument.bytes >> dtype.size().trailing_zeros();
        check_range(Part::CheckElements, index, check.first, check.count, elements)?;
        check_zero(record.0.get(31..32), Part::ReservedCheckField, index)?;
    }
    Ok(())
}
