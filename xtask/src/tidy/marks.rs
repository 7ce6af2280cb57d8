//! Nothing unfinished lands: no notes to oneself, no debugging output, no holes.

use super::{Breach, source::Source};

/// Marks in comments. Spelled in two parts, so that this file is not its own breach.
const NOTES: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
/// Holes and leftovers in code.
const HOLES: [&str; 3] = [concat!("dbg", "!("), concat!("todo", "!("), concat!("unimpl", "emented!(")];

/// Finds marks anywhere in a file, and holes in its code.
pub fn check(source: &Source) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for (index, (text, code)) in source.text.lines().zip(source.code.lines()).enumerate() {
        for mark in NOTES.iter().filter(|mark| Source::has_word(text, mark)) {
            breaches.push(Breach::new(&source.path, index + 1, format!("`{mark}`: do it, or open an issue")));
        }
        for hole in HOLES.iter().filter(|hole| Source::has_word(code, hole)) {
            breaches.push(Breach::new(&source.path, index + 1, format!("`{hole}…)` is not for code that lands")));
        }
    }
    breaches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_and_holes_are_found() {
        for bad in [format!("// {}: later\n", NOTES[0]), format!("{}x);\n", HOLES[0]), format!("{});\n", HOLES[2])] {
            assert_eq!(check(&Source::new("src/a.rs", &bad)).len(), 1, "{bad}");
        }
        assert!(check(&Source::new("src/a.rs", &format!("let a = \"{})\";\n", HOLES[1]))).is_empty());
        assert!(check(&Source::new("src/a.rs", "fn todo() {}\n")).is_empty());
    }
}
