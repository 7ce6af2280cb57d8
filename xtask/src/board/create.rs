//! A new board from one there is: a folder of its own, under its own name, that builds.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use super::description::{Board, folder};

/// The files every board has.
const FILES: [&str; 5] = ["board.toml", "Cargo.toml", "build.rs", "memory.x", "src/main.rs"];

/// Copies the board `from` to a new folder `name` and says what is left to do.
pub fn create(name: &str, from: &Board) -> Result<PathBuf> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let begins = name.starts_with(|c: char| c.is_ascii_lowercase());
    ensure!(begins && name.chars().all(fits), "`{name}`: a board's name has small letters, digits and hyphens");
    let new = folder().join(name);
    ensure!(!new.exists(), "{} is already there", new.display());
    ensure!(!from.linux, "{} runs Linux: all it has is a board.toml to copy", from.name);
    for file in FILES {
        let text = fs::read_to_string(folder().join(&from.name).join(file))
            .with_context(|| format!("boards/{}/{file}", from.name))?;
        let target = new.join(file);
        fs::create_dir_all(target.with_file_name(""))?;
        fs::write(target, renamed(&text, &from.name, name))?;
    }
    println!(
        "boards/{name} is a copy of {}. Now describe it in board.toml (chip, memory, clock), bring its peripherals in \
         src/main.rs, and build it: cargo xtask board build {name}. Compile for it with --board boards/{name}/board.toml; \
         a compiler built anew knows it as {name}",
        from.name
    );
    Ok(new)
}

/// The text with the board's own name changed, and nothing that contains it: the emulator's machine stays.
fn renamed(text: &str, from: &str, to: &str) -> String {
    let change = |line: &str| match line {
        _ if line == format!("name = \"{from}\"") => format!("name = \"{to}\""),
        _ => line.to_owned(),
    };
    text.lines().map(|line| change(line) + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_board_keeps_its_emulator() {
        let text = "name = \"a\"\nabout = \"like a\"\n[runner]\nmachine = \"a\"\n";
        assert_eq!(renamed(text, "a", "b"), "name = \"b\"\nabout = \"like a\"\n[runner]\nmachine = \"a\"\n");
    }

    #[test]
    fn names_are_words() {
        let board =
            Board { name: "a".into(), about: String::new(), target: String::new(), emulated: true, linux: false };
        for bad in ["", "A", "../a", "a b", "1a", "-a"] {
            assert!(create(bad, &board).is_err(), "{bad}");
        }
    }
}
