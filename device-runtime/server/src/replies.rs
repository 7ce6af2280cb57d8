//! Writing answers, in memory the caller gives.

use rpc_protocol::frame::{self, CRC_BYTES, HEADER_BYTES, Header, Kind};
use rpc_protocol::{FaultCode, Response};

use crate::link::Link;
use crate::text::Text;

/// Bytes an answer's own fields take at most beside the data it carries.
const FIELDS: usize = 64;
/// Longest text in an answer.
const TEXT: usize = 240;

/// Bytes of memory the loop needs for frame bodies of `max_body` bytes; at least 320 serve every answer.
pub const fn buffer_bytes(max_body: usize) -> usize {
    3 * frame::wire_bytes(max_body)
}

/// The longest frame body that `buffer_bytes` bytes of memory serve.
pub const fn max_body(buffer_bytes: usize) -> usize {
    // Two bytes delimit the stuffed frame, of which one in 255 is not the frame's.
    let stuffed = (buffer_bytes / 3).saturating_sub(2);
    stuffed.saturating_sub(stuffed.div_ceil(255) + HEADER_BYTES + CRC_BYTES)
}

/// Writes answers to a link.
pub(crate) struct Replies<'b> {
    frame: &'b mut [u8],
    wire: &'b mut [u8],
    max_body: usize,
}

impl<'b> Replies<'b> {
    pub fn new(frame: &'b mut [u8], wire: &'b mut [u8], max_body: usize) -> Self {
        Replies { frame, wire, max_body }
    }

    /// The longest frame body.
    pub fn max_body(&self) -> usize {
        self.max_body
    }

    /// Most bytes of data in one answer.
    pub fn max_data(&self) -> usize {
        self.max_body.saturating_sub(FIELDS)
    }

    /// Answers the request of `header`.
    pub fn send<L: Link>(&mut self, link: &mut L, header: Header, response: &Response<'_>) -> Result<(), L::Error> {
        let header = Header { kind: Kind::Response, ..header };
        // Data and texts are cut to what a frame holds: a longer answer is one of a loop with too little memory, and
        // the host's deadline tells it.
        let Ok(length) = frame::encode(header, response, self.frame, self.wire) else { return Ok(()) };
        link.write_all(self.wire.get(..length).unwrap_or_default())
    }

    /// Answers the request of `header` with a failure.
    pub fn fail<L: Link>(
        &mut self,
        link: &mut L,
        header: Header,
        code: FaultCode,
        detail: impl core::fmt::Display,
    ) -> Result<(), L::Error> {
        let text = Text::<TEXT>::of(detail);
        self.send(link, header, &Response::Failed { code, detail: text.as_str() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_body_agree() {
        for body in 0..70_000 {
            assert_eq!(max_body(buffer_bytes(body)), body);
        }
    }
}
