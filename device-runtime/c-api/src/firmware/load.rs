//! Loading a model in firmware.

use core::ffi::c_void;
use core::{ptr, slice};

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
    let (host, _) = processor::identify();
    // SAFETY: the caller vouches for all of them.
    status(unsafe {
        hand_over("model", model, (artifact, length), (memory, memory_bytes), |artifact, memory| {
            place(artifact, &host, memory)
        })
    })
}

/// Writes to `made`, which an error calls `what`, what `make` makes of an artifact and memory; null when it fails.
///
/// # Safety
/// Each is null, or a place for a pointer, an artifact of so many bytes, and memory of so many; the last two are left
/// alone while what is made of them is in use.
pub(super) unsafe fn hand_over<T: 'static>(
    what: &'static str,
    made: *mut *mut T,
    (artifact, length): (*const c_void, usize),
    (memory, memory_bytes): (*mut c_void, usize),
    make: impl FnOnce(&'static [u8], &'static mut [u8]) -> Result<&'static mut T, Failure>,
) -> Result<(), Failure> {
    if made.is_null() {
        return Err(Misuse::Null(what).into());
    }
    // SAFETY: not null, and the caller vouches for the rest.
    unsafe { made.write(ptr::null_mut()) };
    // An address 0 is the start of flash on many chips, but no artifact lies there: the vector table does.
    if artifact.is_null() {
        return Err(Misuse::Null("artifact").into());
    }
    if memory.is_null() {
        return Err(Misuse::Null("memory").into());
    }
    // SAFETY: not null, and the caller vouches for the rest.
    let (artifact, memory) = unsafe {
        (
            slice::from_raw_parts(artifact.cast::<u8>(), length),
            slice::from_raw_parts_mut(memory.cast::<u8>(), memory_bytes),
        )
    };
    let new = make(artifact, memory)?;
    // SAFETY: a place for a pointer.
    unsafe { made.write(new) };
    Ok(())
}
