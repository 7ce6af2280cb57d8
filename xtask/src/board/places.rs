//! Where what is built for boards lies.

use std::path::PathBuf;

use crate::workspace;

/// Where built firmware lies, a folder a board: here `host-compiler` finds it.
pub(super) fn built() -> PathBuf {
    workspace::target().join("boards")
}

/// Where cargo builds the boards' workspace, whose settings are not those of ours.
pub fn cargo_folder() -> PathBuf {
    built().join("cargo")
}
