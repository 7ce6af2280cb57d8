//! A panic is a fault: it restarts the program, which then tells the host where it happened.
//!
//! Nothing here panics on purpose. That loading and running a model cannot panic at all is proved by the images of
//! `boards/footprint`, which do not link if they could.

use core::arch::asm;
use core::panic::PanicInfo;

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    // SAFETY: an undefined instruction, which raises a fault.
    unsafe { asm!("udf #0", options(noreturn, nomem, nostack)) }
}
