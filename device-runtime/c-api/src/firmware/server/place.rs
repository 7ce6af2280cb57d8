//! Where everything lies in the memory that the caller gives the server:
//!
//! ```text
//! LatheServer | frames | samples | arena (tensors, workspace), the inputs' values
//! ```
//!
//! `SERVER_BYTES` in a model's generated header is made by the same sum.

use core::slice;

use device_server::{Board, BoardMemory, Server, buffer_bytes};
use lathe_executor::{Artifact, Host, LoadError};

use super::port::{Chip, Port};
use crate::firmware::Failure;

/// `lathe_server`: a server and what it serves.
pub struct LatheServer {
    server: Server<'static>,
    board: Board<'static, Chip>,
    port: Port,
}

/// The longest body of a frame.
const BODY: usize = 512;
/// Samples there is room for at the least; a model of more steps gets a sample for each.
const SAMPLES: usize = 64;
const SAMPLE_BYTES: usize = size_of::<u64>();
/// `LATHE_SERVER_BYTES` of the header: what the server takes besides what it needs for the model.
pub const LATHE_SERVER_BYTES: usize = 2048 + 208 * size_of::<usize>();

/// Bytes from the start of the memory to each part.
const FRAMES: usize = size_of::<LatheServer>();
const AFTER_FRAMES: usize = (FRAMES + buffer_bytes(BODY)).next_multiple_of(SAMPLE_BYTES);
const _: () = assert!(AFTER_FRAMES + SAMPLES * SAMPLE_BYTES <= LATHE_SERVER_BYTES);
const ALIGN: usize = align_of::<LatheServer>();
const _: () = assert!(ALIGN <= 8 && align_of::<u64>() <= 8);

/// Samples that are kept for `artifact`, and bytes that the server needs with it; `None` beyond the address space.
fn needed(artifact: &Artifact<'_>) -> Option<(usize, usize)> {
    let samples = artifact.step_count().max(SAMPLES);
    let header = artifact.header();
    // The arena starts at the next multiple of its alignment.
    let arena = header.arena_bytes_for(1)?.checked_add(header.arena_align())?;
    let inputs = artifact.inputs().try_fold(0usize, |sum, input| sum.checked_add(input.bytes as usize))?;
    let more = samples.wrapping_sub(SAMPLES).checked_mul(SAMPLE_BYTES)?;
    Some((samples, LATHE_SERVER_BYTES.checked_add(more)?.checked_add(arena)?.checked_add(inputs)?))
}

/// A server in `memory` for the artifact in `bytes`, which is for `host`; `cpu` is for reading.
///
/// # Safety
/// An artifact is a program. It must come from the compiler, unchanged, and `bytes` must be memory from which this
/// processor may execute.
pub(crate) unsafe fn place(
    port: Port,
    bytes: &'static [u8],
    host: Host<'static>,
    cpu: &'static str,
    memory: &'static mut [u8],
) -> Result<&'static mut LatheServer, Failure> {
    let artifact = Artifact::parse_for(bytes, &host).map_err(LoadError::from)?;
    let (size, given) = ("SERVER_BYTES", memory.len());
    let (samples, needed) = needed(&artifact).ok_or(Failure::Memory { size, needed: usize::MAX, given })?;
    if given < needed {
        return Err(Failure::Memory { size, needed, given });
    }
    let address = memory.as_ptr().addr();
    if address & 7 != 0 {
        return Err(LoadError::ArenaMisaligned { align: 8, address }.into());
    }
    let base = memory.as_mut_ptr();
    let after_samples = AFTER_FRAMES.wrapping_add(samples.wrapping_mul(SAMPLE_BYTES));
    let ram = given.wrapping_sub(after_samples);
    // SAFETY: the parts lie one behind the other within `memory`, which is ours alone for ever; the samples are at a
    // multiple of their alignment from `base`, which has it, and any bits are numbers.
    let (frames, samples, ram) = unsafe {
        (
            slice::from_raw_parts_mut(base.wrapping_add(FRAMES), buffer_bytes(BODY)),
            slice::from_raw_parts_mut(base.wrapping_add(AFTER_FRAMES).cast::<u64>(), samples),
            slice::from_raw_parts_mut(base.wrapping_add(after_samples), ram),
        )
    };
    let flash = BoardMemory { flash: bytes, ram, samples, uploads: false };
    // SAFETY: the caller vouches for the artifact and its memory; nothing else is run.
    let board = unsafe { Board::new(Chip::new(port), host, cpu, flash) };
    let at = base.cast::<LatheServer>();
    // SAFETY: as above.
    unsafe { at.write(LatheServer { server: Server::new(frames), board, port }) };
    // SAFETY: it was just written, and nothing else refers to it.
    Ok(unsafe { &mut *at })
}

impl LatheServer {
    /// Acts on what came since the last call.
    pub(crate) fn poll(&mut self) {
        let mut bytes = [0; 64];
        let Ok(()) = self.server.receive(self.port.take(&mut bytes), &mut self.port, &mut self.board);
    }
}
