//! Besides startup: an artifact checked, whole, by its own checksum too.
#![no_std]
#![no_main]

use core::hint::black_box;

use device_runtime::Artifact;
use lathe_footprint::{HOST, artifact};

#[cortex_m_rt::entry]
fn main() -> ! {
    loop {
        black_box(Artifact::parse_for(artifact(), &HOST).map_err(|error| error.number()).map(|_| ())).ok();
    }
}
