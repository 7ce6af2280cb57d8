//! Serves a host over a byte link: the request loop of firmware and of the Linux program `device-server`.
//!
//! [`serve`] finds requests in the bytes of a [`Link`], has a [`Device`] act on them and sends the answers;
//! `rpc-protocol/SPEC.md` says what they mean. [`Board`] is the device that firmware is: an artifact in flash, an arena
//! in RAM. Nothing here allocates, and nothing panics, whatever comes over the link.
//!
//! ```no_run
//! # use device_server::{Board, BoardMemory, Clock, Firmware, Link, Sandbox, buffer_bytes, serve};
//! # struct Uart; struct Chip;
//! # impl Link for Uart {
//! #     type Error = ();
//! #     fn read(&mut self, _: &mut [u8]) -> Result<usize, ()> { Ok(0) }
//! #     fn write_all(&mut self, _: &[u8]) -> Result<(), ()> { Ok(()) }
//! # }
//! # impl Clock for Chip { fn now(&self) -> u64 { 0 } fn ticks_per_second(&self) -> u64 { 1 } }
//! # impl Sandbox for Chip {}
//! # impl Firmware for Chip {}
//! # let (uart, chip, flash, ram): (Uart, Chip, &[u8], &mut [u8]) = (Uart, Chip, &[], &mut []);
//! use lathe_executor::Host;
//! let host = Host { target: "thumbv7em-none-eabihf", features: &["dsp", "vfp4d16sp"] };
//! let mut samples = [0; 64];
//! let memory = BoardMemory { flash, ram, samples: &mut samples, uploads: true };
//! // SAFETY: this firmware lets its host run what it sends, and code runs from flash and RAM here.
//! let mut board = unsafe { Board::new(chip, host, "cortex-m4", memory) };
//! let mut buffers = [0; buffer_bytes(1024)];
//! let Ok(()) = serve(uart, &mut board, &mut buffers) else { return };
//! ```
//!
//! Firmware with other work keeps its main loop and hands a [`Server`] the bytes that came ([`Server::receive`]); its
//! [`Firmware::between`] does the other work while a request takes long. `examples/robot-firmware` is one.
#![no_std]
#![deny(unsafe_code)]

mod board;
mod device;
mod link;
mod log;
mod refusal;
mod replies;
mod requests;
mod serve;
mod sessions;
mod text;
pub mod trial;
mod upload;

pub use board::{
    Board, BoardMemory, Clock, Contained, Counter, Ended, Firmware, Sandbox, StackUse, Watchdog, Widened, grown,
};
pub use device::{Device, Fault, Info, TimeOptions, Timed};
pub use link::Link;
pub use refusal::{Refusal, figure};
pub use replies::{buffer_bytes, max_body};
pub use rpc_protocol;
pub use serve::{Server, serve};
pub use upload::Upload;
