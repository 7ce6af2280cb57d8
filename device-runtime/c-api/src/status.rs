//! The numbers that calls end with.

/// `lathe_status`: 0 or the number of an error.
pub type LatheStatus = i32;

/// Success.
pub(crate) const OK: LatheStatus = 0;
pub(crate) const ARGUMENT: LatheStatus = 1;
#[cfg(feature = "std")]
pub(crate) const FILE: LatheStatus = 2;
pub(crate) const ARTIFACT: LatheStatus = 3;
pub(crate) const MEMORY: LatheStatus = 4;
#[cfg(feature = "std")]
pub(crate) const THREADS: LatheStatus = 5;
pub(crate) const NAME: LatheStatus = 6;
pub(crate) const TYPE: LatheStatus = 7;
pub(crate) const NUMBERS: LatheStatus = 8;
