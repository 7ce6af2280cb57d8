//! Files stay short enough to read, and nothing large is kept in the repository.

use super::{Breach, source::Source};

/// Lines of a Rust file that is not tests.
const MOST_LINES: usize = 800;
/// Bytes of any file.
const MOST_BYTES: usize = 1_000_000;

/// Finds Rust files over [`MOST_LINES`].
pub fn check_lines(source: &Source) -> Vec<Breach> {
    let lines = source.text.lines().count();
    if lines <= MOST_LINES || source.is_test_file() {
        return Vec::new();
    }
    vec![Breach::new(&source.path, 0, format!("{lines} lines, at most {MOST_LINES}: one idea a file"))]
}

/// Finds files over [`MOST_BYTES`].
pub fn check_bytes(path: &str, bytes: usize) -> Option<Breach> {
    (bytes > MOST_BYTES).then(|| Breach::new(path, 0, format!("{bytes} bytes, at most {MOST_BYTES}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_hold() {
        let long = "//! Long.\n".repeat(MOST_LINES + 1);
        assert_eq!(check_lines(&Source::new("src/a.rs", &long)).len(), 1);
        assert!(check_lines(&Source::new("tests/a.rs", &long)).is_empty());
        assert!(check_lines(&Source::new("src/a.rs", &long[10..])).is_empty());
        assert!(check_bytes("a", MOST_BYTES).is_none());
        assert!(check_bytes("a", MOST_BYTES + 1).is_some());
    }
}
