//! IEEE 754 numbers as whole numbers times powers of two.
//!
//! What the self-test needs of double precision, done on integers: on a processor that has none, the library's additions,
//! comparisons and conversions of doubles would take more flash than the executor.

/// A binary interchange format of IEEE 754.
#[derive(Clone, Copy)]
pub(crate) struct Format {
    /// Bits of the fraction.
    fraction: u32,
    /// Bits of the exponent.
    exponent: u32,
}

impl Format {
    pub const BINARY16: Format = Format { fraction: 10, exponent: 5 };
    pub const BINARY32: Format = Format { fraction: 23, exponent: 8 };
    pub const BINARY64: Format = Format { fraction: 52, exponent: 11 };

    /// The bits of infinity.
    fn infinity(self) -> u64 {
        ((1u64 << self.exponent) - 1) << self.fraction
    }

    /// Infinity or NaN, whose bits in this format are given, in binary64.
    pub fn widen_special(self, bits: u64) -> u64 {
        let shift = Format::BINARY64.fraction - self.fraction;
        let sign = bits >> (self.fraction + self.exponent) & 1;
        sign << 63 | Format::BINARY64.infinity() | (bits & !(u64::MAX << self.fraction)) << shift
    }

    /// What the exponent field of 1.0 holds.
    fn bias(self) -> i32 {
        (1 << (self.exponent - 1)) - 1
    }
}

/// A finite number: `significand * 2^exponent`, or its negative.
#[derive(Clone, Copy)]
pub(crate) struct Binary {
    negative: bool,
    significand: u64,
    exponent: i32,
}

impl Binary {
    /// A whole number.
    pub fn whole(value: i64) -> Binary {
        Binary { negative: value < 0, significand: value.unsigned_abs(), exponent: 0 }
    }

    /// A whole number that is not negative.
    pub fn unsigned(value: u64) -> Binary {
        Binary { negative: false, significand: value, exponent: 0 }
    }

    /// The number with these bits in `format`; `None` when it is infinite or none.
    #[inline(never)]
    pub fn from_bits(bits: u64, format: Format) -> Option<Binary> {
        let sign = 1u64 << (format.fraction + format.exponent);
        let magnitude = bits & (sign - 1);
        if magnitude >= format.infinity() {
            return None;
        }
        let field = (magnitude >> format.fraction) as i32;
        let fraction = magnitude & ((1u64 << format.fraction) - 1);
        let significand = if field == 0 { fraction } else { fraction | 1u64 << format.fraction };
        let exponent = field.max(1).wrapping_sub(format.bias()).wrapping_sub(format.fraction as i32);
        Some(Binary { negative: bits & sign != 0, significand, exponent })
    }

    /// The bits of the nearest number in `format`, ties to even; infinity beyond its range.
    #[inline(never)]
    pub fn to_bits(self, format: Format) -> u64 {
        let zeros = self.significand.leading_zeros();
        let magnitude = if self.significand == 0 {
            0
        } else {
            let normal = self.significand << zeros;
            // What the exponent field holds, where it can hold it; below, the fraction is shifted out.
            let field = self.exponent.wrapping_add(63).wrapping_sub(zeros as i32).wrapping_add(format.bias());
            let below = 1i32.wrapping_sub(field).max(0) as u32;
            let dropped = (63 - format.fraction).saturating_add(below);
            let kept = normal.checked_shr(dropped).unwrap_or(0);
            let rest = normal.checked_shl(64u32.saturating_sub(dropped)).unwrap_or(0);
            let rest = if dropped > 64 { 1 } else { rest };
            let up = rest > 1 << 63 || (rest == 1 << 63 && kept & 1 == 1);
            // The leading bit of a normal number adds one to the exponent field; so does a carry.
            let exponent = u64::from(field.max(1).unsigned_abs() - 1) << format.fraction;
            exponent.wrapping_add(kept).wrapping_add(u64::from(up)).min(format.infinity())
        };
        magnitude | u64::from(self.negative) << (format.fraction + format.exponent)
    }

    /// The whole part; the greatest or least number when it is beyond 64 bits.
    pub fn truncated(self) -> i64 {
        let shift = self.exponent.unsigned_abs();
        let magnitude = match self.exponent {
            ..0 => self.significand.checked_shr(shift).unwrap_or(0),
            _ if self.significand != 0 && self.significand.leading_zeros() <= shift => u64::MAX,
            _ => self.significand.checked_shl(shift).unwrap_or(0),
        };
        let limit = i64::MAX.unsigned_abs();
        let value = magnitude.min(limit).cast_signed();
        if self.negative { value.wrapping_neg().wrapping_sub(i64::from(magnitude > limit)) } else { value }
    }

    /// Whether two numbers differ by at most `tolerance`, to 61 bits of the greatest of the three.
    pub fn is_within(self, tolerance: Binary, other: Binary) -> bool {
        let top = self.top().max(other.top()).max(tolerance.top());
        let difference = self.fixed(top).0.wrapping_sub(other.fixed(top).0);
        let (allowed, cut) = tolerance.fixed(top);
        difference.unsigned_abs().cast_signed() <= allowed.wrapping_add(i64::from(cut))
    }

    /// The power of two above the number.
    fn top(self) -> i32 {
        let bits = 64u32.wrapping_sub(self.significand.leading_zeros()) as i32;
        if bits == 0 { i32::MIN / 2 } else { bits.wrapping_add(self.exponent) }
    }

    /// The number in units of `2^(top - 61)`, towards zero, and whether it is not a whole number of them.
    fn fixed(self, top: i32) -> (i64, bool) {
        let left = self.exponent.wrapping_sub(top).wrapping_add(61);
        let magnitude = if left >= 0 {
            self.significand.checked_shl(left.unsigned_abs()).unwrap_or(0)
        } else {
            self.significand.checked_shr(left.unsigned_abs()).unwrap_or(0)
        };
        let whole = left >= 0 || magnitude.checked_shl(left.unsigned_abs()) == Some(self.significand);
        let value = magnitude.cast_signed();
        (if self.negative { value.wrapping_neg() } else { value }, !whole && self.significand != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers of every size and kind, the same at every run.
    fn numbers() -> impl Iterator<Item = f64> {
        let edges = [0.0, -0.0, 1.0, f64::MAX, f64::MIN_POSITIVE, 5e-324, 16_777_217.0, 1e-40, -1e-45, 3.4e38, 3.5e38];
        let random = |state: &mut u64| {
            *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            Some(f64::from_bits(*state ^ *state >> 29))
        };
        let wide = core::iter::successors(Some(1u64), |_| None).flat_map(move |mut state| {
            core::iter::from_fn(move || random(&mut state)).filter(|value| value.is_finite()).take(20_000)
        });
        let near = (0..20_000).map(|i| f64::from(i - 10_000) * 1.000_000_017);
        edges.into_iter().chain(wide).chain(near)
    }

    fn binary(value: f64) -> Binary {
        Binary::from_bits(value.to_bits(), Format::BINARY64).unwrap()
    }

    #[test]
    fn conversions_are_the_processors() {
        for value in numbers() {
            assert_eq!(binary(value).to_bits(Format::BINARY64), value.to_bits());
            let narrow = value as f32;
            assert_eq!(binary(value).to_bits(Format::BINARY32), u64::from(narrow.to_bits()), "{value:e}");
            assert_eq!(binary(value).truncated(), value as i64, "{value:e}");
            if let Some(narrow_again) = Binary::from_bits(u64::from(narrow.to_bits()), Format::BINARY32) {
                assert_eq!(narrow_again.to_bits(Format::BINARY64), f64::from(narrow).to_bits());
            }
            let whole = value.to_bits();
            assert_eq!(Binary::unsigned(whole).to_bits(Format::BINARY64), (whole as f64).to_bits());
            let whole = whole.cast_signed();
            assert_eq!(Binary::whole(whole).to_bits(Format::BINARY64), (whole as f64).to_bits());
        }
        assert!(Binary::from_bits(f64::INFINITY.to_bits(), Format::BINARY64).is_none());
        assert!(Binary::from_bits(u64::from(f32::NAN.to_bits()), Format::BINARY32).is_none());
    }

    #[test]
    fn nearness_is_the_processors() {
        for (a, b) in numbers().zip(numbers().skip(1)) {
            for tolerance in [0.0, 1e-6, 0.5, 1.0, 1.000_1, 1e30] {
                let expected = (a - b).abs() <= f64::from(tolerance as f32);
                let found = binary(a).is_within(binary(f64::from(tolerance as f32)), binary(b));
                assert_eq!(found, expected, "{a:e} {b:e} {tolerance:e}");
            }
        }
        let next = f64::from_bits(1.0f64.to_bits() + 1);
        assert!(
            !binary(1.0).is_within(binary(0.0), binary(next)) && binary(1.0).is_within(binary(1e-15), binary(next))
        );
        assert!(
            !binary(1.0).is_within(binary(1e-38), binary(next)) && binary(0.0).is_within(binary(0.0), binary(-0.0))
        );
    }
}
