//! Besides startup: an artifact loaded and run.
#![no_std]
#![no_main]

use lathe_footprint::{load, run, unloadable};

#[cortex_m_rt::entry]
fn main() -> ! {
    match load() {
        Ok(mut model) => loop {
            run(&mut model);
        },
        Err(error) => unloadable(error),
    }
}
