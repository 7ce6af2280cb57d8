//! What can go wrong in firmware, and the words for the last failure.
//!
//! A failure is kept as a value and becomes words when they are asked for: a program that never asks links no text.

use core::cell::UnsafeCell;
use core::ffi::c_char;
use core::fmt::{self, Write};

use lathe_executor::artifact::Name;
use lathe_executor::{DType, GoldenError, LoadError};

use crate::misuse::Misuse;
use crate::status::*;

/// Bytes of words, the zero byte at their end counted; longer ones are cut.
const WORDS: usize = 224;

/// A failure.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Failure {
    /// An argument is wrong by itself.
    Misuse(Misuse),
    /// The artifact or its memory is refused.
    Load(LoadError),
    /// The caller's memory is too small; the model's header says by a macro of this name how much is needed.
    Memory { size: &'static str, needed: usize, given: usize },
    /// The model has no such input or output.
    UnknownName { what: &'static str, name: Name },
    /// The elements are of another type.
    WrongType { name: Name, expected: DType, found: DType },
    /// The number of bytes is another.
    WrongSize { name: Name, expected: usize, found: usize },
    /// The self-test fails.
    Golden(GoldenError),
}

impl Failure {
    /// Data of another size than the input `name`.
    pub fn wrong_size(name: &str, expected: usize, found: usize) -> Failure {
        Failure::WrongSize { name: Name::new(name), expected, found }
    }

    fn status(&self) -> LatheStatus {
        match self {
            Failure::Misuse(misuse) => misuse.status(),
            Failure::Load(LoadError::ArenaTooSmall { .. } | LoadError::ArenaMisaligned { .. })
            | Failure::Memory { .. } => MEMORY,
            Failure::Load(_) => ARTIFACT,
            Failure::UnknownName { .. } => NAME,
            Failure::WrongType { .. } | Failure::WrongSize { .. } => TYPE,
            Failure::Golden(_) => NUMBERS,
        }
    }
}

impl From<Misuse> for Failure {
    fn from(misuse: Misuse) -> Failure {
        Failure::Misuse(misuse)
    }
}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Failure {
        Failure::Load(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Misuse(misuse) => misuse.fmt(f),
            Failure::Load(error) => error.fmt(f),
            Failure::Memory { size, needed, given } => write!(
                f,
                "this model needs {needed} bytes of memory here and was given {given}: see {size} in its header"
            ),
            Failure::UnknownName { what, name } => write!(f, "the model has no {what} named \"{name}\""),
            Failure::WrongType { name, expected, found } => {
                write!(f, "\"{name}\" holds {expected} and not {found}: convert the values")
            }
            Failure::WrongSize { name, expected, found } => {
                write!(f, "\"{name}\" takes {expected} bytes and was given {found}")
            }
            Failure::Golden(GoldenError::Absent) => f.write_str("the artifact carries no self-test"),
            // Without the values: writing floating-point numbers takes more flash than everything else here.
            Failure::Golden(GoldenError::Mismatch { output, element, .. }) => write!(
                f,
                "element {element} of output {output} is not what it must be: \
                 this device computes wrong numbers with this artifact"
            ),
        }
    }
}

/// The last failure, and room for its words.
struct Last {
    failure: UnsafeCell<Option<Failure>>,
    words: UnsafeCell<[u8; WORDS]>,
}

// SAFETY: the header allows one call at a time in firmware.
unsafe impl Sync for Last {}

static LAST: Last = Last { failure: UnsafeCell::new(None), words: UnsafeCell::new([0; WORDS]) };

/// The status of `result`, whose failure becomes the last.
pub(crate) fn status(result: Result<(), Failure>) -> LatheStatus {
    let Err(failure) = result else { return OK };
    // SAFETY: no other call runs.
    unsafe { LAST.failure.get().write(Some(failure)) };
    failure.status()
}

/// What went wrong in the last call that failed.
#[unsafe(no_mangle)]
pub extern "C" fn lathe_last_error() -> *const c_char {
    // SAFETY: no other call runs, so these are the only references.
    let (failure, words) = unsafe { (&*LAST.failure.get(), &mut *LAST.words.get()) };
    let mut line = Line { free: words.iter_mut() };
    if let Some(failure) = failure {
        // What does not fit is cut.
        let _ = write!(line, "{failure}");
    }
    line.end();
    LAST.words.get().cast()
}

/// Writes text to bytes until only one is left, which ends it.
struct Line<'w> {
    free: core::slice::IterMut<'w, u8>,
}

impl Line<'_> {
    fn end(mut self) {
        if let Some(last) = self.free.next() {
            *last = 0;
        }
    }
}

impl Write for Line<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            if self.free.len() <= 1 {
                return Err(fmt::Error);
            }
            if let Some(slot) = self.free.next() {
                *slot = byte;
            }
        }
        Ok(())
    }
}
