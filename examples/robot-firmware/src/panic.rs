//! There is no way to panic in this firmware: if there were one, it would not link.

use core::panic::PanicInfo;

unsafe extern "C" {
    fn this_firmware_can_panic() -> !;
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    // SAFETY: there is no such function; the linker refuses the program.
    unsafe { this_firmware_can_panic() }
}
