//! Files that appear whole or not at all.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::failure::{Exit, Failure, Outcome};

/// Writes `bytes` to `path`: first beside it under another name, then renamed, so that no reader ever sees a part. What
/// is not a regular file (a device, a pipe) is written directly.
pub fn write(path: &Path, bytes: &[u8]) -> Outcome {
    let full = |e: std::io::Error| {
        let hint = match e.kind() {
            std::io::ErrorKind::StorageFull => format!("; {} bytes are needed", bytes.len()),
            std::io::ErrorKind::NotFound => "; does its folder exist?".to_string(),
            _ => String::new(),
        };
        Failure::new(Exit::Failure, format!("cannot write {}: {e}{hint}", path.display()))
    };
    if fs::metadata(path).is_ok_and(|m| !m.is_file()) {
        return fs::OpenOptions::new().write(true).open(path).and_then(|mut f| f.write_all(bytes)).map_err(full);
    }
    let beside = temporary_name(path);
    let written = write_and_rename(&beside, path, bytes);
    written.map_err(|e| {
        // The temporary file may not exist; the first error is the one that matters.
        let _ = fs::remove_file(&beside);
        full(e)
    })
}

fn write_and_rename(beside: &Path, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = File::create(beside)?;
    file.write_all(bytes)?;
    // A full disk may show only here.
    file.sync_all()?;
    drop(file);
    fs::rename(beside, path)
}

fn temporary_name(path: &Path) -> PathBuf {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    path.with_file_name(format!(".{name}.{}.part", std::process::id()))
}
