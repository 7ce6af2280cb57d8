//! Files that hold a key: one line of 64 hexadecimal digits, for their owner's eyes alone.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use crate::key::{KEY_BYTES, Key};

/// Why a key file cannot be used.
#[derive(Debug)]
pub enum KeyFileError {
    /// There is none.
    Missing {
        /// where it should be
        path: PathBuf,
    },
    /// There is one where a new one should be written: other devices may be opened by it.
    Exists {
        /// where
        path: PathBuf,
    },
    /// Others than its owner may read or write it.
    Permissions {
        /// the file
        path: PathBuf,
        /// its permissions
        mode: u32,
    },
    /// It holds no key.
    Content {
        /// the file
        path: PathBuf,
    },
    /// It cannot be read or written.
    Io {
        /// the file
        path: PathBuf,
        /// why
        error: io::Error,
    },
}

impl std::fmt::Display for KeyFileError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            KeyFileError::Missing { path } => write!(
                f,
                "there is no key file {0}: `device-server --new-key {0}` makes one, and host and device need the same",
                path.display()
            ),
            KeyFileError::Exists { path } => {
                write!(
                    f,
                    "{} is there already: remove it if no device needs it, or choose another name",
                    path.display()
                )
            }
            KeyFileError::Permissions { path, mode } => write!(
                f,
                "key file {0} has the permissions {mode:03o}, others than its owner may use it: `chmod 600 {0}`, and \
                 make a new key if somebody did",
                path.display()
            ),
            KeyFileError::Content { path } => {
                write!(f, "key file {} does not hold one line of {} hexadecimal digits", path.display(), 2 * KEY_BYTES)
            }
            KeyFileError::Io { path, error } => write!(f, "key file {}: {error}", path.display()),
        }
    }
}

impl std::error::Error for KeyFileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            KeyFileError::Io { error, .. } => Some(error),
            _ => None,
        }
    }
}

/// Reads the key in the file at `path`, which only its owner may read.
pub fn read(path: &Path) -> Result<Key, KeyFileError> {
    let path = path.to_path_buf();
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(KeyFileError::Missing { path }),
        Err(error) => return Err(KeyFileError::Io { path, error }),
    };
    if let Some(mode) = open_to_others(&path) {
        return Err(KeyFileError::Permissions { path, mode });
    }
    parse(&text).ok_or(KeyFileError::Content { path })
}

/// Writes `key` to a new file at `path` that only its owner may read.
pub fn write(path: &Path, key: &Key) -> Result<(), KeyFileError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut line = String::new();
    for byte in key.bytes() {
        // A string takes everything.
        let _ = write!(line, "{byte:02x}");
    }
    line.push('\n');
    options.open(path).and_then(|mut file| file.write_all(line.as_bytes())).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => KeyFileError::Exists { path: path.to_path_buf() },
        _ => KeyFileError::Io { path: path.to_path_buf(), error },
    })
}

/// The file's permissions, when they let others than its owner use it.
#[cfg(unix)]
fn open_to_others(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).ok()?.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then_some(mode)
}

#[cfg(not(unix))]
fn open_to_others(_: &Path) -> Option<u32> {
    None
}

fn parse(text: &[u8]) -> Option<Key> {
    let (digits, []) = text.trim_ascii().as_chunks::<2>() else { return None };
    let digits: &[[u8; 2]; KEY_BYTES] = digits.try_into().ok()?;
    let mut bytes = [0; KEY_BYTES];
    for (slot, pair) in bytes.iter_mut().zip(digits) {
        let [high, low] = pair.map(|digit| char::from(digit).to_digit(16));
        *slot = (high? << 4 | low?) as u8;
    }
    Some(Key::new(bytes))
}
