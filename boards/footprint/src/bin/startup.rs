//! What every image has: vectors and startup code.
#![no_std]
#![no_main]

use core::hint::black_box;

use lathe_footprint::artifact;

#[cortex_m_rt::entry]
fn main() -> ! {
    loop {
        black_box(artifact());
    }
}
