//! Arm MPS2 with AN385: Cortex-M3.
#![no_std]
#![no_main]

include!(concat!(env!("OUT_DIR"), "/board.rs"));

#[cortex_m_rt::entry]
fn main() -> ! {
    let uart = lathe_mps::Uart { base: 0x4000_4000, clock_hz: CLOCK_HZ, baud: BAUD };
    // SAFETY: this board's UART 0 is there, and this is all that runs.
    unsafe { lathe_mps::run(PROCESSOR, uart, CLOCK_HZ) }
}
