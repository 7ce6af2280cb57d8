//! Starting a server in firmware.

use core::ffi::c_void;

use super::place::{LatheServer, place};
use super::port::{LathePort, Port};
use crate::firmware::load::hand_over;
use crate::firmware::{processor, status};
use crate::misuse::Misuse;
use crate::status::LatheStatus;

/// Makes a server for the artifact of `length` bytes at `artifact` in `memory_bytes` of `memory`.
///
/// # Safety
/// Pointers as the header says; the bytes are an artifact that the compiler made, where this processor may execute, and
/// both are left alone while the server is in use.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lathe_server_start(
    port: *const LathePort,
    artifact: *const c_void,
    length: usize,
    memory: *mut c_void,
    memory_bytes: usize,
    server: *mut *mut LatheServer,
) -> LatheStatus {
    let (host, cpu) = processor::identify();
    // SAFETY: the caller vouches for all of them.
    status(unsafe {
        hand_over("server", server, (artifact, length), (memory, memory_bytes), |artifact, memory| {
            let port = Port::new(port.as_ref().ok_or(Misuse::Null("port"))?)?;
            place(port, artifact, host, cpu, memory)
        })
    })
}
