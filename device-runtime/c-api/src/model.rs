//! The functions that open, feed, run and close a model.
//!
//! All of them take pointers that C vouches for: a model is one that `lathe_open` gave and `lathe_close` has not taken, a
//! text ends with a zero byte, data has the bytes said.

use std::ffi::{CStr, c_char, c_void};

use lathe_runtime_std::{Options, Runner, RunnerError};

use crate::last_error::{Failure, LatheStatus, status};
use crate::tensor::{Described, LatheDtype, LatheTensor, dtype};

/// `lathe_model`: a loaded model.
pub struct LatheModel {
    runner: Runner,
    inputs: Vec<Described>,
    outputs: Vec<Described>,
}

impl LatheModel {
    fn new(runner: Runner) -> LatheModel {
        let inputs = runner.artifact().inputs().map(|tensor| Described::new(&tensor)).collect();
        let outputs = runner.artifact().outputs().map(|tensor| Described::new(&tensor)).collect();
        LatheModel { runner, inputs, outputs }
    }
}

fn options(threads: usize) -> Options {
    Options { threads, ..Options::default() }
}

/// The text at `text`.
///
/// # Safety
/// Null, or a text that ends with a zero byte and lives for `'a`.
unsafe fn text<'a>(text: *const c_char, what: &str) -> Result<&'a str, Failure> {
    if text.is_null() {
        return Err(Failure::null(what));
    }
    // SAFETY: not null, and the caller vouches for the rest.
    unsafe { CStr::from_ptr(text) }.to_str().map_err(|_| Failure::not_utf8(what))
}

/// Writes a loaded model to `place`.
///
/// # Safety
/// Null, or a place for a pointer.
unsafe fn hand_over(place: *mut *mut LatheModel, runner: Runner) -> Result<(), Failure> {
    if place.is_null() {
        return Err(Failure::null("model"));
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
        return status(Err(Failure::null("bytes")));
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

/// Number of inputs; 0 for null.
///
/// # Safety
/// Pointers as the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lathe_input_count(model: *const LatheModel) -> usize {
    // SAFETY: the caller vouches for the model.
    unsafe { model.as_ref() }.map_or(0, |model| model.inputs.len())
}

/// Number of outputs; 0 for null.
///
/// # Safety
/// Pointers as the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lathe_output_count(model: *const LatheModel) -> usize {
    // SAFETY: the caller vouches for the model.
    unsafe { model.as_ref() }.map_or(0, |model| model.outputs.len())
}

/// Input number `index`; null when there is none.
///
/// # Safety
/// Pointers as the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lathe_input(model: *const LatheModel, index: usize) -> *const LatheTensor {
    // SAFETY: the caller vouches for the model.
    let tensor = unsafe { model.as_ref() }.and_then(|model| model.inputs.get(index));
    tensor.map_or(std::ptr::null(), |described| &raw const described.tensor)
}

/// Output number `index`; null when there is none.
///
/// # Safety
/// Pointers as the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lathe_output(model: *const LatheModel, index: usize) -> *const LatheTensor {
    // SAFETY: the caller vouches for the model.
    let tensor = unsafe { model.as_ref() }.and_then(|model| model.outputs.get(index));
    tensor.map_or(std::ptr::null(), |described| &raw const described.tensor)
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
    let (model, name) = unsafe { (model.as_mut().ok_or_else(|| Failure::null("model"))?, text(name, "name")?) };
    if data.is_null() {
        return Err(Failure::null("data"));
    }
    let element = dtype(number).ok_or_else(|| Failure::not_a_dtype(number))?;
    // SAFETY: not null, and the caller vouches for the length.
    let data = unsafe { std::slice::from_raw_parts(data.cast::<u8>(), bytes) };
    let shape: Vec<usize> = model
        .runner
        .artifact()
        .inputs()
        .find(|input| input.name == name)
        .map(|input| input.shape.dims().map(|dim| dim as usize).collect())
        .unwrap_or_default();
    Ok(model.runner.set_input(name, element, &shape, data)?)
}

/// Runs the model on the inputs set.
///
/// # Safety
/// Pointers as the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lathe_run(model: *mut LatheModel) -> LatheStatus {
    // SAFETY: the caller vouches for the model.
    let model = unsafe { model.as_mut() }.ok_or_else(|| Failure::null("model"));
    status(model.map(|model| model.runner.run()))
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
    let mut data = std::ptr::null();
    // SAFETY: the caller vouches for all of them.
    let found = unsafe { output_data(model, name, dtype) };
    status(found.map(|bytes| data = bytes.as_ptr().cast()));
    data
}

/// # Safety
/// Pointers as the header says.
unsafe fn output_data<'a>(
    model: *const LatheModel,
    name: *const c_char,
    number: LatheDtype,
) -> Result<&'a [u8], Failure> {
    // SAFETY: the caller vouches for model and name.
    let (model, name) = unsafe { (model.as_ref().ok_or_else(|| Failure::null("model"))?, text(name, "name")?) };
    let found = dtype(number).ok_or_else(|| Failure::not_a_dtype(number))?;
    let bytes = model.runner.output(name)?;
    let tensor = model.runner.artifact().outputs().find(|tensor| tensor.name == name);
    match tensor.map(|tensor| tensor.dtype) {
        Some(expected) if expected != found => {
            Err(RunnerError::WrongType { name: name.to_owned(), expected, found }.into())
        }
        _ => Ok(bytes),
    }
}

/// Runs the artifact's self-test.
///
/// # Safety
/// Pointers as the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lathe_verify(model: *mut LatheModel) -> LatheStatus {
    // SAFETY: the caller vouches for the model.
    let model = unsafe { model.as_mut() }.ok_or_else(|| Failure::null("model"));
    status(model.and_then(|model| Ok(model.runner.verify_golden()?)))
}
