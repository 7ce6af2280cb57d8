//! Arm MPS2 with AN500: Cortex-M7.
#![no_std]
#![no_main]

include!(concat!(env!("OUT_DIR"), "/board.rs"));

#[cortex_m_rt::entry]
fn main() -> ! {
    let uart = lathe_mps::Uart { base: 0x4000_4000, clock_hz: CLOCK_HZ, baud: BAUD };
    let watchdog = lathe_mps::Watchdog { base: 0x4000_8000, clock_hz: CLOCK_HZ };
    // SAFETY: this board's UART 0 and watchdog are there, and this is all that runs.
    unsafe { lathe_mps::run(PROCESSOR, uart, watchdog, CLOCK_HZ) }
}
