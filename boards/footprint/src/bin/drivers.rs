//! Besides startup: a serial line and a clock.
#![no_std]
#![no_main]

use core::hint::black_box;

use device_server::{Clock, Link};
use lathe_drivers::{CmsdkUart, SysTick};
use lathe_footprint::artifact;

#[cortex_m_rt::entry]
fn main() -> ! {
    black_box(artifact());
    // SAFETY: as on mps2-an386.
    let (mut link, clock) = unsafe { (CmsdkUart::new(0x4000_4000, 25_000_000, 115_200), SysTick::new(25_000_000)) };
    let mut bytes = [0; 64];
    loop {
        let Ok(got) = link.read(&mut bytes);
        let Ok(()) = link.write_all(bytes.get(..got).unwrap_or_default());
        clock.settle();
        black_box(clock.now());
    }
}
