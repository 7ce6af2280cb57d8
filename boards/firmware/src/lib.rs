//! What every board's firmware does: finds its memory by the linker's symbols, and serves a host over a link.
//!
//! A board's `main.rs` brings what differs: its peripherals, and how much memory the request loop has.
#![no_std]

mod caches;
mod chip;
mod fault;
#[cfg(feature = "defmt")]
mod log;
mod memory;
mod panic;
#[cfg(sandbox)]
mod register;
#[cfg(sandbox)]
mod sandbox;
mod stack;

pub use device_server::buffer_bytes;

use core::convert::Infallible;

use chip::Chip;
use device_runtime::Host;
use device_runtime::artifact::cortex_m;
use device_server::rpc_protocol::FaultCode;
use device_server::{Board, BoardMemory, Clock, Link, Sandbox, Server, Watchdog};
use fault::Fault;
use memory::Memory;
use stack::Stack;

/// What artifacts must match to run here.
#[derive(Clone, Copy, Debug)]
pub struct Processor {
    /// Target, as `--target` names it.
    pub target: &'static str,
    /// Processor, as `--mcpu` names it.
    pub cpu: &'static str,
}

/// Serves a host for ever: artifacts from flash, in place, and uploaded ones from RAM.
///
/// `watchdog` may be `()`, where there is none. `frames` is [`buffer_bytes`] of the longest frame body; `samples` is how
/// many measurements of one request are kept.
pub fn serve<L: Link<Error = Infallible>, C: Clock, W: Watchdog>(
    processor: Processor,
    mut link: L,
    clock: C,
    watchdog: W,
    frames: &mut [u8],
    samples: &mut [u64],
) -> ! {
    // SAFETY: programs call this once, since it does not return.
    let Memory { artifact, arena, stack } = unsafe { Memory::take() };
    let reset = watchdog.restarted();
    // SAFETY: it is this program's stack, painted by cortex-m-rt.
    let chip = Chip::new(clock, watchdog, unsafe { Stack::at(stack) });
    // Code that the host sends may be wrong: it is taken where the processor can keep the rest from it.
    let uploads = chip.granule(0).is_some();
    let features = cortex_m::features(processor.cpu).unwrap_or_default();
    let host = Host { target: processor.target, features };
    let memory = BoardMemory { flash: artifact, ram: arena, samples, uploads };
    // SAFETY: this firmware is for running what its host sends, and these chips execute from flash and RAM.
    let mut board = unsafe { Board::new(chip, host, processor.cpu, memory) };
    let mut server = Server::new(frames);
    let fault = Fault::take().or_else(|| reset.then(Fault::unseen_hang));
    if let Some(fault) = fault {
        let Ok(()) = server.tell(&mut link, FaultCode::RunFailed, fault.reason());
    }
    let mut bytes = [0; 64];
    loop {
        let Ok(got) = link.read(&mut bytes);
        let Ok(()) = server.receive(bytes.get(..got).unwrap_or_default(), &mut link, &mut board);
    }
}
