//! `tile A B FA FB`: both loops split, the inner halves moved inside.
//!
//! Contract: B is the only thing in A. Equal to splitting both and reordering.
//!
//! ```text
//! for y in 0..8               for y.0 in 0..2
//!   for x in 0..8       ->      for x.0 in 0..2
//!     f(y, x)                     for y.1 in 0..4
//!                                   for x.1 in 0..4
//!                                     f(y.0*4 + y.1, x.0*4 + x.1)
//! ```

use super::{Outcome, Schedule, reorder::reorder, split::split};

pub(super) fn tile(s: &mut Schedule, a: &str, b: &str, factor_a: i64, factor_b: i64) -> Outcome {
    split(s, a, &[factor_a])?;
    split(s, b, &[factor_b])?;
    reorder(s, &[format!("{a}.0"), format!("{b}.0"), format!("{a}.1"), format!("{b}.1")])
}
