//! What the images of `cargo xtask size` share: memory that the linker knows nothing of, and a proof.
//!
//! The panic handler calls a function that does not exist. An image links only if the handler is dropped, and it is
//! dropped only if nothing in the image can panic.
#![no_std]

use core::hint::black_box;
use core::panic::PanicInfo;

use device_runtime::{ArenaMemory, Host, LoadError, Model};
// The table of interrupts, which every board's firmware takes from there.
use lathe_drivers as _;

/// Some microcontroller.
pub const HOST: Host<'static> = Host { target: "thumbv7em-none-eabihf", features: &["dsp", "vfp4d16sp"] };

/// Memory for an arena.
static mut ARENA: ArenaMemory<4096> = ArenaMemory([0; 4096]);

unsafe extern "C" {
    /// In an error message of the linker: something in the image can panic.
    fn this_image_can_panic() -> !;
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    // SAFETY: an image with a call of it is never linked.
    unsafe { this_image_can_panic() }
}

/// An artifact in flash, of which the compiler knows neither bytes nor length.
pub fn artifact() -> &'static [u8] {
    let place = black_box((0x1_0000 as *const u8, 0x1_0000));
    // SAFETY: that much flash lies behind the image.
    unsafe { core::slice::from_raw_parts(place.0, place.1) }
}

/// The artifact loaded, once.
pub fn load() -> Result<Model<'static>, LoadError> {
    let arena = &raw mut ARENA;
    // SAFETY: the arena is used here alone.
    let arena = unsafe { &mut *arena };
    // SAFETY: the image is measured, and never run.
    unsafe { Model::load(artifact(), &HOST, &mut arena.0) }
}

/// An input written, a run, an output read.
pub fn run(model: &mut Model<'_>) {
    model.input(0).unwrap_or_default().fill(1);
    model.run();
    black_box(model.output(0));
}

/// What becomes of an artifact that is refused.
pub fn unloadable(error: LoadError) -> ! {
    loop {
        black_box(error.number());
    }
}
