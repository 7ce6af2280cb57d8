//! BBC micro:bit, nRF51822: Cortex-M0 with 16 KB of RAM.
#![no_std]
#![no_main]

use lathe_drivers::{NrfTimer, NrfUart};
use lathe_firmware::{buffer_bytes, serve};

include!(concat!(env!("OUT_DIR"), "/board.rs"));

/// Address of the UART, and the pins that lead to the USB interface.
const UART: usize = 0x4000_2000;
const TRANSMIT_PIN: u32 = 24;
const RECEIVE_PIN: u32 = 25;
/// Address of the one timer of 32 bits, and its interrupt.
const TIMER: usize = 0x4000_8000;
const TIMER_INTERRUPT: u32 = 8;

#[cortex_m_rt::entry]
fn main() -> ! {
    static mut FRAMES: [u8; buffer_bytes(320)] = [0; buffer_bytes(320)];
    static mut SAMPLES: [u64; 32] = [0; 32];
    // SAFETY: these peripherals are there, and nothing else uses them.
    let link = unsafe { NrfUart::new(UART, TRANSMIT_PIN, RECEIVE_PIN, BAUD) };
    // SAFETY: as above, and the handler below takes the timer's interrupt.
    let clock = unsafe { NrfTimer::new(TIMER, TIMER_INTERRUPT) };
    serve(PROCESSOR, link, clock, (), FRAMES, SAMPLES)
}

#[cortex_m_rt::exception]
unsafe fn DefaultHandler(_: i16) {
    // SAFETY: the timer is there, and its interrupt is the only one that is enabled.
    unsafe { NrfTimer::interrupted(TIMER) };
}
