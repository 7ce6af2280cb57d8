//! The C library's f64 functions where Rust's standard library has none, or a less accurate one.

mod c {
    unsafe extern "C" {
        pub safe fn erf(x: f64) -> f64;
        pub safe fn acosh(x: f64) -> f64;
        pub safe fn asinh(x: f64) -> f64;
        pub safe fn atanh(x: f64) -> f64;
    }
}

pub use c::{acosh, asinh, atanh, erf};
