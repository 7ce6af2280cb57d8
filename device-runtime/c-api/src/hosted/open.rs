//! Opening and closing a model on Linux.

use std::ffi::{c_char, c_void};

use lathe_runtime_std::{Options, Runner};

use super::failure::{Failure, status};
use super::model::LatheModel;
use crate::misuse::{Misuse, text};
use crate::status::LatheStatus;

fn options(threads: usize) -> Options {
    Options { threads, ..Options::default() }
}

/// Writes a loaded model to `place`.
///
/// # Safety
/// Null, or a place for a pointer.
unsafe fn hand_over(place: *mut *mut LatheModel, runner: Runner) -> Result<(), Failure> {
    if place.is_null() {
        return Err(Misuse::Null("model").into());
    }
    // SAFETY: not null, and the caller vouches for the rest.
    unsafe { place.write(Box::into_raw(Box::new(LatheModel::new(runner)))) };
    Ok(())
}

/// Loads the artifact in the file at `path`.
///
/// # Safety
/// Pointers as the header says; the file holds an artifact that the compiler made and nothing writes to it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lathe_open(path: *const c_char, threads: usize, model: *mut *mut LatheModel) -> LatheStatus {
    // SAFETY: the caller vouches for path and file.
    let runner = unsafe { text(path, "path") }
        .map_err(Failure::from)
        .and_then(|path| unsafe { Runner::open(path, &options(threads)) }.map_err(Failure::from));
    // SAFETY: the caller vouches for model.
    status(runner.and_then(|runner| unsafe { hand_over(model, runner) }))
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
    if bytes.is_null() {
        return status(Err(Misuse::Null("bytes").into()));
    }
    // SAFETY: not null, and the caller vouches for the length.
    let bytes = unsafe { std::slice::from_raw_parts(bytes.cast::<u8>(), length) };
    // SAFETY: the caller vouches for the artifact.
    let runner = unsafe { Runner::from_bytes(bytes, &options(threads)) }.map_err(Failure::from);
    // SAFETY: the caller vouches for model.
    status(runner.and_then(|runner| unsafe { hand_over(model, runner) }))
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
