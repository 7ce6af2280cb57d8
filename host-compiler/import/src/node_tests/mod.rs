//! Runs the ONNX backend node tests: import each model, run it on the stored inputs, compare with the stored outputs.
//!
//! A test is a folder with `model.onnx` and `test_data_set_N/{input,output}_i.pb`. Shapes are static here, so inputs
//! that decide a shape are made constants: when import asks for one, the test is imported again with it fixed.

mod backend;
mod case;
mod compare;
mod report;
mod worker;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

pub use backend::{Backend, BackendError, Interpreter};
pub use report::{Counts, Outcome, Report, TestResult};
pub use worker::{run_in_workers, serve};

/// Runs every test below `dir` whose folder's name contains `filter` in this process. Panics of the importer or the
/// backend are caught and counted.
pub fn run_node_tests(dir: &Path, backend: &dyn Backend, filter: &str) -> std::io::Result<Report> {
    let results = selected(dir, filter)?.iter().map(|folder| run_one(folder, backend)).collect();
    Ok(Report { results })
}

/// Runs the test in `folder`.
fn run_one(folder: &Path, backend: &dyn Backend) -> TestResult {
    let run = catch_unwind(AssertUnwindSafe(|| case::run(folder, backend)));
    let (operator, outcome) = run.unwrap_or_else(|panic| (case::operator(folder), Outcome::Panicked(text(&panic))));
    TestResult::new(folder, operator, outcome)
}

/// The folders of the tests below `dir` whose names contain `filter`, sorted.
fn selected(dir: &Path, filter: &str) -> std::io::Result<Vec<PathBuf>> {
    let mut folders = folders(dir)?;
    folders.retain(|folder| name(folder).contains(filter));
    Ok(folders)
}

/// A test's name: its folder's.
fn name(folder: &Path) -> String {
    folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The folders with a model at or below `dir`, sorted.
fn folders(dir: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut pending = vec![dir.to_path_buf()];
    while let Some(folder) = pending.pop() {
        if folder.join("model.onnx").is_file() {
            found.push(folder);
            continue;
        }
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                pending.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// What a panic said.
fn text(panic: &Box<dyn std::any::Any + Send>) -> String {
    let message = panic.downcast_ref::<String>().map(String::as_str);
    message.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message").to_owned()
}
