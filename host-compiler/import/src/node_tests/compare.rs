//! Comparing a result with the stored one: floats within ONNX's own tolerance (with exceptions, named), everything else
//! exactly.

use lathe_graph::{DType, Tensor};

/// Relative tolerance of ONNX's backend tests.
const RELATIVE: f64 = 1e-3;
/// For half floats, whose neighbours differ by up to 1e-3: two of their steps.
const RELATIVE_HALF: f64 = 2e-3;
/// Absolute tolerance of theirs.
const ABSOLUTE: f64 = 1e-7;
/// Tests, by the start of their names, whose stored results are further than that from the exact ones, and a tolerance
/// that both meet: f32 sums that cancel to nothing.
const INEXACT: [(&str, f64); 1] = [("test_dft_inverse", 1e-6)];

/// What differs first in a result of `test`, if anything does.
pub(super) fn difference(test: &str, got: &Tensor, expected: &Tensor) -> Option<String> {
    if got.ty() != expected.ty() {
        return Some(format!("type {} instead of {}", got.ty(), expected.ty()));
    }
    if got.dtype().is_float() {
        let relative = if got.dtype() == DType::F16 { RELATIVE_HALF } else { RELATIVE };
        let absolute =
            INEXACT.iter().find(|(name, _)| test.starts_with(name)).map_or(ABSOLUTE, |(_, absolute)| *absolute);
        let pairs = got.to_f64s().into_iter().zip(expected.to_f64s());
        let (i, (g, e)) = pairs.enumerate().find(|(_, (g, e))| !close(*g, *e, relative, absolute))?;
        return Some(format!("element {i} is {g} instead of {e}"));
    }
    let size = got.dtype().size();
    let pairs = got.bytes().chunks(size).zip(expected.bytes().chunks(size));
    let i = pairs.enumerate().find(|(_, (g, e))| g != e)?.0;
    let element = |t: &Tensor| t.to_i64s().get(i).copied().unwrap_or_default();
    Some(format!("element {i} is {} instead of {}", element(got), element(expected)))
}

fn close(got: f64, expected: f64, relative: f64, absolute: f64) -> bool {
    if !got.is_finite() || !expected.is_finite() {
        return got == expected || (got.is_nan() && expected.is_nan());
    }
    (got - expected).abs() <= absolute + relative * expected.abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tolerance_is_relative_and_infinities_count() {
        let close = |got, expected| close(got, expected, RELATIVE, ABSOLUTE);
        assert!(close(1.0009, 1.0) && !close(1.0012, 1.0));
        assert!(close(1e-7, 0.0) && !close(2e-7, 0.0));
        assert!(close(f64::INFINITY, f64::INFINITY) && !close(1.0, f64::INFINITY) && !close(f64::NAN, 1.0));
    }

    #[test]
    fn integers_are_exact_and_types_count() {
        let tensor = |v: &[i64]| Tensor::from_slice(&[v.len()], v).unwrap();
        assert_eq!(difference("", &tensor(&[1, 2]), &tensor(&[1, 2])), None);
        assert!(difference("", &tensor(&[1, 2]), &tensor(&[1, 3])).unwrap().contains("element 1"));
        assert!(difference("", &tensor(&[1, 2]), &Tensor::from_slice(&[2], &[1i32, 2]).unwrap()).is_some());
    }
}
