//! The functions that every build has: feeding, running and reading a model.
//!
//! All of them take pointers that C vouches for: a model is one that this library gave and that is still open, a text
//! ends with a zero byte, data has the bytes said.

use core::ffi::{c_char, c_void};
use core::ptr;

#[cfg(not(feature = "std"))]
use crate::firmware::{Failure, LatheModel, status};
#[cfg(feature = "std")]
use crate::hosted::{Failure, LatheModel, status};
use crate::misuse::{Misuse, dtype, text};
use crate::status::LatheStatus;
use crate::tensor::{LatheDtype, LatheTensor};

/// The model at `model`.
///
/// # Safety
/// Null, or a model that nothing else uses for `'a`.
unsafe fn open_model<'a>(model: *mut LatheModel) -> Result<&'a mut LatheModel, Failure> {
    // SAFETY: the caller vouches for it.
    unsafe { model.as_mut() }.ok_or_else(|| Misuse::Null("model").into())
}

/// Number of inputs; 0 for null.
///
/// # Safety
/// Pointers as the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lathe_input_count(model: *const LatheModel) -> usize {
    // SAFETY: the caller vouches for the model.
    unsafe { model.as_ref() }.map_or(0, LatheModel::input_count)
}

/// Number of outputs; 0 for null.
///
/// # Safety
/// Pointers as the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lathe_output_count(model: *const LatheModel) -> usize {
    // SAFETY: the caller vouches for the model.
    unsafe { model.as_ref() }.map_or(0, LatheModel::output_count)
}

/// Input number `index`; null when there is none.
///
/// # Safety
/// Pointers as the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lathe_input(model: *const LatheModel, index: usize) -> *const LatheTensor {
    // SAFETY: the caller vouches for the model.
    unsafe { model.as_ref() }.and_then(|model| model.input(index)).map_or(ptr::null(), ptr::from_ref)
}

/// Output number `index`; null when there is none.
///
/// # Safety
/// Pointers as the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lathe_output(model: *const LatheModel, index: usize) -> *const LatheTensor {
    // SAFETY: the caller vouches for the model.
    unsafe { model.as_ref() }.and_then(|model| model.output(index)).map_or(ptr::null(), ptr::from_ref)
}

/// Sets the input `name` to `bytes` of `data`, elements of type `dtype`.
///
/// # Safety
/// Pointers as the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lathe_set_input(
    model: *mut LatheModel,
    name: *const c_char,
    dtype: LatheDtype,
    data: *const c_void,
    bytes: usize,
) -> LatheStatus {
    // SAFETY: the caller vouches for all of them.
    status(unsafe { set_input(model, name, dtype, data, bytes) })
}

/// # Safety
/// Pointers as the header says.
unsafe fn set_input(
    model: *mut LatheModel,
    name: *const c_char,
    number: LatheDtype,
    data: *const c_void,
    bytes: usize,
) -> Result<(), Failure> {
    // SAFETY: the caller vouches for model and name.
    let (model, name) = unsafe { (open_model(model)?, text(name, "name")?) };
    if data.is_null() && bytes > 0 {
        return Err(Misuse::Null("data").into());
    }
    let input = model.input_bytes(name, dtype(number)?)?;
    if input.len() != bytes {
        return Err(Failure::wrong_size(name, input.len(), bytes));
    }
    if bytes > 0 {
        // SAFETY: not null and of `bytes` bytes, as the caller says; `copy` allows it to be the input's own memory.
        unsafe { ptr::copy(data.cast::<u8>(), input.as_mut_ptr(), bytes) };
    }
    Ok(())
}

/// The memory of the input `name`, of type `dtype`, to write elements to before a run.
///
/// # Safety
/// Pointers as the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lathe_input_data(
    model: *mut LatheModel,
    name: *const c_char,
    dtype: LatheDtype,
) -> *mut c_void {
    let mut data = ptr::null_mut();
    // SAFETY: the caller vouches for all of them.
    let found = unsafe { input_data(model, name, dtype) };
    status(found.map(|place| data = place));
    data
}

/// # Safety
/// Pointers as the header says.
unsafe fn input_data(model: *mut LatheModel, name: *const c_char, number: LatheDtype) -> Result<*mut c_void, Failure> {
    // SAFETY: the caller vouches for model and name.
    let (model, name) = unsafe { (open_model(model)?, text(name, "name")?) };
    Ok(model.input_bytes(name, dtype(number)?)?.as_mut_ptr().cast())
}

/// Runs the model on the inputs set.
///
/// # Safety
/// Pointers as the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lathe_run(model: *mut LatheModel) -> LatheStatus {
    // SAFETY: the caller vouches for the model.
    status(unsafe { open_model(model) }.map(LatheModel::run))
}

/// Runs the model's next step and writes to `steps_left` how many are left of this run.
///
/// # Safety
/// Pointers as the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lathe_step(model: *mut LatheModel, steps_left: *mut usize) -> LatheStatus {
    // SAFETY: the caller vouches for both.
    status(unsafe { open_model(model) }.map(|model| {
        let left = model.step();
        // SAFETY: null, or a place for a number.
        if let Some(place) = unsafe { steps_left.as_mut() } {
            *place = left;
        }
    }))
}

/// The elements of the output `name`, of type `dtype`; null when there is no such output of this type.
///
/// # Safety
/// Pointers as the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lathe_output_data(
    model: *const LatheModel,
    name: *const c_char,
    dtype: LatheDtype,
) -> *const c_void {
    let mut data = ptr::null();
    // SAFETY: the caller vouches for all of them.
    let found = unsafe { output_data(model, name, dtype) };
    status(found.map(|place| data = place));
    data
}

/// # Safety
/// Pointers as the header says.
unsafe fn output_data(
    model: *const LatheModel,
    name: *const c_char,
    number: LatheDtype,
) -> Result<*const c_void, Failure> {
    // SAFETY: the caller vouches for model and name.
    let (model, name) = unsafe { (model.as_ref().ok_or(Misuse::Null("model"))?, text(name, "name")?) };
    Ok(model.output_bytes(name, dtype(number)?)?.as_ptr().cast())
}

/// Runs the artifact's self-test.
///
/// # Safety
/// Pointers as the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lathe_verify(model: *mut LatheModel) -> LatheStatus {
    // SAFETY: the caller vouches for the model.
    status(unsafe { open_model(model) }.and_then(LatheModel::verify))
}
