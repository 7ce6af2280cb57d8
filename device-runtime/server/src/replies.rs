//! Writing answers, in memory the caller gives.

use rpc_protocol::frame::{self, AROUND_BODY, Header, Kind, SessionKey};
use rpc_protocol::{FaultCode, Reason, Response};

use crate::link::Link;

/// Bytes an answer's own fields take at most beside the data it carries.
const FIELDS: usize = 64;
/// Longest frame body of what answers no request of the open session.
const ASIDE: usize = 168;

/// Bytes of memory the loop needs for frame bodies of `max_body` bytes; at least 320 serve every answer.
pub const fn buffer_bytes(max_body: usize) -> usize {
    2 * frame::wire_bytes(max_body) + frame::wire_bytes(ASIDE)
}

/// The longest frame body that `buffer_bytes` bytes of memory serve.
pub const fn max_body(buffer_bytes: usize) -> usize {
    // Two bytes delimit the stuffed frame, of which one in 255 is not the frame's.
    let stuffed = frame_bytes(buffer_bytes).saturating_sub(2);
    stuffed.saturating_sub(stuffed.div_ceil(255) + AROUND_BODY)
}

/// The longest frame on the wire for which `buffer_bytes` bytes of memory serve.
pub(crate) const fn frame_bytes(buffer_bytes: usize) -> usize {
    buffer_bytes.saturating_sub(frame::wire_bytes(ASIDE)) / 2
}

/// Writes answers to a link, and keeps the last one of the session.
pub(crate) struct Replies<'b> {
    answer: &'b mut [u8],
    /// Bytes of the answer that is kept.
    kept: usize,
    aside: &'b mut [u8],
    max_body: usize,
}

impl<'b> Replies<'b> {
    pub fn new(answer: &'b mut [u8], aside: &'b mut [u8], max_body: usize) -> Self {
        Replies { answer, kept: 0, aside, max_body }
    }

    /// The longest frame body.
    pub fn max_body(&self) -> usize {
        self.max_body
    }

    /// Most bytes of data in one answer.
    pub fn max_data(&self) -> usize {
        self.max_body.saturating_sub(FIELDS)
    }

    /// Answers the request of `header`, and keeps the answer; with `key` it is sealed.
    pub fn send<L: Link>(
        &mut self,
        link: &mut L,
        header: Header,
        key: Option<&SessionKey>,
        response: &Response<'_>,
    ) -> Result<(), L::Error> {
        let header = Header { kind: Kind::Response, ..header };
        // Data and texts are cut to what a frame holds: a longer answer is one of a loop with too little memory, and
        // the host's deadline tells it.
        self.kept = frame::encode(header, response, key, self.answer).unwrap_or(0);
        self.repeat(link)
    }

    /// Answers the request of `header` with a failure, and keeps the answer.
    pub fn fail<L: Link>(
        &mut self,
        link: &mut L,
        header: Header,
        key: Option<&SessionKey>,
        code: FaultCode,
        reason: Reason<'_>,
    ) -> Result<(), L::Error> {
        self.send(link, header, key, &Response::failed(code, reason))
    }

    /// Sends the answer that is kept once more.
    pub fn repeat<L: Link>(&mut self, link: &mut L) -> Result<(), L::Error> {
        link.write_all(self.answer.get(..self.kept).unwrap_or_default())
    }

    /// Sends what is no answer in the open session, and leaves the one that is kept.
    pub fn send_aside<L: Link>(
        &mut self,
        link: &mut L,
        header: Header,
        response: &Response<'_>,
    ) -> Result<(), L::Error> {
        let header = Header { kind: Kind::Response, ..header };
        let length = frame::encode(header, response, None, self.aside).unwrap_or(0);
        link.write_all(self.aside.get(..length).unwrap_or_default())
    }

    /// As [`Replies::send_aside`], a failure.
    pub fn fail_aside<L: Link>(
        &mut self,
        link: &mut L,
        header: Header,
        code: FaultCode,
        reason: Reason<'_>,
    ) -> Result<(), L::Error> {
        self.send_aside(link, header, &Response::failed(code, reason))
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
