//! What can go wrong on Linux, and the words for this thread's last failure.

use std::cell::RefCell;
use std::ffi::{CString, c_char};

use lathe_runtime_std::{GoldenError, LoadError, RunnerError};

use crate::misuse::Misuse;
use crate::status::*;

thread_local! {
    static LAST: RefCell<CString> = RefCell::default();
}

/// A failure with its status and its words.
pub(crate) struct Failure {
    status: LatheStatus,
    words: String,
}

impl Failure {
    /// Data of another size than the input `name`.
    pub fn wrong_size(name: &str, expected: usize, found: usize) -> Failure {
        RunnerError::WrongSize { name: name.to_owned(), expected, found }.into()
    }
}

impl From<Misuse> for Failure {
    fn from(misuse: Misuse) -> Failure {
        Failure { status: misuse.status(), words: misuse.to_string() }
    }
}

impl From<RunnerError> for Failure {
    fn from(error: RunnerError) -> Failure {
        let status = match &error {
            RunnerError::Read { .. } => FILE,
            RunnerError::Load(LoadError::ArenaTooSmall { .. })
            | RunnerError::Memory { .. }
            | RunnerError::ExecutableMemory { .. } => MEMORY,
            RunnerError::Load(_) => ARTIFACT,
            RunnerError::Thread { .. } | RunnerError::TooManyThreads { .. } => THREADS,
            RunnerError::UnknownName { .. } => NAME,
            RunnerError::WrongType { .. } | RunnerError::WrongShape { .. } | RunnerError::WrongSize { .. } => TYPE,
        };
        Failure { status, words: error.to_string() }
    }
}

impl From<GoldenError> for Failure {
    fn from(error: GoldenError) -> Failure {
        Failure { status: NUMBERS, words: error.to_string() }
    }
}

/// The status of `result`, whose failure becomes this thread's last.
pub(crate) fn status(result: Result<(), Failure>) -> LatheStatus {
    let Err(failure) = result else { return OK };
    // A name in the words may hold a zero byte, which would end them.
    let words = CString::new(failure.words.replace('\0', "\\0")).unwrap_or_default();
    LAST.with(|last| last.replace(words));
    failure.status
}

/// What went wrong in this thread's last call that failed.
#[unsafe(no_mangle)]
pub extern "C" fn lathe_last_error() -> *const c_char {
    LAST.with(|last| last.borrow().as_ptr())
}
