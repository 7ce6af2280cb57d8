//! What a candidate must write, as sums over blocks, with how far off rounding may put them.
//!
//! An element may be off by a share of the block's root mean square: 1e-4 for f32, ten times what sums of thousands of
//! products in another order differ by. Errors of `n` elements, each counted 4 to 7 times with a sign that has nothing to
//! do with it, add to about 5.6 sqrt(n) of one; 8 sqrt(n) are allowed, and 8 units for each element that was cut. In a
//! block of 4096 elements one that is off by 1.3 % of the root mean square is found.

use lathe_artifact::{Check, DType, golden, sums};

/// Elements of a block, unless that makes too many.
const BLOCK: usize = 4096;
/// Most blocks of an argument.
const MOST: usize = 16;
/// Bits of the largest element of a block, in units.
const PRECISION: i32 = 30;

/// The checks of argument number `argument` of candidate number `step`, which must hold `expected` afterwards.
pub fn checks(step: u16, argument: u16, dtype: DType, seed: u32, expected: &[u8]) -> Vec<Check> {
    let elements = expected.len() / dtype.size();
    let block = BLOCK.max(elements.div_ceil(MOST));
    let check = |(number, bytes): (usize, &[u8])| {
        let (first, count) = ((number * block) as u32, (bytes.len() / dtype.size()) as u32);
        let (unit, tolerance) = if dtype.is_float() { precision(dtype, bytes) } else { (0, 0) };
        let expected = sums::sum(dtype, unit, seed, first, bytes);
        Check { step, argument, dtype, unit, first, count, expected, tolerance }
    };
    expected.chunks(block * dtype.size()).enumerate().map(check).collect()
}

/// The unit that the floats in `bytes` are counted in, and how many units their sum may be off.
fn precision(dtype: DType, bytes: &[u8]) -> (i16, u64) {
    let count = bytes.len() / dtype.size();
    let values = (0..count as u32).filter_map(|e| golden::element(dtype, bytes, e)).filter(|v| v.is_finite());
    let (most, squares) = values.fold((0f64, 0f64), |(most, squares), v| (most.max(v.abs()), squares + v * v));
    let exponent = if most > 0.0 { most.log2().ceil() as i32 } else { 0 };
    let unit = exponent - PRECISION;
    let share = match dtype {
        DType::F16 => 1e-2,
        DType::F64 => 1e-6,
        _ => 1e-4,
    };
    let allowed = 8.0 * share * squares.sqrt() / f64::from(unit).exp2();
    (unit as i16, allowed.ceil() as u64 + 8 * count as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(values: impl Iterator<Item = f32>) -> Vec<u8> {
        values.flat_map(f32::to_le_bytes).collect()
    }

    fn values() -> impl Iterator<Item = f32> {
        (0..10_000).map(|i| ((i * 7919) % 1000) as f32 / 300.0 - 1.5)
    }

    #[test]
    fn blocks_cover_every_element_once() {
        for elements in [1usize, 4095, 4096, 4097, 1_000_000] {
            let checks = checks(0, 0, DType::U8, 1, &vec![1; elements]);
            assert!(checks.len() <= MOST);
            let mut next = 0;
            for check in checks {
                assert_eq!((check.first, check.tolerance), (next, 0));
                next += check.count;
            }
            assert_eq!(next as usize, elements);
        }
        assert!(checks(0, 0, DType::F32, 1, &[]).is_empty());
    }

    #[test]
    fn rounding_is_allowed_and_one_wrong_element_is_not() {
        let expected = bytes(values());
        let checks = checks(0, 0, DType::F32, 9, &expected);
        let accepted = |found: &[u8]| checks.iter().all(|c| c.accepts(c.sum(9, found)));
        assert!(accepted(&expected));
        assert!(accepted(&bytes(values().map(|v| v * 1.000_01))));
        assert!(accepted(&bytes(values().enumerate().map(|(i, v)| if i % 2 == 0 { v + 1e-5 } else { v - 1e-5 }))));
        for at in [0, 4095, 4096, 9999] {
            assert!(!accepted(&bytes(values().enumerate().map(|(i, v)| if i == at { v + 0.02 } else { v }))), "{at}");
            assert!(!accepted(&bytes(values().enumerate().map(|(i, v)| if i == at { f32::NAN } else { v }))), "{at}");
        }
        assert!(!accepted(&bytes(values().map(|_| 0.0))));
    }
}
