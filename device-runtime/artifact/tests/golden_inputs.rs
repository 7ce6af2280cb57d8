//! The generator of golden inputs, against values worked out by hand from SPEC.md, and its ranges.

use lathe_artifact::golden::{element, fill};
use lathe_artifact::{DType, GoldenInput, GoldenSample};

#[test]
fn the_generator_is_splitmix64() {
    // SplitMix64 with seed 0 starts with 0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4.
    let mut bytes = [0; 8];
    fill(DType::F32, 0, 0, GoldenInput { low: 0.0, high: 1.0 }, &mut bytes);
    let expected = [0xE220A8u32, 0x6E789E].map(|top| f64::from(top) / f64::from(1 << 24));
    assert_eq!([element(DType::F32, &bytes, 0), element(DType::F32, &bytes, 1)], expected.map(Some));
    assert_eq!(element(DType::F32, &bytes, 2), None);
}

#[test]
fn every_type_stays_in_its_range_and_uses_it() {
    for dtype in DType::ALL {
        let (low, high) = if dtype.is_float() { (-2.0, 3.0) } else { (1.0, 6.0) };
        let range = if dtype == DType::Bool { (0.0, 1.0) } else { (low, high) };
        let mut bytes = vec![0; 1000 * dtype.size()];
        fill(dtype, 42, 3, GoldenInput { low: range.0, high: range.1 }, &mut bytes);
        let values: Vec<f64> = (0..1000).filter_map(|index| element(dtype, &bytes, index)).collect();
        assert_eq!(values.len(), 1000);
        assert!(values.iter().all(|value| (range.0..=range.1).contains(value)), "{dtype}");
        let mean = values.iter().sum::<f64>() / 1000.0;
        assert!((mean - (range.0 + range.1) / 2.0).abs() < 0.25, "{dtype}: mean {mean}");
        if dtype.is_int() {
            assert!(values.contains(&range.0) && values.contains(&range.1), "{dtype}");
        }
    }
}

#[test]
fn negative_integers_are_made_and_read() {
    let mut bytes = [0; 256];
    fill(DType::I8, 1, 0, GoldenInput { low: -128.0, high: 127.0 }, &mut bytes);
    let negative = (0..256).filter_map(|index| element(DType::I8, &bytes, index)).filter(|value| *value < 0.0).count();
    assert!((96..160).contains(&negative), "{negative} of 256");
}

#[test]
fn samples_accept_within_their_tolerance_only() {
    let sample = GoldenSample { output: 0, element: 0, value: 2.0, tolerance: 0.5 };
    assert!(sample.accepts(2.5) && sample.accepts(1.5) && !sample.accepts(2.6) && !sample.accepts(f64::NAN));
    let nan = GoldenSample { value: f64::NAN, ..sample };
    assert!(nan.accepts(f64::NAN) && !nan.accepts(2.0));
    let infinite = GoldenSample { value: f64::INFINITY, ..sample };
    assert!(infinite.accepts(f64::INFINITY) && !infinite.accepts(f64::NEG_INFINITY) && !infinite.accepts(1e300));
}

#[test]
fn half_precision_reads_every_kind_of_number() {
    let read = |bits: u16| element(DType::F16, &bits.to_le_bytes(), 0);
    assert_eq!(read(0x3c00), Some(1.0));
    assert_eq!(read(0xc000), Some(-2.0));
    assert_eq!(read(0x0001), Some(2f64.powi(-24)));
    assert_eq!(read(0x7bff), Some(65504.0));
    assert_eq!(read(0x7c00), Some(f64::INFINITY));
    assert!(read(0x7e00).is_some_and(f64::is_nan));
}
