//! Arguments that no model was asked about: they are wrong by themselves.

use core::ffi::{CStr, c_char};
use core::fmt;

use lathe_executor::DType;

use crate::status::{ARGUMENT, LatheStatus, TYPE};
use crate::tensor::LatheDtype;

/// What is wrong with an argument.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Misuse {
    /// A pointer that must not be null.
    Null(&'static str),
    /// A text that is not UTF-8.
    NotUtf8(&'static str),
    /// A number that is no element type.
    NotADtype(LatheDtype),
}

impl Misuse {
    /// The status a call ends with.
    pub fn status(self) -> LatheStatus {
        match self {
            Misuse::Null(_) | Misuse::NotUtf8(_) => ARGUMENT,
            Misuse::NotADtype(_) => TYPE,
        }
    }
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Misuse::Null(what) => write!(f, "{what} must not be null"),
            Misuse::NotUtf8(what) => write!(f, "{what} must be UTF-8"),
            Misuse::NotADtype(number) => {
                write!(f, "{number} is no element type, see LATHE_F32 and those after it")
            }
        }
    }
}

/// The text at `text`.
///
/// # Safety
/// Null, or a text that ends with a zero byte and lives for `'a`.
pub(crate) unsafe fn text<'a>(text: *const c_char, what: &'static str) -> Result<&'a str, Misuse> {
    if text.is_null() {
        return Err(Misuse::Null(what));
    }
    // SAFETY: not null, and the caller vouches for the rest.
    unsafe { CStr::from_ptr(text) }.to_str().map_err(|_| Misuse::NotUtf8(what))
}

/// The element type of a number.
pub(crate) fn dtype(number: LatheDtype) -> Result<DType, Misuse> {
    u8::try_from(number).ok().and_then(DType::from_byte).ok_or(Misuse::NotADtype(number))
}
