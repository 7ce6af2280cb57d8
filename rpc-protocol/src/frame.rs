//! One message in one frame: header, postcard body and CRC-32C, stuffed by COBS and ended by a zero byte.

use crc::Crc;
use serde::{Deserialize, Serialize};

use crate::stuffing::{stuff, stuffed_bytes, unstuff};

/// The checksum of frames and uploads. Table-less on a device; by table where the standard library is.
#[cfg(not(feature = "std"))]
const CRC32C: Crc<u32, crc::NoTable> = Crc::<u32, crc::NoTable>::new(&crc::CRC_32_ISCSI);
#[cfg(feature = "std")]
static CRC32C: Crc<u32, crc::Table<16>> = Crc::<u32, crc::Table<16>>::new(&crc::CRC_32_ISCSI);

/// CRC-32C of `bytes`, as frames carry it and `UploadBegin` announces it.
pub fn crc32c(bytes: &[u8]) -> u32 {
    CRC32C.checksum(bytes)
}

/// Bytes of the header before the body.
pub const HEADER_BYTES: usize = 13;

/// Bytes of the checksum after the body.
pub const CRC_BYTES: usize = 4;

/// Bytes a frame of `body` bytes takes on the wire at most, both delimiters included.
pub const fn wire_bytes(body: usize) -> usize {
    stuffed_bytes(HEADER_BYTES + body + CRC_BYTES) + 2
}

/// Which way a frame goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// host to device
    Request = 1,
    /// device to host
    Response = 2,
}

/// What stands before every message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// which way
    pub kind: Kind,
    /// counted up by the host with each request; the answer repeats it
    pub sequence: u32,
    /// chosen by the host in its hello; a device that restarted no longer knows it
    pub session: u64,
}

impl Header {
    fn to_bytes(self) -> [u8; HEADER_BYTES] {
        let [s0, s1, s2, s3] = self.sequence.to_le_bytes();
        let [i0, i1, i2, i3, i4, i5, i6, i7] = self.session.to_le_bytes();
        [self.kind as u8, s0, s1, s2, s3, i0, i1, i2, i3, i4, i5, i6, i7]
    }
}

/// A frame whose checksum held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// the header
    pub header: Header,
    /// the postcard bytes of the message
    pub body: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Reads the body as a message.
    pub fn message<M: Deserialize<'a>>(&self) -> Result<M, FrameError> {
        match postcard::take_from_bytes(self.body) {
            Ok((message, [])) => Ok(message),
            _ => Err(FrameError::Message),
        }
    }
}

/// Why a frame could not be written or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameError {
    /// longer than the buffer
    TooLong,
    /// shorter than header and checksum
    TooShort,
    /// the zero byte came in the middle of a COBS block
    Stuffing,
    /// the checksum is wrong
    Checksum,
    /// neither request nor response
    Kind,
    /// the body is not a message of the table
    Message,
}

impl core::fmt::Display for FrameError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            FrameError::TooLong => "frame longer than the buffer",
            FrameError::TooShort => "frame shorter than its header and checksum",
            FrameError::Stuffing => "frame cut inside a COBS block",
            FrameError::Checksum => "frame with a wrong checksum",
            FrameError::Kind => "frame of an unknown kind",
            FrameError::Message => "frame that holds no message of this protocol version",
        })
    }
}

impl core::error::Error for FrameError {}

/// Writes `message` as one frame into `wire` and returns its length. `scratch` holds the frame before stuffing: both
/// must have room (see [`wire_bytes`]), else the error is [`FrameError::TooLong`].
pub fn encode<M: Serialize>(
    header: Header,
    message: &M,
    scratch: &mut [u8],
    wire: &mut [u8],
) -> Result<usize, FrameError> {
    let (head, rest) = scratch.split_first_chunk_mut::<HEADER_BYTES>().ok_or(FrameError::TooLong)?;
    *head = header.to_bytes();
    let body = postcard::to_slice(message, rest).map_err(|_| FrameError::TooLong)?.len();
    let (payload, rest) = scratch.split_at_mut_checked(HEADER_BYTES + body).ok_or(FrameError::TooLong)?;
    *rest.first_chunk_mut().ok_or(FrameError::TooLong)? = crc32c(payload).to_le_bytes();
    let payload = scratch.get(..HEADER_BYTES + body + CRC_BYTES).ok_or(FrameError::TooLong)?;
    let (first, rest) = wire.split_first_mut().ok_or(FrameError::TooLong)?;
    *first = 0;
    let stuffed = stuff(payload, rest).ok_or(FrameError::TooLong)?;
    *rest.get_mut(stuffed).ok_or(FrameError::TooLong)? = 0;
    Ok(stuffed + 2)
}

/// Undoes the stuffing of `wire` (without its zero byte) in place and checks the frame.
pub fn decode(wire: &mut [u8]) -> Result<Frame<'_>, FrameError> {
    let length = unstuff(wire).ok_or(FrameError::Stuffing)?;
    let bytes = wire.get(..length).ok_or(FrameError::Stuffing)?;
    let (payload, crc) = bytes.split_last_chunk::<CRC_BYTES>().ok_or(FrameError::TooShort)?;
    if crc32c(payload) != u32::from_le_bytes(*crc) {
        return Err(FrameError::Checksum);
    }
    let (head, body) = payload.split_first_chunk::<HEADER_BYTES>().ok_or(FrameError::TooShort)?;
    let [kind, s0, s1, s2, s3, session @ ..] = *head;
    let kind = match kind {
        1 => Kind::Request,
        2 => Kind::Response,
        _ => return Err(FrameError::Kind),
    };
    let header = Header { kind, sequence: u32::from_le_bytes([s0, s1, s2, s3]), session: u64::from_le_bytes(session) };
    Ok(Frame { header, body })
}
