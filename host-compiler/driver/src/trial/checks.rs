//! What a candidate must write, as sums over blocks, with how far off rounding may put them.
//!
//! An element may be off by a share of the block's root mean square: 1e-4 for f32, ten times what sums of thousands of
//! products in another order differ by. Errors of `n` elements, each counted 1024 to 4095 times with a sign that has
//! nothing to do with it, add to about 2710 sqrt(n) of one; 4096 sqrt(n) are allowed, and 4096 units for each element
//! that was cut. In a block of 16 elements one that is off by 0.2 % of the root mean square is found, in one of 4096
//! one by 2.6 %; so blocks are small while there are few.

use lathe_artifact::{Check, DType, golden, sums};

/// Elements of a block, unless that makes too many.
const BLOCK: usize = 16;
/// Most blocks of an argument.
const MOST: usize = 16;
/// What no element counts more than in a sum.
const MOST_COUNTED: u32 = 4096;
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
    let allowed = f64::from(MOST_COUNTED) * share * squares.sqrt() / f64::from(unit).exp2();
    (unit as i16, allowed.ceil() as u64 + u64::from(MOST_COUNTED) * count as u64)
}

#[cfg(test)]
mod tests {
    use lathe_artifact::noise;

    use super::*;

    fn bytes(values: impl Iterator<Item = f32>) -> Vec<u8> {
        values.flat_map(f32::to_le_bytes).collect()
    }

    fn values() -> impl Iterator<Item = f32> {
        (0..10_000).map(|i| ((i * 7919) % 1000) as f32 / 300.0 - 1.5)
    }

    #[test]
    fn blocks_cover_every_element_once() {
        for elements in [1usize, 15, 16, 17, 1_000_000] {
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

    #[test]
    fn two_elements_that_changed_places_are_told() {
        for (dtype, elements) in [(DType::F32, 16u32), (DType::F32, 100), (DType::F32, 20_000), (DType::I8, 4096)] {
            let size = dtype.size();
            let mut content = vec![0; elements as usize * size];
            noise::fill(3, 0, &mut content);
            if dtype.is_float() {
                // What kernels write are mostly sums.
                let word = |index| f32::from_bits(noise::word(3, index));
                content = bytes((0..elements).map(|e| (0..12).map(|term| word(e * 12 + term)).sum()));
            }
            let checks = checks(0, 0, dtype, 9, &content);
            let (mut told, mut swaps) = (0, 0);
            for number in 0..1000 {
                let [a, b] = [2 * number, 2 * number + 1].map(|n| (noise::hash(77, n) % elements) as usize * size);
                let mut swapped = content.clone();
                (0..size).for_each(|byte| swapped.swap(a + byte, b + byte));
                swaps += u32::from(swapped != content);
                told += u32::from(checks.iter().any(|c| !c.accepts(c.sum(9, &swapped))));
            }
            println!("{dtype:?}, {elements} elements: {told} of {swaps} swaps are told");
            assert!(swaps > 900 && told * 100 > swaps * 99, "{dtype:?} {elements}: {told} of {swaps}");
        }
    }
}
