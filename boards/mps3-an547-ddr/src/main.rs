//! Arm MPS3 with AN547: Cortex-M55 with Helium, in its secure state, all in DDR memory.
#![no_std]
#![no_main]

use lathe_drivers::{CmsdkUart, SysTick};
use lathe_firmware::{buffer_bytes, serve};

include!(concat!(env!("OUT_DIR"), "/board.rs"));

/// Address of UART 0, which the board leads out.
const UART: usize = 0x5930_3000;
/// Clock of the peripherals.
const PERIPHERAL_HZ: u32 = 25_000_000;

#[cortex_m_rt::entry]
fn main() -> ! {
    static mut FRAMES: [u8; buffer_bytes(1024)] = [0; buffer_bytes(1024)];
    static mut SAMPLES: [u64; 256] = [0; 256];
    // SAFETY: the UART is there, the core has a SysTick, and nothing else uses either.
    let (link, clock) = unsafe { (CmsdkUart::new(UART, PERIPHERAL_HZ, BAUD), SysTick::new(CLOCK_HZ)) };
    serve(PROCESSOR, link, clock, FRAMES, SAMPLES)
}
