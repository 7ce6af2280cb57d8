//! Damaged models end in an error or in a sound graph, never in a panic.

mod model_builder;

use std::collections::BTreeMap;

use lathe_graph::{Tensor, interpreter};
use lathe_import::{Options, check, import};
use model_builder::{bytes, small_network};

fn options() -> Options {
    Options { input_shapes: BTreeMap::from([("image".to_owned(), vec![1, 2, 6, 6])]), ..Options::default() }
}

/// SplitMix64: the same mutations on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound as u64) as usize
    }
}

#[test]
fn the_undamaged_model_computes() {
    let graph = import(&bytes(&small_network()), &options()).unwrap();
    let image: Vec<f32> = (0..72).map(|i| (i as f32 * 0.7).cos()).collect();
    let outputs = interpreter::run(&graph, &[Tensor::from_slice(&[1, 2, 6, 6], &image).unwrap()]).unwrap();
    let scores = outputs[0].to_f64s();
    assert_eq!(scores.len(), 3);
    assert!((scores.iter().sum::<f64>() - 1.0).abs() < 1e-6);
}

#[test]
fn a_thousand_truncations() {
    let whole = bytes(&small_network());
    let cuts = (0..1000).map(|i| i * whole.len() / 1000);
    let mut refused = 0;
    for cut in cuts {
        refused += usize::from(import(&whole[..cut], &options()).is_err());
        check(&whole[..cut], &options());
    }
    assert!(refused > 900, "only {refused} of 1000 truncated models were refused");
}

#[test]
fn five_thousand_mutations() {
    let whole = bytes(&small_network());
    let mut random = Random(5);
    let mut refused = 0;
    for _ in 0..5000 {
        let mut damaged = whole.clone();
        for _ in 0..=random.below(4) {
            let position = random.below(damaged.len());
            match random.below(4) {
                0 => damaged[position] ^= 1 << random.below(8),
                1 => damaged[position] = random.below(256) as u8,
                2 => drop(damaged.remove(position)),
                _ => damaged.insert(position, random.below(256) as u8),
            }
        }
        refused += usize::from(import(&damaged, &options()).is_err());
        check(&damaged, &options());
    }
    assert!(refused > 1000, "only {refused} of 5000 mutated models were refused");
}

#[test]
fn every_byte_as_an_extreme() {
    let whole = bytes(&small_network());
    for position in 0..whole.len() {
        for extreme in [0x00, 0x7f, 0x80, 0xff] {
            let mut damaged = whole.clone();
            damaged[position] = extreme;
            let _ = import(&damaged, &options());
        }
    }
}
