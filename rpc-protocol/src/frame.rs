//! One message in one frame: header, postcard body, in a session with a key its code, and CRC-32C, stuffed by COBS and
//! ended by a zero byte.

use crc::Crc;

#[cfg(feature = "key")]
pub use crate::key::{MAC_BYTES, SessionKey};
#[cfg(not(feature = "key"))]
pub use crate::no_key::{MAC_BYTES, SessionKey};
use crate::stuffing::{stuff, stuffed_bytes, stuffing_lead, unstuff};
use crate::wire::{Reader, Wire, Writer};

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

/// Bytes around a frame's body before stuffing, at most.
pub const AROUND_BODY: usize = HEADER_BYTES + MAC_BYTES + CRC_BYTES;

/// Bytes a frame of `body` bytes takes on the wire at most, both delimiters included.
pub const fn wire_bytes(body: usize) -> usize {
    stuffed_bytes(AROUND_BODY + body) + 2
}

/// Which way a frame goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// host to device
    Request = 1,
    /// device to host
    Response = 2,
}

/// In the byte of the kind: the frame carries a code.
const SEALED: u8 = 0x10;

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
    fn to_bytes(self, sealed: bool) -> [u8; HEADER_BYTES] {
        let kind = self.kind as u8 | if sealed { SEALED } else { 0 };
        let [s0, s1, s2, s3] = self.sequence.to_le_bytes();
        let [i0, i1, i2, i3, i4, i5, i6, i7] = self.session.to_le_bytes();
        [kind, s0, s1, s2, s3, i0, i1, i2, i3, i4, i5, i6, i7]
    }
}

/// A frame whose checksum held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// the header
    pub header: Header,
    /// the bytes of the message, in postcard's encoding
    pub body: &'a [u8],
    /// header and body, and their code, of a frame that carries one
    seal: Option<(&'a [u8], &'a [u8; MAC_BYTES])>,
}

impl<'a> Frame<'a> {
    /// A frame without a code.
    pub fn unsealed(header: Header, body: &'a [u8]) -> Frame<'a> {
        Frame { header, body, seal: None }
    }

    /// Reads the body as a message.
    pub fn message<M: Wire<'a>>(&self) -> Result<M, FrameError> {
        let mut reader = Reader::new(self.body);
        let message = M::take(&mut reader);
        if reader.is_right(true) { Ok(message) } else { Err(FrameError::Message) }
    }

    /// Whether it carries a code.
    pub fn is_sealed(&self) -> bool {
        self.seal.is_some()
    }

    /// Whether it carries the code that a holder of `key` gives it.
    pub fn is_sealed_with(&self, key: &SessionKey) -> bool {
        self.seal.is_some_and(|(payload, code)| key.holds(code, payload))
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
    /// the code is not of a holder of the session's key
    Code,
}

impl FrameError {
    /// The error whose discriminant this is, as a device tells it.
    #[cfg(feature = "std")]
    pub(crate) fn from_number(number: u64) -> Option<FrameError> {
        use FrameError::*;
        [TooLong, TooShort, Stuffing, Checksum, Kind, Message, Code].into_iter().find(|error| *error as u64 == number)
    }

    /// What was wrong.
    pub fn as_str(self) -> &'static str {
        match self {
            FrameError::TooLong => "frame longer than the buffer",
            FrameError::TooShort => "frame shorter than its header and checksum",
            FrameError::Stuffing => "frame cut inside a COBS block",
            FrameError::Checksum => "frame with a wrong checksum",
            FrameError::Kind => "frame of an unknown kind",
            FrameError::Message => "frame that holds no message of this protocol version",
            FrameError::Code => "frame with another key's code",
        }
    }
}

impl core::fmt::Display for FrameError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl core::error::Error for FrameError {}

/// Writes `message` as one frame to the start of `buffer` and returns its length; with `key` the frame carries its code.
/// There must be room (see [`wire_bytes`]), else the error is [`FrameError::TooLong`].
pub fn encode<'m, M: Wire<'m>>(
    header: Header,
    message: &M,
    key: Option<&SessionKey>,
    buffer: &mut [u8],
) -> Result<usize, FrameError> {
    // The frame is written behind its place and moves there while it is stuffed.
    let (first, rest) = buffer.split_first_mut().ok_or(FrameError::TooLong)?;
    *first = 0;
    let lead = stuffing_lead(rest.len().saturating_sub(1));
    let frame = rest.get_mut(lead..).ok_or(FrameError::TooLong)?;
    let (head, tail) = frame.split_first_chunk_mut::<HEADER_BYTES>().ok_or(FrameError::TooLong)?;
    *head = header.to_bytes(key.is_some());
    let mut writer = Writer::new(tail);
    message.put(&mut writer);
    let body = writer.length().ok_or(FrameError::TooLong)?;
    let mut length = HEADER_BYTES.wrapping_add(body);
    if let Some(key) = key {
        let (payload, tail) = frame.split_at_mut_checked(length).ok_or(FrameError::TooLong)?;
        *tail.first_chunk_mut().ok_or(FrameError::TooLong)? = key.code(payload);
        length = length.wrapping_add(MAC_BYTES);
    }
    let (payload, tail) = frame.split_at_mut_checked(length).ok_or(FrameError::TooLong)?;
    *tail.first_chunk_mut().ok_or(FrameError::TooLong)? = crc32c(payload).to_le_bytes();
    let end = lead.wrapping_add(length).wrapping_add(CRC_BYTES);
    let stuffed = stuff(rest, lead..end).ok_or(FrameError::TooLong)?;
    *rest.get_mut(stuffed).ok_or(FrameError::TooLong)? = 0;
    Ok(stuffed.wrapping_add(2))
}

/// Undoes the stuffing of `wire` (without its zero byte) in place and checks the frame.
pub fn decode(wire: &mut [u8]) -> Result<Frame<'_>, FrameError> {
    let length = unstuff(wire).ok_or(FrameError::Stuffing)?;
    let bytes = wire.get(..length).ok_or(FrameError::Stuffing)?;
    let (checked, crc) = bytes.split_last_chunk::<CRC_BYTES>().ok_or(FrameError::TooShort)?;
    if crc32c(checked) != u32::from_le_bytes(*crc) {
        return Err(FrameError::Checksum);
    }
    let (&[kind, ..], _) = checked.split_first_chunk::<HEADER_BYTES>().ok_or(FrameError::TooShort)?;
    let (payload, seal) = match kind & SEALED {
        SEALED if cfg!(feature = "key") => {
            let (payload, code) = checked.split_last_chunk::<MAC_BYTES>().ok_or(FrameError::TooShort)?;
            (payload, Some((payload, code)))
        }
        SEALED => return Err(FrameError::Kind),
        _ => (checked, None),
    };
    let (head, body) = payload.split_first_chunk::<HEADER_BYTES>().ok_or(FrameError::TooShort)?;
    let [_, s0, s1, s2, s3, session @ ..] = *head;
    let kind = match kind & !SEALED {
        1 => Kind::Request,
        2 => Kind::Response,
        _ => return Err(FrameError::Kind),
    };
    let header = Header { kind, sequence: u32::from_le_bytes([s0, s1, s2, s3]), session: u64::from_le_bytes(session) };
    Ok(Frame { header, body, seal })
}
