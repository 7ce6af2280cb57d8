//! Serving, a piece at a time.

use super::place::LatheServer;
use crate::firmware::status;
use crate::misuse::Misuse;
use crate::status::LatheStatus;

/// Acts on what came over the server's port since the last call.
///
/// # Safety
/// Null, or a server that nothing else uses meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lathe_server_poll(server: *mut LatheServer) -> LatheStatus {
    // SAFETY: the caller vouches for it.
    let server = unsafe { server.as_mut() }.ok_or(Misuse::Null("server").into());
    status(server.map(LatheServer::poll))
}
