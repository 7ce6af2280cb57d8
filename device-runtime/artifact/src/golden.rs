//! The golden self-test: inputs made from a seed, and a few output elements they must give.
//!
//! [`fill`] and [`element`] are used by the compiler, which records the samples from its reference interpreter, and by
//! the device, which checks its kernels against them.

use crate::binary::{Binary, Format};
use crate::dtype::DType;
use crate::error::ArtifactError;
use crate::fields::{Fields, Records, check_range, check_zero, wrong_length};
use crate::io::Io;
use crate::layout::{GOLDEN_HEADER_BYTES, GOLDEN_INPUT_BYTES, GOLDEN_SAMPLE_BYTES, MAX_GOLDEN_SAMPLES};
use crate::part::Part;

/// Between which values the elements of one input lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GoldenInput {
    /// Least value.
    pub low: f64,
    /// Greatest value; integers reach it, floats come near.
    pub high: f64,
}

/// One output element that the self-test must give.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GoldenSample {
    /// Number of the output.
    pub output: u16,
    /// Number of the element, in memory order.
    pub element: u32,
    /// Its value.
    pub value: f64,
    /// Largest allowed absolute difference.
    pub tolerance: f32,
}

impl GoldenSample {
    /// Whether `found` is the recorded value, within the tolerance; a recorded NaN asks for NaN.
    pub fn accepts(&self, found: f64) -> bool {
        let [value, found] = [self.value, found].map(f64::to_bits);
        let numbers = [value, found].map(|bits| Binary::from_bits(bits, Format::BINARY64));
        let tolerance = Binary::from_bits(u64::from(self.tolerance.to_bits()), Format::BINARY32);
        match (numbers, tolerance) {
            ([Some(value), Some(found)], Some(tolerance)) => value.is_within(tolerance, found),
            ([Some(_), Some(_)], None) => self.tolerance > 0.0,
            // Infinities are equal or not, and every NaN is as good as another.
            ([None, None], _) => value == found || (is_nan(value) && is_nan(found)),
            _ => false,
        }
    }
}

fn is_nan(bits: u64) -> bool {
    bits << 1 > f64::INFINITY.to_bits() << 1
}

/// The golden section.
#[derive(Clone, Copy, Debug)]
pub struct Golden<'a> {
    /// Seed of the inputs.
    pub seed: u64,
    inputs: Records<'a, GOLDEN_INPUT_BYTES>,
    samples: Records<'a, GOLDEN_SAMPLE_BYTES>,
}

impl<'a> Golden<'a> {
    /// The range of each input, in input order.
    pub fn inputs(&self) -> impl ExactSizeIterator<Item = GoldenInput> + use<'a> {
        self.inputs
            .iter()
            .map(|record| GoldenInput { low: f64::from_bits(record.u64(0)), high: f64::from_bits(record.u64(8)) })
    }

    /// The recorded output elements.
    pub fn samples(&self) -> impl ExactSizeIterator<Item = GoldenSample> + use<'a> {
        self.samples.iter().map(|record| GoldenSample {
            value: f64::from_bits(record.u64(0)),
            tolerance: f32::from_bits(record.u32(8)),
            element: record.u32(12),
            output: record.u16(16),
        })
    }

    pub(crate) fn parse(section: &'a [u8], io: &Io<'a>) -> Result<Golden<'a>, ArtifactError> {
        let Some((counts, rest)) = section.split_at_checked(GOLDEN_HEADER_BYTES) else {
            return Err(wrong_length(Part::GoldenLength, section));
        };
        let counts = Fields(counts);
        let (inputs, rest) = Records::split(rest, counts.u32(8), Part::GoldenInputCount)?;
        let (samples, rest) = Records::split(rest, counts.u32(12), Part::GoldenSampleCount)?;
        if !rest.is_empty() || inputs.len() != io.inputs.len() || samples.len() > MAX_GOLDEN_SAMPLES {
            return Err(wrong_length(Part::GoldenLength, section));
        }
        for (index, record) in samples.numbered() {
            let output = io.outputs.get(usize::from(record.u16(16)));
            let Some(output) = output else {
                return Err(ArtifactError::BadValue {
                    what: Part::GoldenOutput,
                    index,
                    value: u32::from(record.u16(16)),
                });
            };
            let size = DType::from_byte(output.u8(20)).map_or(1, DType::size);
            let elements = output.u32(12) / u32::try_from(size).unwrap_or(1).max(1);
            check_range(Part::GoldenElement, index, record.u32(12), 1, elements)?;
            check_zero(record.0.get(18..20), Part::ReservedGoldenField, index)?;
        }
        Ok(Golden { seed: counts.u64(0), inputs, samples })
    }
}

/// Writes the golden elements of input number `input` to `bytes`: element `e` is made from the 64-bit number
/// `mix(seed + 0x9E3779B97F4A7C15 * (input * 2^32 + e + 1))`, `mix` being SplitMix64's; see SPEC.md.
pub fn fill(dtype: DType, seed: u64, input: u32, range: GoldenInput, bytes: &mut [u8]) {
    for (number, element) in (0u64..).zip(bytes.chunks_exact_mut(dtype.size())) {
        let place = (u64::from(input) << 32).wrapping_add(number).wrapping_add(1);
        let random = mix(seed.wrapping_add(place.wrapping_mul(0x9E37_79B9_7F4A_7C15)));
        store(dtype, random, range, element);
    }
}

fn mix(x: u64) -> u64 {
    let x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

fn store(dtype: DType, random: u64, range: GoldenInput, element: &mut [u8]) {
    // 24 bits: a step of the unit interval that f32 holds exactly.
    let unit = (random >> 40) as u32 as f32 / 16_777_216.0;
    let [low, high] = [range.low, range.high].map(nearest_f32);
    let real = low + (high - low) * unit;
    let whole = || {
        let [low, high] = [range.low, range.high].map(truncated);
        let span = high.wrapping_sub(low).wrapping_add(1).cast_unsigned().max(1);
        low.wrapping_add(((random >> 32).wrapping_mul(span) >> 32).cast_signed())
    };
    match dtype {
        DType::F32 => put(element, real.to_le_bytes()),
        DType::F64 => put(element, widened(u64::from(real.to_bits()), Format::BINARY32).to_le_bytes()),
        DType::F16 => put(element, f16_bits(real).to_le_bytes()),
        DType::Bool => put(element, [u8::from(random >> 63 == 1)]),
        _ => {
            for (slot, byte) in element.iter_mut().zip(whole().to_le_bytes()) {
                *slot = byte;
            }
        }
    }
}

fn nearest_f32(value: f64) -> f32 {
    let number = Binary::from_bits(value.to_bits(), Format::BINARY64);
    number.map_or(f32::NAN, |number| f32::from_bits(number.to_bits(Format::BINARY32) as u32))
}

fn truncated(value: f64) -> i64 {
    Binary::from_bits(value.to_bits(), Format::BINARY64).map_or(0, Binary::truncated)
}

/// The number with these bits in `format`.
fn widened(bits: u64, format: Format) -> f64 {
    match Binary::from_bits(bits, format) {
        Some(number) => f64::from_bits(number.to_bits(Format::BINARY64)),
        None => f64::from_bits(format.widen_special(bits)),
    }
}

fn put<const N: usize>(element: &mut [u8], value: [u8; N]) {
    if let Some(slot) = element.first_chunk_mut::<N>() {
        *slot = value;
    }
}

/// The value of element number `index` of a tensor; `None` beyond its end. 64-bit integers beyond 2^53 are rounded.
pub fn element(dtype: DType, bytes: &[u8], index: u32) -> Option<f64> {
    let start = usize::try_from(index).ok()?.checked_mul(dtype.size())?;
    let fields = Fields(bytes.get(start..start.checked_add(dtype.size())?)?);
    let number = match dtype {
        DType::F32 => return Some(widened(u64::from(fields.u32(0)), Format::BINARY32)),
        DType::F64 => return Some(f64::from_bits(fields.u64(0))),
        DType::F16 => return Some(widened(u64::from(fields.u16(0)), Format::BINARY16)),
        DType::Bool | DType::U8 => Binary::whole(i64::from(fields.u8(0))),
        DType::I8 => Binary::whole(i64::from(fields.u8(0).cast_signed())),
        DType::I16 => Binary::whole(i64::from(fields.u16(0).cast_signed())),
        DType::U16 => Binary::whole(i64::from(fields.u16(0))),
        DType::I32 => Binary::whole(i64::from(fields.u32(0).cast_signed())),
        DType::U32 => Binary::whole(i64::from(fields.u32(0))),
        DType::I64 => Binary::whole(fields.u64(0).cast_signed()),
        DType::U64 => Binary::unsigned(fields.u64(0)),
    };
    Some(f64::from_bits(number.to_bits(Format::BINARY64)))
}

/// binary16 of `value`, rounded towards zero; magnitudes below 2^-14 become zero, those beyond 65504 become 65504.
/// Golden inputs need a fixed rule, not the nearest value.
fn f16_bits(value: f32) -> u16 {
    let bits = value.to_bits();
    let sign = (bits >> 16) as u16 & 0x8000;
    match (bits >> 23 & 0xff).checked_sub(112) {
        None | Some(0) => sign,
        Some(exponent @ 1..=30) => sign | (exponent as u16) << 10 | (bits >> 13) as u16 & 0x3ff,
        Some(_) => sign | 0x7bff,
    }
}
