//! Reading the artifact that a verb is given.

use std::path::Path;

use lathe_artifact::Artifact;

use crate::failure::{Exit, Failure, Outcome};

/// The bytes of the file at `path`.
pub fn read(path: &Path) -> Outcome<Vec<u8>> {
    std::fs::read(path).map_err(|e| Failure::file("read", path, &e))
}

/// What they say; a damaged artifact is refused.
pub fn parse<'a>(path: &Path, bytes: &'a [u8]) -> Outcome<Artifact<'a>> {
    Artifact::parse(bytes).map_err(|e| Failure::new(Exit::Refused, format!("{}: {e}", path.display())))
}
