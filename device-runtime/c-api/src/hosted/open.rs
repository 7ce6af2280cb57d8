//! Opening and closing a model on Linux.

use std::ffi::{c_char, c_void};
use std::ptr;

use lathe_runtime_std::{Options, Runner};

use super::failure::{Failure, status};
use super::model::LatheModel;
use crate::misuse::{Misuse, text};
use crate::status::LatheStatus;

fn options(threads: usize) -> Options {
    Options { threads, ..Options::default() }
}

/// Writes the model that `load` gives to `place`, null when it fails.
///
/// # Safety
/// Null, or a place for a pointer.
unsafe fn hand_over(
    place: *mut *mut LatheModel,
    load: impl FnOnce() -> Result<Runner, Failure>,
) -> Result<(), Failure> {
    if place.is_null() {
        return Err(Misuse::Null("model").into());
    }
    // SAFETY: not null, and the caller vouches for the rest.
    unsafe { place.write(ptr::null_mut()) };
    let model = Box::new(LatheModel::new(load()?));
    // SAFETY: as above.
    unsafe { place.write(Box::into_raw(model)) };
    Ok(())
}

/// Loads the artifact in the file at `path`.
///
/// # Safety
/// Pointers as the header says; the file holds an artifact that the compiler made and nothing writes to it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lathe_open(path: *const c_char, threads: usize, model: *mut *mut LatheModel) -> LatheStatus {
    // SAFETY: the caller vouches for path and file.
    let load = || unsafe { Ok(Runner::open(text(path, "path")?, &options(threads))?) };
    // SAFETY: the caller vouches for model.
    status(unsafe { hand_over(model, load) })
}

/// Loads a copy of the artifact of `length` bytes at `bytes`.
///
/// # Safety
/// Pointers as the header says; the bytes are an artifact that the compiler made.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lathe_open_memory(
    bytes: *const c_void,
    length: usize,
    threads: usize,
    model: *mut *mut LatheModel,
) -> LatheStatus {
    let load = || {
        if bytes.is_null() {
            return Err(Misuse::Null("bytes").into());
        }
        // SAFETY: not null, and the caller vouches for the length.
        let bytes = unsafe { std::slice::from_raw_parts(bytes.cast::<u8>(), length) };
        // SAFETY: the caller vouches for the artifact.
        Ok(unsafe { Runner::from_bytes(bytes, &options(threads)) }?)
    };
    // SAFETY: the caller vouches for model.
    status(unsafe { hand_over(model, load) })
}

/// Frees a model; null is allowed.
///
/// # Safety
/// Pointers as the header says; the model is not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lathe_close(model: *mut LatheModel) {
    if !model.is_null() {
        // SAFETY: it came from `Box::into_raw` in `hand_over`, and the caller gives it up.
        drop(unsafe { Box::from_raw(model) });
    }
}
