//! `compile --emit c-object` and `staticlib`: an artifact for firmware in C, and its header.

use std::path::{Path, PathBuf};

use lathe_artifact::Artifact;
use lathe_driver::c_export::{Identifier, header, object, static_library, stem};

use crate::failure::{Exit, Failure, Outcome};
use crate::output_file;

/// What is written.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// an object file with the artifact
    Object,
    /// a library with that object and the runtime
    StaticLibrary,
}

impl Kind {
    /// As `--emit` names it.
    pub fn named(name: &str) -> Option<Kind> {
        match name {
            "c-object" => Some(Kind::Object),
            "staticlib" => Some(Kind::StaticLibrary),
            _ => None,
        }
    }
}

/// Writes the artifact `bytes` to `output` and the header beside it, whose path it gives.
pub fn write(kind: Kind, bytes: &[u8], output: &Path) -> Outcome<PathBuf> {
    let artifact = Artifact::parse(bytes).map_err(|e| Failure::new(Exit::Failure, e))?;
    let name = Identifier::of_file(output);
    let beside = output.with_file_name(format!("{}.h", stem(output)));
    if beside == output {
        return Err(Failure::usage(format!("{} would be object and header: name it MODEL.o", output.display())));
    }
    let object = object(&artifact, bytes, &name)?;
    let written = match kind {
        Kind::Object => object,
        Kind::StaticLibrary => static_library(&object, &format!("lathe_model_{name}.o"), artifact.header().target)?,
    };
    output_file::write(output, &written)?;
    output_file::write(&beside, header(&artifact, &name).as_bytes())?;
    Ok(beside)
}
