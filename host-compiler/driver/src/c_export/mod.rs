//! An artifact for firmware in C: as an object file, with the runtime as a static library, and the header to both.

mod archive;
mod attributes;
mod header;
mod identifier;
mod object_file;

pub use archive::{StaticLibraryError, static_library};
pub use header::header;
pub use identifier::{Identifier, stem};
pub use object_file::{ObjectError, object};
