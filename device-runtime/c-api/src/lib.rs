//! Lathe's device runtime for C and C++: the functions of `lathe.h`.
//!
//! `calls` has what every build has. With the feature `std` models are opened from files and run on threads (`hosted`);
//! without it they are used in place, in memory that the firmware gives, and nothing allocates (`firmware`); there a host
//! may be served too. A test holds the signatures here against the header, and others compile the C examples and run them.
#![cfg_attr(not(any(feature = "std", test)), no_std)]

mod calls;
#[cfg(not(feature = "std"))]
mod firmware;
#[cfg(feature = "std")]
mod hosted;
mod misuse;
mod status;
mod tensor;

pub use calls::{
    lathe_input, lathe_input_count, lathe_input_data, lathe_output, lathe_output_count, lathe_output_data, lathe_run,
    lathe_set_input, lathe_step, lathe_verify,
};
#[cfg(not(feature = "std"))]
pub use firmware::{LATHE_SERVER_BYTES, LatheModel, LathePort, LatheServer, lathe_last_error, lathe_server_poll};
#[cfg(all(not(feature = "std"), target_os = "none"))]
pub use firmware::{lathe_load, lathe_server_start};
#[cfg(feature = "std")]
pub use hosted::{LatheModel, lathe_close, lathe_last_error, lathe_open, lathe_open_memory};
pub use status::LatheStatus;
pub use tensor::{LatheDtype, LatheTensor};
