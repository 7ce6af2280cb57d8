//! A file is named for its idea: names that mean "the rest" are refused.

use std::path::Path;

use super::Breach;

/// Names that say nothing.
const EMPTY_NAMES: [&str; 6] = ["utils", "util", "common", "misc", "helpers", "base"];

/// Finds files and folders with such names.
pub fn check(file: &Path) -> Vec<Breach> {
    let stems = file.iter().map(|part| {
        let part = part.to_string_lossy();
        part.split('.').next().unwrap_or_default().to_lowercase()
    });
    let bad = stems.filter(|stem| EMPTY_NAMES.contains(&stem.as_str()));
    let place = file.to_string_lossy().into_owned();
    bad.map(|stem| Breach::new(&place, 0, format!("`{stem}` names no idea: say what is in it"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_something() {
        assert_eq!(check(Path::new("graph/src/utils.rs")).len(), 1);
        assert_eq!(check(Path::new("graph/common/fold.rs")).len(), 1);
        assert!(check(Path::new("graph/src/database.rs")).is_empty());
    }
}
