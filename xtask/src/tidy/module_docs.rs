//! Every Rust file says within its first three lines what it is for.

use super::{Breach, source::Source};

/// Finds files that do not open with `//!`. Tests, benchmarks and build scripts may.
pub fn check(source: &Source) -> Vec<Breach> {
    let opens = source.text.lines().take(3).any(|line| line.starts_with("//!"));
    if opens || source.is_test_file() || source.path.ends_with("build.rs") {
        return Vec::new();
    }
    vec![Breach::new(&source.path, 1, "the file does not open with a `//!` line on what it is for")]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_purpose_comes_first() {
        assert!(check(&Source::new("src/a.rs", "//! Adds.\nfn a() {}")).is_empty());
        assert!(check(&Source::new("src/a.rs", "#![no_std]\n//! Adds.\n")).is_empty());
        assert_eq!(check(&Source::new("src/a.rs", "use a;\nuse b;\nuse c;\n//! Late.\n")).len(), 1);
        assert_eq!(check(&Source::new("src/a.rs", "")).len(), 1);
        assert!(check(&Source::new("tests/a.rs", "fn a() {}")).is_empty());
    }
}
