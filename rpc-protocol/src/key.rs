//! The key that host and device share, its proof, and the codes by which frames of a session show that they are from a
//! holder of it: all HMAC-SHA-256 (RFC 2104, FIPS 180-4), cut.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Bytes of a key.
pub const KEY_BYTES: usize = 32;
/// Bytes of a challenge, and of a proof.
pub const PROOF_BYTES: usize = 16;
/// Bytes of a frame's code.
pub const MAC_BYTES: usize = 8;

/// A challenge: random bytes that are used once.
pub type Challenge = [u8; PROOF_BYTES];
/// What shows that its sender holds the key.
pub type Proof = [u8; PROOF_BYTES];

/// Whose proof it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// the host's, in `Prove`
    Host,
    /// the device's, in `Proved`
    Device,
}

/// A key that host and device share.
#[derive(Clone, PartialEq, Eq)]
pub struct Key([u8; KEY_BYTES]);

impl core::fmt::Debug for Key {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Key(…)")
    }
}

impl Key {
    /// The key of these bytes.
    pub fn new(bytes: [u8; KEY_BYTES]) -> Key {
        Key(bytes)
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    /// The proof of one side that it holds the key.
    pub fn proof(&self, side: Side, session: u64, challenge: &Challenge) -> Proof {
        let label: &[u8] = match side {
            Side::Host => b"lathe host",
            Side::Device => b"lathe device",
        };
        first(&self.code(label, session, challenge))
    }

    /// Whether `proof` is that side's, in time that does not depend on where it differs.
    pub fn is_proved_by(&self, proof: &Proof, side: Side, session: u64, challenge: &Challenge) -> bool {
        equal(proof, &self.proof(side, session, challenge))
    }

    /// The key of the session that the proof opens.
    pub fn session(&self, session: u64, challenge: &Challenge) -> SessionKey {
        SessionKey(self.code(b"lathe session", session, challenge))
    }

    fn code(&self, label: &[u8], session: u64, challenge: &Challenge) -> [u8; 32] {
        mac(&self.0, &[label, &session.to_le_bytes(), challenge])
    }
}

/// The key of one session.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionKey([u8; 32]);

impl core::fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("SessionKey(…)")
    }
}

impl SessionKey {
    /// The code of a frame's header and body.
    pub fn code(&self, payload: &[u8]) -> [u8; MAC_BYTES] {
        first(&mac(&self.0, &[payload]))
    }

    /// Whether `code` is that of `payload`, in time that does not depend on where it differs.
    pub fn holds(&self, code: &[u8; MAC_BYTES], payload: &[u8]) -> bool {
        equal(code, &self.code(payload))
    }
}

fn mac(key: &[u8; 32], pieces: &[&[u8]]) -> [u8; 32] {
    // A key shorter than the hash's block is continued by zeros, as HMAC has it.
    let mut block = [0; 64];
    block.iter_mut().zip(key).for_each(|(slot, byte)| *slot = *byte);
    let mut mac = <Hmac<Sha256> as KeyInit>::new(&block.into());
    for piece in pieces {
        mac.update(piece);
    }
    mac.finalize().into_bytes().into()
}

fn first<const N: usize>(bytes: &[u8; 32]) -> [u8; N] {
    let mut first = [0; N];
    for (slot, byte) in first.iter_mut().zip(bytes) {
        *slot = *byte;
    }
    first
}

fn equal<const N: usize>(one: &[u8; N], other: &[u8; N]) -> bool {
    let difference = one.iter().zip(other).fold(0, |all, (a, b)| all | (a ^ b));
    core::hint::black_box(difference) == 0
}
