//! The text form of a graph: printed for people and golden files, parsed back to the same graph.
//!
//! ```text
//! graph "tiny"
//! input %x: f32[1,2,4,4]
//! const %w: f32[2,2,1,1] = [1.0, 0.0, 0.0, 1.0]
//! const %slope: f32[64] = splat 0.25
//! %conv: f32[1,2,4,4] = Conv(%x, %w) kernel=[1,1] groups=1
//! %values: f32[1,2,4,2], %indices: i64[1,2,4,2] = TopK(%conv) axis=3 k=2 largest=true @"node name"
//! output "y" = %values
//! ```
//!
//! Names with other characters than letters, digits and `_ . / : -` are quoted. A node's name is given when it is not
//! its first result's. Data of a constant are a list of numbers, `splat NUMBER`, `hex BYTES`, or `#HASH`, which stands
//! for data left out and is looked up in the table given to the parser. For hand-written graphs there is also
//! `noise SEED`: numbers between -1 and 1 (small integers for other types) that depend on the seed alone. Lines that
//! start with `//` are comments.

mod attributes;
mod constants;
mod cursor;
mod operators;
mod parse;
mod print;

pub use constants::{ConstantTable, noise};
pub use parse::{ParseError, parse};
pub use print::{ConstantForm, print};
