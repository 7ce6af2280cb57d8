//! Recipes: what graph operators compute, as tensor programs.
//!
//! One definition per operator serves every target; one file per operator or family. A recipe is a function that
//! takes operands, appends stages to the program under construction and returns the operands it filled.
//! [`program_for_group`] strings the recipes of a fusion group together. Simple stages stay separate here: whether a
//! `relu` is computed where a convolution stores is the schedule's business.

mod arg_reduce;
mod batch_norm;
mod binary;
mod cast;
mod concat;
mod conv;
mod conv_transpose;
mod cumsum;
mod einsum;
mod error;
mod gather;
mod group;
mod gru;
mod image;
mod in_place;
mod instance_norm;
mod kind;
mod layer_norm;
mod lower;
mod lowered;
mod lstm;
mod matmul;
mod name;
mod one_hot;
mod pad;
mod pool;
mod quantize;
mod recurrent;
mod reduce;
mod reshape;
mod resize;
mod scatter;
mod select;
mod slice;
mod softmax;
mod tile;
mod topk;
mod transpose;
mod trilu;
mod unary;

#[cfg(test)]
mod tests;

pub use error::RecipeError;
pub use group::{GroupProgram, program_for_group};
pub use kind::AnchorKind;
