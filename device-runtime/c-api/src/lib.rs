//! Lathe's device runtime for C and C++: the functions of `lathe.h`.
//!
//! A test holds the signatures here against the header, and another compiles the C example and runs it.

mod last_error;
mod model;
mod tensor;

pub use last_error::{LatheStatus, lathe_last_error};
pub use model::{
    LatheModel, lathe_close, lathe_input, lathe_input_count, lathe_open, lathe_open_memory, lathe_output,
    lathe_output_count, lathe_output_data, lathe_run, lathe_set_input, lathe_verify,
};
pub use tensor::{LatheDtype, LatheTensor};
