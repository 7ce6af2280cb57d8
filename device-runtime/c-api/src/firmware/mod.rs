//! Models in firmware, and a server for them: in place, in memory that the caller gives; nothing allocates and nothing
//! panics.

mod failure;
#[cfg(target_os = "none")]
mod load;
mod model;
#[cfg(target_os = "none")]
mod panic;
mod place;
#[cfg(target_os = "none")]
mod processor;
mod server;
#[cfg(test)]
mod tests;

pub use failure::lathe_last_error;
pub(crate) use failure::{Failure, status};
#[cfg(target_os = "none")]
pub use load::lathe_load;
pub use model::LatheModel;
#[cfg(target_os = "none")]
pub use server::lathe_server_start;
pub use server::{LATHE_SERVER_BYTES, LathePort, LatheServer, lathe_server_poll};
