//! Runs the ONNX backend node tests: import each model, run it on the stored inputs, compare with the stored outputs.
//!
//! A test is a folder with `model.onnx` and `test_data_set_N/{input,output}_i.pb`. Shapes are static here, so inputs
//! that decide a shape are made constants: when import asks for one, the test is imported again with it fixed.

mod backend;
mod case;
mod compare;
mod report;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

pub use backend::{Backend, BackendError, Interpreter};
pub use report::{Outcome, Report, TestResult};

/// Runs every test below `dir` whose folder's name contains `filter`. Panics of the importer or the backend are caught
/// and counted.
pub fn run_node_tests(dir: &Path, backend: &dyn Backend, filter: &str) -> std::io::Result<Report> {
    let mut report = Report::default();
    for folder in folders(dir)? {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !name.contains(filter) {
            continue;
        }
        let run = catch_unwind(AssertUnwindSafe(|| case::run(&folder, backend)));
        let (operator, outcome) =
            run.unwrap_or_else(|panic| (case::operator(&folder), Outcome::Panicked(text(&panic))));
        report.results.push(TestResult { name, operator, outcome });
    }
    Ok(report)
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
