//! Arm MPS2 with AN505: Cortex-M33, in its secure state.
#![no_std]
#![no_main]

include!(concat!(env!("OUT_DIR"), "/board.rs"));

#[cortex_m_rt::entry]
fn main() -> ! {
    let uart = lathe_mps::Uart { base: 0x5020_0000, clock_hz: CLOCK_HZ, baud: BAUD };
    let watchdog = lathe_mps::Watchdog { base: 0x5002_E000, clock_hz: 32_768 };
    // SAFETY: this board's UART 0 and watchdog are there, and this is all that runs.
    unsafe { lathe_mps::run(PROCESSOR, uart, watchdog, CLOCK_HZ) }
}
