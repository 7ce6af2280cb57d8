//! Why there is no such board.

/// Why a board's description cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BoardError {
    /// No board of that name.
    #[error(
        "there is no board {name:?} (known: {known}); `host-compiler boards list` shows them, and the path of a \
         board.toml is taken too"
    )]
    Unknown {
        /// what was asked for
        name: String,
        /// the names there are
        known: String,
    },
    /// The file could not be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// the file
        path: String,
        /// why
        source: std::io::Error,
    },
    /// It is no TOML, or not of a board's form.
    #[error("{file}, line {line}: {message}")]
    Form {
        /// the file
        file: String,
        /// the line, from 1
        line: usize,
        /// what is wrong there
        message: String,
    },
}
