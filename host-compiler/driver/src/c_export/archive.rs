//! A model's object and the runtime in one static library.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::boards;

/// Names the archiver may have, best first: Debian's versioned one, the plain one.
const ARCHIVERS: [&str; 2] = ["llvm-ar-19", "llvm-ar"];

/// Why there is no static library.
#[derive(Debug, thiserror::Error)]
pub enum StaticLibraryError {
    /// The target has no runtime of this kind.
    #[error(
        "{0} runs Linux: write the model as an object (--emit c-object) and link it with liblathe, or load an artifact \
         from its file"
    )]
    Hosted(String),
    /// The runtime is not there.
    #[error(
        "there is no runtime for {target}: `cargo xtask board build` with a board of that processor builds it, or set \
         LATHE_BOARDS to a folder that has {target}/liblathe.a (looked for {looked_for})"
    )]
    NoRuntime {
        /// the target
        target: String,
        /// the files
        looked_for: String,
    },
    /// No archiver is installed.
    #[error("no archiver is installed (looked for {}); install the package llvm-19", ARCHIVERS.join(", "))]
    NoArchiver,
    /// The archiver failed.
    #[error("{program} could not put the model into the library: {what}")]
    Archiver {
        /// the archiver
        program: &'static str,
        /// its words
        what: String,
    },
    /// A temporary file could not be used.
    #[error("the library could not be made: {0}")]
    Io(#[from] std::io::Error),
}

/// `object`, called `member`, and the runtime for `target` in one library.
pub fn static_library(object: &[u8], member: &str, target: &str) -> Result<Vec<u8>, StaticLibraryError> {
    if !target.contains("-none-") {
        return Err(StaticLibraryError::Hosted(target.to_string()));
    }
    join(&runtime(target)?, object, member)
}

/// The runtime's library, which `cargo xtask board build` lays where firmware is too.
fn runtime(target: &str) -> Result<PathBuf, StaticLibraryError> {
    let candidates: Vec<PathBuf> =
        boards::folders().into_iter().map(|folder| folder.join(target).join("liblathe.a")).collect();
    candidates.iter().find(|path| path.is_file()).cloned().ok_or_else(|| {
        let looked_for: Vec<String> = candidates.iter().map(|path| path.display().to_string()).collect();
        StaticLibraryError::NoRuntime { target: target.to_string(), looked_for: looked_for.join(", ") }
    })
}

/// A copy of `library` with `object` in it as `member`.
fn join(library: &Path, object: &[u8], member: &str) -> Result<Vec<u8>, StaticLibraryError> {
    let program = archiver()?;
    let folder = tempfile::tempdir()?;
    let (copy, file) = (folder.path().join("joined.a"), folder.path().join(member));
    std::fs::copy(library, &copy)?;
    std::fs::write(&file, object)?;
    // r: insert, c: without a word, s: with an index, D: without times, so that the same model makes the same bytes.
    let output = Command::new(program).arg("rcsD").arg(&copy).arg(&file).env("LC_ALL", "C").output()?;
    if !output.status.success() {
        let what = String::from_utf8_lossy(&output.stderr).trim().to_string();
        return Err(StaticLibraryError::Archiver { program, what });
    }
    Ok(std::fs::read(copy)?)
}

fn archiver() -> Result<&'static str, StaticLibraryError> {
    let works = |name: &&str| Command::new(name).arg("--version").output().is_ok_and(|o| o.status.success());
    ARCHIVERS.into_iter().find(|name| works(name)).ok_or(StaticLibraryError::NoArchiver)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_lies_beside_the_runtime() {
        let folder = tempfile::tempdir().unwrap();
        let library = folder.path().join("liblathe.a");
        std::fs::write(&library, "!<arch>\n").unwrap();
        let joined = join(&library, b"an object", "net.o").unwrap();
        let file = object::read::archive::ArchiveFile::parse(&*joined).unwrap();
        let members: Vec<_> = file.members().map(|member| member.unwrap()).collect();
        assert_eq!(members.len(), 1);
        assert_eq!((members[0].name(), members[0].data(&*joined).unwrap()), (&b"net.o"[..], &b"an object"[..]));
        assert_eq!(joined, join(&library, b"an object", "net.o").unwrap());
        assert_eq!(std::fs::read(&library).unwrap(), b"!<arch>\n");
    }

    #[test]
    fn linux_has_its_own_library() {
        assert!(static_library(b"", "net.o", "x86_64-linux").unwrap_err().to_string().contains("c-object"));
    }
}
