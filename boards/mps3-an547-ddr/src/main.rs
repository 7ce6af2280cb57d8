//! Arm MPS3 with AN547: Cortex-M55 with Helium, in its secure state, all in DDR memory.
#![no_std]
#![no_main]

include!(concat!(env!("OUT_DIR"), "/board.rs"));

#[cortex_m_rt::entry]
fn main() -> ! {
    let uart = lathe_mps::Uart { base: 0x5930_3000, clock_hz: 25_000_000, baud: BAUD };
    // SAFETY: this board's UART 0 is there, and this is all that runs.
    unsafe { lathe_mps::run(PROCESSOR, uart, CLOCK_HZ) }
}
