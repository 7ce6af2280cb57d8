//! A median, and how far it may be off.

use lathe_runtime_std::Timing;

/// The quantile of the normal distribution that leaves 0.5 % above it.
const Z: f64 = 2.5758;

/// The middle of some samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Median {
    /// itself, 0 without samples
    pub value: f64,
    /// its standard error; none of samples too few to tell
    pub error: Option<f64>,
}

impl Median {
    /// That of `samples`. The error is told from how far apart the two samples lie that have the true median between them
    /// 99 times of 100, however the samples are distributed (McKean and Schrader, "A comparison of methods for
    /// Studentizing the sample median", 1984).
    pub fn of(samples: impl Iterator<Item = f64>) -> Median {
        let mut sorted: Vec<f64> = samples.collect();
        sorted.sort_by(f64::total_cmp);
        let count = sorted.len();
        let outside = ((count as f64 + 1.0) / 2.0 - Z * (count as f64 / 4.0).sqrt()).round() as usize;
        let apart = outside.checked_sub(1).and_then(|low| Some(sorted.get(count - outside)? - sorted.get(low)?));
        let value = Timing { samples_ms: sorted, ..Timing::default() }.median_ms();
        Median { value, error: apart.map(|apart| apart / (2.0 * Z)) }
    }

    /// Whether its error is known and at most `error`.
    pub fn is_within(self, error: f64) -> bool {
        self.error.is_some_and(|own| own <= error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_is_that_of_many_medians() {
        // Sums of twelve random numbers are about normal, of variance 1: a median of n has the error 1.2533 / sqrt(n) (a
        // little less, the sums' tails being cut).
        let mut state = 1u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f64 / (1u64 << 24) as f64
        };
        for count in [16, 37, 100] {
            let medians: Vec<Median> =
                (0..400).map(|_| Median::of((0..count).map(|_| (0..12).map(|_| random()).sum::<f64>()))).collect();
            let told = medians.iter().filter_map(|m| m.error).sum::<f64>() / 400.0;
            let seen = (medians.iter().map(|m| (m.value - 6.0).powi(2)).sum::<f64>() / 400.0).sqrt();
            assert!((seen * f64::from(count).sqrt() / 1.2533 - 1.0).abs() < 0.15, "{count}: {seen}");
            // Of few samples it is told too large.
            assert!((0.9..1.4).contains(&(told / seen)), "{count}: {told} for {seen}");
        }
    }

    #[test]
    fn few_samples_tell_no_error() {
        assert_eq!(Median::of([].into_iter()), Median { value: 0.0, error: None });
        assert_eq!(Median::of([3.0, 1.0].into_iter()), Median { value: 2.0, error: None });
        assert_eq!(Median::of([1.0; 6].into_iter()).error, None);
        assert_eq!(Median::of([1.0; 7].into_iter()), Median { value: 1.0, error: Some(0.0) });
        assert!(Median::of([1.0; 7].into_iter()).is_within(0.0) && !Median::of([1.0; 6].into_iter()).is_within(1.0));
    }
}
