//! What can go wrong between host and device.

use std::time::Duration;

use crate::messages::FaultCode;

/// What can go wrong between host and device.
#[derive(Debug)]
pub enum ClientError {
    /// The link could not be opened or broke.
    Link(std::io::Error),
    /// The device closed the link, for instance because its process ended.
    Closed {
        /// what the device's process said last, or how it ended
        reason: String,
    },
    /// No answer within the deadline.
    Timeout {
        /// which request
        request: &'static str,
        /// how long was waited
        after: Duration,
        /// damaged frames seen meanwhile
        damaged: u32,
        /// what the device said of frames it dropped, if it did
        told: Option<String>,
    },
    /// The device knows the session no more: it restarted, or another host opened one.
    SessionLost {
        /// which request it did not do
        request: &'static str,
    },
    /// The device serves holders of its key, and none was given.
    KeyRequired,
    /// The device has another key than the one given.
    WrongKey,
    /// What answers does not hold the key: it is not the device, or not its key.
    Impostor,
    /// The device speaks another protocol version or schema.
    Incompatible {
        /// version and schema hash of this side
        host: (u16, u32),
        /// version and schema hash of the device
        device: (u16, u32),
    },
    /// More bytes than an artifact has.
    TooLarge {
        /// how many
        bytes: usize,
    },
    /// An answer of the wrong kind: a bug on one side.
    Unexpected {
        /// which request
        request: &'static str,
    },
    /// The device could not do what was asked.
    Device {
        /// which request
        request: &'static str,
        /// what kind of failure
        code: FaultCode,
        /// the device's own words
        detail: String,
    },
}

impl std::fmt::Display for ClientError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ClientError::Link(e) => write!(f, "the link to the device failed: {e}"),
            ClientError::Closed { reason } => write!(f, "the device closed the link: {reason}"),
            ClientError::Timeout { request, after, damaged, told } => {
                let after = after.as_secs_f64();
                write!(f, "no answer to `{request}` within {after:.1} s ({damaged} damaged frames seen)")?;
                told.iter().try_for_each(|told| write!(f, "; the device dropped frames: {told}"))
            }
            ClientError::SessionLost { request } => write!(
                f,
                "the device knows this session no more, so `{request}` was not answered: it restarted, or another host \
                 opened a session; open one again, uploads go on where the device still holds them"
            ),
            ClientError::KeyRequired => {
                f.write_str("the device serves only holders of its key, and none was given")
            }
            ClientError::WrongKey => f.write_str("the device has another key than the one given"),
            ClientError::Impostor => f.write_str(
                "what answers could not prove that it holds the key: it is not the device, or the device has another key",
            ),
            ClientError::Incompatible { host, device } => write!(
                f,
                "the device speaks protocol version {} (schema {:08x}), this program {} ({:08x}): build both from one \
                 release",
                device.0, device.1, host.0, host.1
            ),
            ClientError::TooLarge { bytes } => write!(f, "{bytes} bytes are more than any artifact has (4 GiB)"),
            ClientError::Unexpected { request } => {
                write!(f, "the device answered `{request}` with a message of another kind")
            }
            ClientError::Device { request, code, detail } => {
                write!(f, "the device could not do `{request}` ({code:?}): {detail}")
            }
        }
    }
}

impl std::error::Error for ClientError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ClientError::Link(e) => Some(e),
            _ => None,
        }
    }
}
