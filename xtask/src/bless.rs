//! `cargo xtask bless`: rewrite the golden files of text tests with what the code prints now.
//!
//! Golden tests compare a text form with a file. With `LATHE_BLESS=1` they write that file instead; `git diff` then
//! shows what changed, and a person decides whether it is right.

use anyhow::Result;

use crate::arguments::Arguments;
use crate::{process, workspace};

/// Packages with golden tests.
const GOLDEN: [&str; 2] = ["lathe-graph", "lathe-tensor"];

/// The verb: blesses the packages named, or all that have golden files.
pub fn run(arguments: Arguments) -> Result<()> {
    let named = arguments.rest()?;
    let packages = if named.is_empty() { GOLDEN.map(str::to_owned).to_vec() } else { named };
    let mut test = workspace::cargo();
    test.args(["test", "--release", "--tests"]).env("LATHE_BLESS", "1");
    for package in &packages {
        test.args(["--package", package]);
    }
    process::run(&mut test)?;
    process::run(std::process::Command::new("git").current_dir(workspace::root()).args([
        "--no-pager",
        "diff",
        "--stat",
    ]))
}
