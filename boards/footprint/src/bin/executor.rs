//! Besides startup: an artifact loaded and run.
#![no_std]
#![no_main]

use core::hint::black_box;

use device_runtime::Model;
use lathe_footprint::{ARENA, HOST, artifact};

#[cortex_m_rt::entry]
fn main() -> ! {
    let arena = &raw mut ARENA;
    // SAFETY: the arena is used here alone.
    let arena = unsafe { &mut *arena };
    // SAFETY: the image is measured, and never run.
    match unsafe { Model::load(artifact(), &HOST, &mut arena.0) } {
        Ok(mut model) => loop {
            model.input(0).unwrap_or_default().fill(1);
            model.run();
            black_box(model.output(0));
        },
        Err(error) => loop {
            black_box(error.number());
        },
    }
}
