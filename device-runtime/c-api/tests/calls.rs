//! The functions of the header, called as C would: a model runs, every misuse is a status with words.

#[path = "../../runtime-std/tests/sample/mod.rs"]
mod sample;

use std::ffi::{CStr, CString};
use std::ptr::{null, null_mut};

use lathe::*;
use lathe_artifact::{ArtifactContents, DType, TensorEntry};

const F32: u32 = 1;
const I64: u32 = 11;

fn words() -> String {
    // SAFETY: the library's own text.
    unsafe { CStr::from_ptr(lathe_last_error()) }.to_string_lossy().into_owned()
}

fn open(threads: usize) -> *mut LatheModel {
    open_contents(&sample::contents(), threads)
}

fn open_contents(contents: &ArtifactContents, threads: usize) -> *mut LatheModel {
    let bytes = contents.to_bytes().expect("writes");
    let mut model = null_mut();
    // SAFETY: our own artifact.
    let status = unsafe { lathe_open_memory(bytes.as_ptr().cast(), bytes.len(), threads, &mut model) };
    assert_eq!(status, 0, "{}", words());
    model
}

#[test]
fn a_model_runs() {
    let x: Vec<f32> = (0..sample::ELEMENTS).map(|i| i as f32).collect();
    for threads in [1, 2] {
        let model = open(threads);
        // SAFETY: pointers as the header says.
        unsafe {
            assert_eq!((lathe_input_count(model), lathe_output_count(model)), (1, 1));
            let input = &*lathe_input(model, 0);
            assert_eq!((CStr::from_ptr(input.name), input.rank, input.dtype), (c"x", 2, F32));
            assert_eq!(std::slice::from_raw_parts(input.dims, input.rank), [17, 59]);
            assert_eq!((input.bytes, input.scale), (4 * x.len(), 0.0));
            assert_eq!(lathe_set_input(model, c"x".as_ptr(), F32, x.as_ptr().cast(), input.bytes), 0);
            assert_eq!(lathe_run(model), 0);
            let data = lathe_output_data(model, c"y".as_ptr(), F32).cast::<f32>();
            let y = std::slice::from_raw_parts(data, x.len());
            assert!(x.iter().zip(y).all(|(x, y)| *y == 2.0 * x + sample::K));
            for factor in [3.0, 5.0] {
                let place = lathe_input_data(model, c"x".as_ptr(), F32).cast::<f32>();
                (0..x.len()).for_each(|i| place.add(i).write(factor));
                let mut left = 9;
                assert_eq!((lathe_step(model, &mut left), left), (0, 1));
                assert_eq!((lathe_step(model, null_mut()), left), (0, 1));
                let data = lathe_output_data(model, c"y".as_ptr(), F32).cast::<f32>();
                let y = std::slice::from_raw_parts(data, x.len());
                assert!(y.iter().all(|y| *y == 2.0 * factor + sample::K));
            }
            assert_eq!(lathe_verify(model), 0);
            lathe_close(model);
        }
    }
}

#[test]
fn an_input_without_elements_needs_no_data() {
    let mut contents = sample::contents();
    contents.golden = None;
    contents.inputs.push(TensorEntry::new("none", DType::F32, [0], 0));
    let model = open_contents(&contents, 1);
    // SAFETY: pointers as the header says.
    unsafe {
        assert_eq!(lathe_set_input(model, c"none".as_ptr(), F32, null(), 0), 0, "{}", words());
        assert_eq!(lathe_set_input(model, c"x".as_ptr(), F32, null(), 0), 7);
        lathe_close(model);
    }
}

#[test]
fn misuse_is_a_status_with_words() {
    let model = open(1);
    let values = [0f32; 4];
    let data = values.as_ptr().cast();
    // SAFETY: pointers as the header says, or null.
    unsafe {
        assert_eq!(lathe_set_input(model, c"z".as_ptr(), F32, data, 16), 6);
        assert_eq!(words(), r#"the model has no input named "z"; it has "x""#);
        assert_eq!(lathe_set_input(model, c"x".as_ptr(), I64, data, 16), 7);
        assert_eq!(words(), r#""x" holds f32 and not i64: convert the values"#);
        assert_eq!(lathe_set_input(model, c"x".as_ptr(), F32, data, 16), 7);
        assert_eq!(words(), r#""x" takes 4012 bytes and was given 16"#);
        assert_eq!(lathe_set_input(model, c"x".as_ptr(), 99, data, 16), 7);
        assert_eq!(lathe_set_input(model, null(), F32, data, 16), 1);
        assert_eq!(lathe_set_input(model, c"\xff".as_ptr(), F32, data, 16), 1);
        assert_eq!(lathe_set_input(model, c"x".as_ptr(), F32, null(), 16), 1);
        assert_eq!(lathe_set_input(null_mut(), c"x".as_ptr(), F32, data, 16), 1);
        assert!(lathe_input_data(model, c"x".as_ptr(), I64).is_null() && words().contains("f32 and not i64"));
        assert_eq!((lathe_step(null_mut(), null_mut()), words().as_str()), (1, "model must not be null"));
        assert!(lathe_output_data(model, c"y".as_ptr(), I64).is_null() && words().contains("f32 and not i64"));
        assert!(lathe_output_data(model, c"q".as_ptr(), F32).is_null() && words().contains("no output named"));
        assert!(lathe_input(model, 1).is_null() && lathe_output(null(), 0).is_null());
        assert_eq!((lathe_run(null_mut()), lathe_verify(null_mut()), lathe_input_count(null())), (1, 1, 0));
        lathe_close(model);
        lathe_close(null_mut());
    }
}

#[test]
fn what_cannot_be_opened_says_why() {
    let garbage = std::ptr::dangling_mut::<LatheModel>();
    let folder = tempfile::tempdir().expect("a folder");
    let path =
        |name: &str| CString::new(folder.path().join(name).to_string_lossy().into_owned()).expect("no zero byte");
    std::fs::write(folder.path().join("text"), "hello").expect("written");
    let whole = sample::contents().to_bytes().expect("writes");
    // A failure leaves a null model, whatever was there.
    let refused = |open: &dyn Fn(*mut *mut LatheModel) -> LatheStatus| {
        let mut model = garbage;
        let status = open(&raw mut model);
        assert!(model.is_null());
        status
    };
    let (bytes, length) = (whole.as_ptr().cast(), whole.len());
    // SAFETY: pointers as the header says, or null; none of these is run.
    unsafe {
        assert_eq!(refused(&|model| lathe_open(path("absent").as_ptr(), 1, model)), 2);
        assert_eq!(refused(&|model| lathe_open(path("text").as_ptr(), 1, model)), 3);
        assert!(words().starts_with("this is not a Lathe artifact"));
        assert_eq!(refused(&|model| lathe_open_memory(bytes, length - 1, 1, model)), 3);
        assert_eq!(refused(&|model| lathe_open_memory(bytes, length, 100_000, model)), 5);
        assert_eq!(refused(&|model| lathe_open_memory(null(), 0, 1, model)), 1);
        assert_eq!(refused(&|model| lathe_open(null(), 1, model)), 1);
        assert_eq!(lathe_open_memory(bytes, length, 1, null_mut()), 1);
    }
}
