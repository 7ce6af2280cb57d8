//! Without the feature `key`: there are no keys, so that firmware carries no code for them.

/// Bytes of a frame's code.
pub const MAC_BYTES: usize = 0;

/// The key of a session, of which there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionKey {}

impl SessionKey {
    pub(crate) fn code(&self, _: &[u8]) -> [u8; MAC_BYTES] {
        match *self {}
    }

    pub(crate) fn holds(&self, _: &[u8; MAC_BYTES], _: &[u8]) -> bool {
        match *self {}
    }
}
