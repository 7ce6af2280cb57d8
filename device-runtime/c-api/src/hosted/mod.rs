//! Models on Linux: opened from a file or from memory, run on threads.

mod failure;
mod model;
mod open;

pub use failure::lathe_last_error;
pub(crate) use failure::{Failure, status};
pub use model::LatheModel;
pub use open::{lathe_close, lathe_open, lathe_open_memory};
