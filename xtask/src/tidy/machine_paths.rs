//! No file names a folder of somebody's machine or the host of a package registry.

use super::{Breach, source::Source};

/// Beginnings of paths that exist on one machine only, and hosts that a mirror may stand for. Spelled in two parts,
/// so that this file is not its own breach.
const FOREIGN: [&str; 8] = [
    concat!("/home", "/"),
    concat!("/root", "/"),
    concat!("/work", "/"),
    concat!("/Users", "/"),
    concat!("pypi", ".org"),
    concat!("pythonhosted", ".org"),
    concat!("static.crates", ".io"),
    concat!("registry.npmjs", ".org"),
];

/// Finds such names anywhere in a Rust file, comments and strings included.
pub fn check_rust(source: &Source) -> Vec<Breach> {
    check_text(&source.path, &source.text)
}

/// Finds such names in any text file but `Cargo.lock`, which cargo writes.
pub fn check_text(path: &str, text: &str) -> Vec<Breach> {
    if path.ends_with("Cargo.lock") {
        return Vec::new();
    }
    let mut breaches = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for name in FOREIGN.iter().filter(|name| starts_a_word(line, name)) {
            breaches.push(Breach::new(path, index + 1, format!("`{name}` is a place of one machine or one registry")));
        }
    }
    breaches
}

/// True if `name` is in `line` and is no part of a longer path: `target/work/` is fine.
fn starts_a_word(line: &str, name: &str) -> bool {
    let joins = |c: char| c.is_alphanumeric() || "._-~$})".contains(c);
    line.match_indices(name).any(|(at, _)| !line[..at].chars().next_back().is_some_and(joins))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_one_machine_are_found() {
        assert_eq!(check_text("README.md", &format!("cd {}me/lathe", FOREIGN[0])).len(), 1);
        assert_eq!(check_text("a.py", &format!("'https://{}/simple'", FOREIGN[4])).len(), 1);
        assert!(check_text("a.sh", &format!("$HOME{}x", FOREIGN[2])).is_empty());
        assert!(check_text("Cargo.lock", FOREIGN[6]).is_empty());
    }
}
