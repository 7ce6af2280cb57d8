//! The server for firmware in C: a host times, profiles and runs the model over a byte link of the firmware's.

mod place;
mod poll;
mod port;
#[cfg(target_os = "none")]
mod start;
#[cfg(test)]
mod tests;

pub use place::{LATHE_SERVER_BYTES, LatheServer};
pub use poll::lathe_server_poll;
pub use port::LathePort;
#[cfg(target_os = "none")]
pub use start::lathe_server_start;
