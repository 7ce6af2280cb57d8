//! Index arithmetic: ranges, and a canonical form in which equal indices look equal.

mod range;
mod simplify;

pub use range::{Range, Ranges};
pub use simplify::{Sum, gcd, is_index, simplify, substitute};
