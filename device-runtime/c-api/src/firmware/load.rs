//! Loading a model in firmware.

use core::ffi::c_void;
use core::{ptr, slice};

use lathe_executor::Host;

use super::failure::{Failure, status};
use super::model::LatheModel;
use super::place::place;
use super::processor;
use crate::misuse::Misuse;
use crate::status::LatheStatus;

/// Loads the artifact of `length` bytes at `artifact`, in place, into `memory_bytes` of `memory`.
///
/// # Safety
/// Pointers as the header says; the bytes are an artifact that the compiler made, where this processor may execute, and
/// both are left alone while the model is in use.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lathe_load(
    artifact: *const c_void,
    length: usize,
    memory: *mut c_void,
    memory_bytes: usize,
    model: *mut *mut LatheModel,
) -> LatheStatus {
    // SAFETY: the caller vouches for all of them.
    status(unsafe { load(artifact, length, memory, memory_bytes, model) })
}

/// # Safety
/// As [`lathe_load`].
unsafe fn load(
    artifact: *const c_void,
    length: usize,
    memory: *mut c_void,
    memory_bytes: usize,
    model: *mut *mut LatheModel,
) -> Result<(), Failure> {
    if model.is_null() {
        return Err(Misuse::Null("model").into());
    }
    // SAFETY: not null, and the caller vouches for the rest.
    unsafe { model.write(ptr::null_mut()) };
    // An address 0 is the start of flash on many chips, but no artifact lies there: the vector table does.
    if artifact.is_null() {
        return Err(Misuse::Null("artifact").into());
    }
    if memory.is_null() {
        return Err(Misuse::Null("memory").into());
    }
    // SAFETY: not null, and the caller vouches for the rest.
    let (bytes, memory) = unsafe {
        (
            slice::from_raw_parts(artifact.cast::<u8>(), length),
            slice::from_raw_parts_mut(memory.cast::<u8>(), memory_bytes),
        )
    };
    let (target, features) = processor::identify();
    // SAFETY: the caller vouches for the artifact and its memory, and `model` is a place for a pointer.
    unsafe { model.write(place(bytes, &Host { target, features }, memory)?) };
    Ok(())
}
