//! The program of Arm's MPS2 and MPS3 boards: a host is served over UART 0, which they lead out, and SysTick is the clock.
//! A watchdog whose interrupt cannot be masked restarts it when a run hangs.
#![no_std]

use lathe_drivers::{CmsdkUart, CmsdkWatchdog, SysTick};
use lathe_firmware::{Processor, buffer_bytes, serve};

/// The longest frame body that is taken, and how many samples of one measurement are kept.
const BODY: usize = 1024;
const SAMPLES: usize = 256;

/// UART 0.
#[derive(Clone, Copy, Debug)]
pub struct Uart {
    /// Its address.
    pub base: usize,
    /// Its clock, in cycles a second.
    pub clock_hz: u32,
    /// Symbols a second.
    pub baud: u32,
}

/// The watchdog.
#[derive(Clone, Copy, Debug)]
pub struct Watchdog {
    /// Its address.
    pub base: usize,
    /// Its clock, in cycles a second.
    pub clock_hz: u32,
}

/// Serves a host for ever on a processor of `clock_hz` cycles a second.
///
/// # Safety
/// `uart` tells of a CMSDK UART and `watchdog` of a CMSDK watchdog, and nothing else uses them or the core's SysTick. To be
/// called once.
#[inline(always)] // where its figures are constants: the whole firmware is a kilobyte smaller
pub unsafe fn run(processor: Processor, uart: Uart, watchdog: Watchdog, clock_hz: u32) -> ! {
    static mut FRAMES: [u8; buffer_bytes(BODY)] = [0; buffer_bytes(BODY)];
    static mut TICKS: [u64; SAMPLES] = [0; SAMPLES];
    let (frames, ticks) = (&raw mut FRAMES, &raw mut TICKS);
    // SAFETY: this function is called once, so nothing else refers to them.
    let (frames, ticks) = unsafe { (&mut *frames, &mut *ticks) };
    // SAFETY: the caller vouches for the UART, every core of these boards has a SysTick, and nothing else uses either.
    let (link, clock) = unsafe { (CmsdkUart::new(uart.base, uart.clock_hz, uart.baud), SysTick::new(clock_hz)) };
    // SAFETY: as above.
    let watchdog = unsafe { CmsdkWatchdog::new(watchdog.base, watchdog.clock_hz) };
    serve(processor, link, clock, watchdog, frames, ticks)
}
