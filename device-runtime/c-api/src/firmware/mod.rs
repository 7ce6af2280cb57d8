//! Models in firmware: in place, in memory that the caller gives; nothing allocates and nothing panics.

mod failure;
#[cfg(target_os = "none")]
mod load;
mod model;
#[cfg(target_os = "none")]
mod panic;
mod place;
#[cfg(target_os = "none")]
mod processor;
#[cfg(test)]
mod tests;

pub use failure::lathe_last_error;
pub(crate) use failure::{Failure, status};
#[cfg(target_os = "none")]
pub use load::lathe_load;
pub use model::LatheModel;
