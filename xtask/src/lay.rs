//! Laying a file that was built where it is looked for: whole, since another run may be reading the one that is there.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Copies `from` to `to`.
pub fn lay(from: &Path, to: &Path) -> Result<()> {
    lay_finished(from, to, |_| Ok(()))
}

/// As [`lay`], once `finish` has done to the copy what is left to do, or has found it sound. Gives what it gives.
pub fn lay_finished<T>(from: &Path, to: &Path, finish: impl FnOnce(&Path) -> Result<T>) -> Result<T> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    let partial = to.with_extension("partial");
    fs::copy(from, &partial).with_context(|| format!("{} could not be copied", from.display()))?;
    let told = finish(&partial)?;
    fs::rename(&partial, to).with_context(|| format!("{} could not be laid down", to.display()))?;
    Ok(told)
}
