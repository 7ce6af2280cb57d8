//! Nordic nRF52840 DK: Cortex-M4 with single-precision FPU, at 64 MHz.
//!
//! Pins: nRF52840 DK Hardware v3 user guide, section 8.2 (P0.06 and P0.08, to the J-Link). The core always runs at 64 MHz;
//! the crystal makes it exact (nRF52840 Product Specification, section 5.4). The cache of the flash is section 4.3.5.
//! The watchdog starts with the first run, and only power or the reset button stops it: other firmware that is flashed
//! then must feed it, or is reset once. Nobody has run this on a board yet.
#![no_std]
#![no_main]

use embassy_nrf::buffered_uarte::{BufferedUarte, InterruptHandler};
use embassy_nrf::config::{Config, HfclkSource};
use embassy_nrf::uarte::{Baudrate, Config as Line};
use embassy_nrf::{bind_interrupts, pac, peripherals};
use lathe_drivers::{NRF52840_WATCHDOG, Serial, SysTick, UnstoppableWatchdog};
use lathe_firmware::{buffer_bytes, serve};

include!(concat!(env!("OUT_DIR"), "/board.rs"));

bind_interrupts!(struct Interrupts {
    UARTE0 => InterruptHandler<peripherals::UARTE0>;
});

/// What the port is set to, which takes a few rates only.
const RATE: Baudrate = Baudrate::Baud115200;
const _: () = assert!(BAUD == 115_200, "board.toml's baud rate is not the one set here");

#[cortex_m_rt::entry]
fn main() -> ! {
    static mut FRAMES: [u8; buffer_bytes(1024)] = [0; buffer_bytes(1024)];
    static mut SAMPLES: [u64; 256] = [0; 256];
    static mut SENT: [u8; 256] = [0; 256];
    static mut RECEIVED: [u8; 2048] = [0; 2048];
    let mut config = Config::default();
    config.hfclk_source = HfclkSource::ExternalXtal;
    let chip = embassy_nrf::init(config);
    pac::NVMC.icachecnf().write(|w| w.set_cacheen(true));
    let mut line = Line::default();
    line.baudrate = RATE;
    let port = BufferedUarte::new(
        chip.UARTE0,
        chip.TIMER0,
        chip.PPI_CH0,
        chip.PPI_CH1,
        chip.PPI_GROUP0,
        chip.P0_08,
        chip.P0_06,
        Interrupts,
        line,
        RECEIVED,
        SENT,
    );
    // SAFETY: the core has a SysTick, this is the chip, and nothing else uses either.
    let (clock, watchdog) = unsafe { (SysTick::new(CLOCK_HZ), UnstoppableWatchdog::new(&NRF52840_WATCHDOG, CLOCK_HZ)) };
    serve(PROCESSOR, Serial::new(port), clock, watchdog, FRAMES, SAMPLES)
}
