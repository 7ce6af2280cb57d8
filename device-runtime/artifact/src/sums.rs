//! Weighted sums of tensor elements in fixed point: what a device computes of an output to show that it is right.
//!
//! Whole numbers add to the same in any order and on any processor, need no floating-point unit and no library for
//! doubles. SPEC.md has the rule.

use crate::dtype::DType;
use crate::fields::Fields;
use crate::noise;

/// Units that an infinite value counts as; greater finite values too.
const LARGE_BITS: u32 = 44;
/// Units that NaN counts as.
const NAN_UNITS: i64 = (1 << (LARGE_BITS + 2)) + 1;

/// The sum of `bytes`, elements of type `dtype` of which the first is number `first` of its tensor, each times its
/// [`weight`], in units of 2^`unit`; wrapping. The elements of integers count as they are, whatever the unit.
pub fn sum(dtype: DType, unit: i16, seed: u32, first: u32, bytes: &[u8]) -> i64 {
    let mut sum = 0i64;
    let mut element = first;
    for value in bytes.chunks_exact(dtype.size()) {
        sum = sum.wrapping_add(units(dtype, unit, Fields(value)).wrapping_mul(weight(seed, element)));
        element = element.wrapping_add(1);
    }
    sum
}

/// What element number `element` counts in a sum: 1024 to 4095, or as much below zero. Two elements that change places
/// are told because they hardly ever count the same.
pub fn weight(seed: u32, element: u32) -> i64 {
    let bits = noise::hash(seed, element);
    // Three quarters of 16 bits, as 12.
    let size = i64::from(((bits & 0xFFFF).wrapping_mul(3) >> 6).wrapping_add(1024));
    if bits & 0x1_0000 == 0 { size } else { size.wrapping_neg() }
}

fn units(dtype: DType, unit: i16, value: Fields<'_>) -> i64 {
    match dtype {
        DType::F32 => Float::of(u64::from(value.u32(0)), 8, 23).units(unit),
        DType::F16 => Float::of(u64::from(value.u16(0)), 5, 10).units(unit),
        DType::F64 => Float::of(value.u64(0), 11, 52).units(unit),
        DType::Bool | DType::U8 => i64::from(value.u8(0)),
        DType::I8 => i64::from(value.u8(0).cast_signed()),
        DType::I16 => i64::from(value.u16(0).cast_signed()),
        DType::U16 => i64::from(value.u16(0)),
        DType::I32 => i64::from(value.u32(0).cast_signed()),
        DType::U32 => i64::from(value.u32(0)),
        DType::I64 | DType::U64 => value.u64(0).cast_signed(),
    }
}

/// A floating-point number taken apart.
struct Float {
    negative: bool,
    /// All ones in a number that is infinite or NaN.
    special: bool,
    /// Power of two of the fraction's last bit.
    exponent: i32,
    /// The fraction, with its leading one.
    fraction: u64,
}

impl Float {
    /// Of an IEEE 754 encoding with so many bits of exponent and fraction.
    fn of(bits: u64, exponent_bits: u32, fraction_bits: u32) -> Float {
        let ones = (1u32 << exponent_bits).wrapping_sub(1);
        let exponent = (bits >> fraction_bits) as u32 & ones;
        let fraction = bits & (1u64 << fraction_bits).wrapping_sub(1);
        let leading = if exponent == 0 || exponent == ones { 0 } else { 1u64 << fraction_bits };
        let bias = (ones >> 1).wrapping_add(fraction_bits).cast_signed();
        Float {
            negative: bits >> exponent_bits.wrapping_add(fraction_bits) & 1 == 1,
            special: exponent == ones,
            exponent: exponent.max(1).cast_signed().wrapping_sub(bias),
            fraction: fraction | leading,
        }
    }

    /// In units of 2^`unit`, cut towards zero.
    fn units(&self, unit: i16) -> i64 {
        let shift = self.exponent.wrapping_sub(i32::from(unit));
        let bits = (u64::BITS.wrapping_sub(self.fraction.leading_zeros())).cast_signed().saturating_add(shift);
        let size = match (self.special, self.fraction) {
            (true, 1..) => return NAN_UNITS,
            (true, 0) => 1 << LARGE_BITS,
            (false, 0) => 0,
            _ if bits > LARGE_BITS.cast_signed() => 1 << LARGE_BITS,
            (_, fraction) if shift >= 0 => fraction << (shift & 63),
            (_, fraction) => fraction.checked_shr(shift.unsigned_abs()).unwrap_or(0),
        };
        let size = size.cast_signed();
        if self.negative { size.wrapping_neg() } else { size }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_f32(value: f32, unit: i16) -> i64 {
        units(DType::F32, unit, Fields(&value.to_le_bytes()))
    }

    #[test]
    fn floats_are_cut_to_whole_units() {
        assert_eq!(of_f32(1.0, 0), 1);
        assert_eq!(of_f32(-1.75, -1), -3);
        assert_eq!(of_f32(1.999, 0), 1);
        assert_eq!(of_f32(-0.999, 0), 0);
        assert_eq!(of_f32(3.0, -30), 3 << 30);
        assert_eq!(of_f32(f32::from_bits(1), -149), 1);
        assert_eq!(of_f32(f32::MIN_POSITIVE, -149), 1 << 23);
        assert_eq!(units(DType::F16, -1, Fields(&0xC100u16.to_le_bytes())), -5);
        assert_eq!(units(DType::F64, -4, Fields(&(-0.3f64).to_le_bytes())), -4);
        assert_eq!(units(DType::F64, -1074, Fields(&5u64.to_le_bytes())), 5);
    }

    #[test]
    fn what_is_not_finite_counts_more_than_anything_finite() {
        assert_eq!(of_f32(f32::INFINITY, 0), 1 << 44);
        assert_eq!(of_f32(f32::NEG_INFINITY, 0), -1 << 44);
        assert_eq!(of_f32(f32::MAX, 0), 1 << 44);
        assert_eq!(of_f32(16_777_215.0 * 1_048_576.0, 0), 16_777_215 << 20);
        assert_eq!(of_f32(f32::NAN, 0), NAN_UNITS);
        assert_eq!(of_f32(-f32::NAN, 0), NAN_UNITS);
    }

    #[test]
    fn blocks_add_to_the_whole_and_places_matter() {
        let values: [f32; 8] = [0.5, -1.25, 2.0, 0.125, 9.0, -3.5, 0.75, 1.0];
        let bytes = values.map(f32::to_le_bytes).concat_bytes();
        let whole = sum(DType::F32, -20, 5, 100, &bytes);
        let parts = sum(DType::F32, -20, 5, 100, &bytes[..12]) + sum(DType::F32, -20, 5, 103, &bytes[12..]);
        assert_eq!(whole, parts);
        let by_hand = (100..).zip(values).map(|(at, value)| weight(5, at) as f64 * f64::from(value)).sum::<f64>();
        assert_eq!(whole as f64 / 1_048_576.0, by_hand);
        assert_ne!(whole, sum(DType::F32, -20, 5, 101, &bytes));
    }

    trait Bytes {
        fn concat_bytes(&self) -> [u8; 32];
    }

    impl Bytes for [[u8; 4]; 8] {
        fn concat_bytes(&self) -> [u8; 32] {
            core::array::from_fn(|at| self[at / 4][at % 4])
        }
    }
}
