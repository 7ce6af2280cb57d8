//! Statuses, and the words for this thread's last failure.

use std::cell::RefCell;
use std::ffi::{CString, c_char};

use lathe_runtime_std::{GoldenError, LoadError, RunnerError};

/// `lathe_status`: 0 or the number of an error.
pub type LatheStatus = i32;

/// Success.
pub(crate) const OK: LatheStatus = 0;
const ARGUMENT: LatheStatus = 1;
const FILE: LatheStatus = 2;
const ARTIFACT: LatheStatus = 3;
const MEMORY: LatheStatus = 4;
const THREADS: LatheStatus = 5;
const NAME: LatheStatus = 6;
const TYPE: LatheStatus = 7;
const NUMBERS: LatheStatus = 8;

thread_local! {
    static LAST: RefCell<CString> = RefCell::default();
}

/// A failure with its status and its words.
pub(crate) struct Failure {
    status: LatheStatus,
    words: String,
}

impl Failure {
    /// A pointer that must not be null.
    pub fn null(what: &str) -> Failure {
        Failure { status: ARGUMENT, words: format!("{what} must not be null") }
    }

    /// A text that is not UTF-8.
    pub fn not_utf8(what: &str) -> Failure {
        Failure { status: ARGUMENT, words: format!("{what} must be UTF-8") }
    }

    /// A number that is no element type.
    pub fn not_a_dtype(number: u32) -> Failure {
        Failure { status: TYPE, words: format!("{number} is no element type, see LATHE_F32 and those after it") }
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
