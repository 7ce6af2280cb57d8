//! Arm MPS2 with AN505: Cortex-M33, in its secure state.
#![no_std]
#![no_main]

include!(concat!(env!("OUT_DIR"), "/board.rs"));

#[cortex_m_rt::entry]
fn main() -> ! {
    let uart = lathe_mps::Uart { base: 0x5020_0000, clock_hz: CLOCK_HZ, baud: BAUD };
    // SAFETY: this board's UART 0 is there, and this is all that runs.
    unsafe { lathe_mps::run(PROCESSOR, uart, CLOCK_HZ) }
}
