//! What `boards/NAME/board.toml` says, as far as building needs it. The compiler reads the rest, and strictly.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::workspace;

/// A board of the project.
#[derive(Debug)]
pub struct Board {
    /// Its name, that of its folder and of its package.
    pub name: String,
    /// One line for people.
    pub about: String,
    /// Target of its artifacts, as `--target`.
    pub target: String,
    /// Whether an emulator runs it.
    pub emulated: bool,
    /// Whether it runs Linux: then its runtime is a program, and it has no firmware.
    pub linux: bool,
}

/// The folder of the boards' workspace.
pub fn folder() -> PathBuf {
    workspace::root().join("boards")
}

/// All boards, by name.
pub fn all() -> Result<Vec<Board>> {
    let mut boards = Vec::new();
    for entry in fs::read_dir(folder())? {
        let folder = entry?.path();
        if folder.join("board.toml").is_file() {
            boards.push(read(&folder.file_name().unwrap_or_default().to_string_lossy())?);
        }
    }
    boards.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(boards)
}

/// The board called `name`.
pub fn find(name: &str) -> Result<Board> {
    if folder().join(name).join("board.toml").is_file() {
        return read(name);
    }
    let known: Vec<String> = all()?.into_iter().map(|board| board.name).collect();
    bail!("there is no board `{name}`; known: {}", known.join(", "))
}

fn read(name: &str) -> Result<Board> {
    let file = folder().join(name).join("board.toml");
    parse(&fs::read_to_string(&file)?, name).with_context(|| format!("{}", file.display()))
}

/// The description of the board in the folder `name`.
fn parse(text: &str, name: &str) -> Result<Board> {
    let table: toml::Table = text.parse()?;
    let word = |key: &str| Some(table.get(key)?.as_str()?.to_owned());
    let field = |key: &str| word(key).with_context(|| format!("`{key}` is missing, or no text"));
    let emulated =
        table.get("emulated").and_then(toml::Value::as_bool).context("`emulated` is missing, or no boolean")?;
    let linux = word("os").is_some_and(|os| os == "linux");
    let board = Board { name: field("name")?, about: field("about")?, target: field("target")?, emulated, linux };
    if board.name != name {
        bail!("`name` is {:?}, and the folder {name:?}: a board is called as its folder", board.name);
    }
    Ok(board)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_board_is_called_as_its_folder() {
        let text = "name = 'desk'\nabout = 'on the desk'\ntarget = 'thumbv6m-none-eabi'\nemulated = false\n[memory]\n";
        assert_eq!(parse(text, "desk").unwrap().target, "thumbv6m-none-eabi");
        assert!(parse(text, "shelf").unwrap_err().to_string().contains("shelf"));
        let without = parse("name = 'desk'\nemulated = true", "desk").unwrap_err().to_string();
        assert!(without.contains("`about` is missing"), "{without}");
    }
}
