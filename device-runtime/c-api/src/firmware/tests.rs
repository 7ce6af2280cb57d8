//! The firmware side on this machine, in executable pages: a model runs in exactly the memory it says it needs.

use std::ffi::CStr;

use lathe_executor::Host;
use lathe_runtime_std::{host_features, host_target};
use memmap2::MmapMut;

use super::model::{LATHE_MODEL_BYTES, LatheModel};
use super::place::place;
use super::{Failure, lathe_last_error, status};
use crate::calls::*;
use crate::tensor::LatheTensor;

#[path = "../../../runtime-std/tests/sample/mod.rs"]
pub(super) mod sample;

const F32: u32 = 1;

/// The sample's artifact where this processor may execute.
pub(super) fn artifact() -> &'static [u8] {
    let bytes = sample::contents().to_bytes().expect("writes");
    let mut pages = MmapMut::map_anon(bytes.len()).expect("pages");
    pages.copy_from_slice(&bytes);
    let pages = Box::leak(Box::new(pages.make_exec().expect("executable")));
    &pages[..]
}

/// Zeroed memory from a multiple of 64, `skip` bytes on.
pub(super) fn memory(bytes: usize, skip: usize) -> &'static mut [u8] {
    let whole = vec![0u8; bytes + skip + 64].leak();
    let from = whole.as_ptr().addr().next_multiple_of(64) - whole.as_ptr().addr() + skip;
    &mut whole[from..from + bytes]
}

fn load(memory: &'static mut [u8]) -> Result<&'static mut LatheModel, Failure> {
    let host = Host { target: host_target(), features: host_features() };
    // SAFETY: our own artifact, in executable pages.
    unsafe { place(artifact(), &host, memory) }
}

fn words() -> String {
    // SAFETY: the library's own text.
    unsafe { CStr::from_ptr(lathe_last_error()) }.to_string_lossy().into_owned()
}

/// What the sample needs: two tensors of 4012 bytes at multiples of 64, a workspace of 4, and what C is told about an
/// input `x` of rank 2 and an output `y` of rank 1.
fn needed() -> usize {
    2 * 4032 + 64 + size_of::<LatheModel>() + 2 * size_of::<LatheTensor>() + 3 * 4 + 4
}

#[test]
fn a_model_runs_in_exactly_the_memory_it_needs() {
    let model: *mut LatheModel = load(memory(needed(), 0)).expect("loads");
    let x: Vec<f32> = (0..sample::ELEMENTS).map(|i| i as f32).collect();
    // SAFETY: pointers as the header says.
    unsafe {
        assert_eq!((lathe_input_count(model), lathe_output_count(model)), (1, 1));
        let (input, output) = (&*lathe_input(model, 0), &*lathe_output(model, 0));
        assert_eq!((CStr::from_ptr(input.name), CStr::from_ptr(output.name)), (c"x", c"y"));
        assert_eq!(std::slice::from_raw_parts(input.dims, input.rank), [17, 59]);
        assert_eq!(std::slice::from_raw_parts(output.dims, output.rank), [sample::ELEMENTS]);
        assert_eq!((input.bytes, output.bytes, input.dtype), (4 * x.len(), 4 * x.len(), F32));
        for by_steps in [false, true] {
            let place = lathe_input_data(model, c"x".as_ptr(), F32).cast::<f32>();
            place.copy_from_nonoverlapping(x.as_ptr(), x.len());
            if by_steps {
                let mut left = 9;
                assert_eq!((lathe_step(model, &mut left), left), (0, 1));
                assert_eq!((lathe_step(model, &mut left), left), (0, 0));
            } else {
                assert_eq!(lathe_run(model), 0);
            }
            let data = lathe_output_data(model, c"y".as_ptr(), F32).cast::<f32>();
            let y = std::slice::from_raw_parts(data, x.len());
            assert!(x.iter().zip(y).all(|(x, y)| *y == 2.0 * x + sample::K));
        }
        assert_eq!(lathe_verify(model), 0);
    }
    assert!(size_of::<LatheModel>() <= LATHE_MODEL_BYTES);
}

/// One test for all words: there is one last failure.
#[test]
fn what_goes_wrong_is_said_in_words() {
    let refused = |memory, number, text: &str| {
        assert_eq!(status(load(memory).map(|_| ())), number);
        assert!(words().contains(text), "{}", words());
    };
    let (needed, short) = (format!("needs {} bytes", needed()), needed() - 1);
    refused(memory(short, 0), 4, &needed);
    refused(memory(short, 0), 4, &format!("given {short}"));
    refused(memory(short + 1, 8), 4, "must at a multiple of 64 bytes");
    let foreign = Host { target: "thumbv6m-none-eabi", features: &[] };
    // SAFETY: refused before it is used.
    assert_eq!(status(unsafe { place(artifact(), &foreign, memory(9999, 0)) }.map(|_| ())), 3);
    assert!(words().contains("this device is thumbv6m-none-eabi"), "{}", words());

    let model: *mut LatheModel = load(memory(short + 1, 0)).expect("loads");
    let values = [0f32; 4];
    // SAFETY: pointers as the header says, or null.
    unsafe {
        assert_eq!(lathe_set_input(model, c"z".as_ptr(), F32, values.as_ptr().cast(), 16), 6);
        assert_eq!(words(), "the model has no input named \"z\"");
        assert_eq!(lathe_set_input(model, c"x".as_ptr(), 11, values.as_ptr().cast(), 16), 7);
        assert_eq!(words(), "\"x\" holds f32 and not i64: convert the values");
        assert_eq!(lathe_set_input(model, c"x".as_ptr(), F32, values.as_ptr().cast(), 16), 7);
        assert_eq!(words(), "\"x\" takes 4012 bytes and was given 16");
        assert_eq!(lathe_run(std::ptr::null_mut()), 1);
        assert_eq!(words(), "model must not be null");
        assert!(lathe_input(model, 1).is_null());
    }
}
