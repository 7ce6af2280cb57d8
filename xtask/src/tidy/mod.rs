//! `cargo xtask tidy`: the house rules a program can check. One rule a file; every breach names file, line and rule.

mod arrows;
mod device_panics;
mod file_names;
mod file_sizes;
mod machine_paths;
mod marks;
mod module_docs;
mod safety;
mod source;

use std::fs;
use std::path::Path;

use anyhow::{Result, bail};

use crate::arguments::Arguments;
use crate::workspace;
use source::Source;

/// One breach of one rule.
#[derive(Debug, PartialEq, Eq)]
pub struct Breach {
    /// Path inside the project, or a package's name.
    pub place: String,
    /// Line, counted from 1; 0 where the whole file is meant.
    pub line: usize,
    /// What is wrong and what to do.
    pub what: String,
}

impl Breach {
    fn new(place: impl Into<String>, line: usize, what: impl Into<String>) -> Self {
        Self { place: place.into(), line, what: what.into() }
    }
}

/// Rules over one Rust file.
const RUST_RULES: &[fn(&Source) -> Vec<Breach>] = &[
    module_docs::check,
    safety::check,
    marks::check,
    file_sizes::check_lines,
    device_panics::check,
    machine_paths::check_rust,
];

/// The verb: prints every breach, and fails if there is one.
pub fn run(arguments: Arguments) -> Result<()> {
    arguments.nothing_more()?;
    let (breaches, files) = check()?;
    for breach in &breaches {
        match breach.line {
            0 => println!("{}: {}", breach.place, breach.what),
            line => println!("{}:{line}: {}", breach.place, breach.what),
        }
    }
    if !breaches.is_empty() {
        bail!("{} breaches of the house rules", breaches.len());
    }
    println!("tidy: {files} files keep the house rules");
    Ok(())
}

/// Every breach in the project, and how many files were looked at.
pub fn check() -> Result<(Vec<Breach>, usize)> {
    let files = workspace::files()?;
    let mut breaches = arrows::check(&workspace::packages()?);
    for file in &files {
        breaches.extend(check_file(file)?);
    }
    Ok((breaches, files.len()))
}

fn check_file(file: &Path) -> Result<Vec<Breach>> {
    let name = file.to_string_lossy();
    let bytes = fs::read(workspace::root().join(file))?;
    let mut breaches = file_names::check(file);
    breaches.extend(file_sizes::check_bytes(&name, bytes.len()));
    let Ok(text) = String::from_utf8(bytes) else { return Ok(breaches) };
    if file.extension().is_some_and(|extension| extension == "rs") {
        let source = Source::new(&name, &text);
        breaches.extend(RUST_RULES.iter().flat_map(|rule| rule(&source)));
    } else {
        breaches.extend(machine_paths::check_text(&name, &text));
    }
    Ok(breaches)
}
