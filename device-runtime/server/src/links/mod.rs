//! The links of the program: one file each.

pub mod pty;
pub mod serial;
pub mod stdio;
pub mod tcp;
mod terminal;

use device_server::rpc_protocol::key::{Challenge, Key};
use device_server::{Server, buffer_bytes};

/// Longest frame body on links that are quick, and on serial lines, where a lost frame costs much.
const MAX_BODY: usize = 1 << 16;
const MAX_SERIAL_BODY: usize = 1 << 12;

/// Memory for the request loop, allocated once: before a key is proved only a few hundred bytes of it are used.
fn buffers(max_body: usize) -> Vec<u8> {
    vec![0; buffer_bytes(max_body)]
}

/// A server that asks for the key, if there is one.
fn server<'b>(buffers: &'b mut [u8], key: Option<&Key>) -> Server<'b> {
    match key {
        Some(key) => Server::locked(buffers, key.clone(), challenge),
        None => Server::new(buffers),
    }
}

fn challenge() -> Option<Challenge> {
    crate::random::bytes().ok()
}
