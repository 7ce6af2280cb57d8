//! Medians and ratios over rounds.

/// Milliseconds of one engine: all samples, and each round's median.
#[derive(Clone, Debug, Default)]
pub struct Samples {
    all: Vec<f64>,
    rounds: Vec<f64>,
}

impl Samples {
    /// Adds the samples of one round.
    pub fn add_round(&mut self, samples: Vec<f64>) {
        self.rounds.push(median(&samples));
        self.all.extend(samples);
    }

    /// Every sample of every round.
    pub fn all(&self) -> &[f64] {
        &self.all
    }

    /// The median over rounds of this engine's time over the other's in the same round.
    pub fn over(&self, other: &Self) -> f64 {
        let ratios: Vec<f64> = self.rounds.iter().zip(&other.rounds).map(|(mine, theirs)| mine / theirs).collect();
        median(&ratios)
    }
}

/// The middle value; the mean of the two middle values of an even count; not a number for none.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        count if count % 2 == 1 => sorted[count / 2],
        count => (sorted[count / 2 - 1] + sorted[count / 2]) / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_are_in_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn a_slow_round_slows_both_and_leaves_the_ratio() {
        let (mut ours, mut theirs) = (Samples::default(), Samples::default());
        for load in [1.0, 1.0, 5.0] {
            ours.add_round(vec![2.0 * load; 3]);
            theirs.add_round(vec![3.0 * load; 3]);
        }
        assert_eq!(theirs.over(&ours), 1.5);
        assert_eq!(ours.all().len(), 9);
    }
}
