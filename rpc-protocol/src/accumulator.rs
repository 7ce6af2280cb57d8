//! Finds frames in a stream of bytes, whatever garbage stands between them.

use crate::frame::{Frame, FrameError, decode};

/// Collects bytes until a zero byte ends a frame. After an overflow or a damaged frame it goes on at the next zero
/// byte, so one bad byte costs at most the frame it is in (and the next, when the byte was the zero between them).
#[derive(Debug)]
pub struct Accumulator<B> {
    buffer: B,
    limit: usize,
    length: usize,
    overflowed: bool,
    finished: bool,
}

/// What a piece of the stream led to.
#[derive(Debug, PartialEq, Eq)]
pub enum Received<'a> {
    /// all bytes taken, no frame ended
    Nothing,
    /// a good frame
    Frame(Frame<'a>),
    /// a frame that had to be dropped
    Dropped(FrameError),
}

impl<B: AsMut<[u8]>> Accumulator<B> {
    /// An accumulator over `buffer`, which bounds the length of a frame (see [`crate::frame::wire_bytes`]).
    pub fn new(buffer: B) -> Self {
        Accumulator { buffer, limit: usize::MAX, length: 0, overflowed: false, finished: false }
    }

    /// From now on takes only frames of at most `limit` stuffed bytes, if the buffer holds more.
    pub fn limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// Takes bytes from the front of `input` up to the end of a frame. Call it until `input` is empty.
    pub fn take<'s>(&'s mut self, input: &mut &[u8]) -> Received<'s> {
        if core::mem::take(&mut self.finished) {
            self.length = 0;
        }
        loop {
            let end = input.iter().position(|&b| b == 0);
            let (piece, rest) = end.and_then(|end| input.split_at_checked(end)).unwrap_or((*input, &[]));
            self.append(piece);
            let Some((_, rest)) = rest.split_first() else {
                *input = rest;
                return Received::Nothing;
            };
            *input = rest;
            if core::mem::take(&mut self.overflowed) {
                self.length = 0;
                return Received::Dropped(FrameError::TooLong);
            }
            if self.length > 0 {
                break;
            }
        }
        self.finished = true;
        let length = self.length;
        match self.buffer.as_mut().get_mut(..length).ok_or(FrameError::TooLong).and_then(decode) {
            Ok(frame) => Received::Frame(frame),
            Err(error) => Received::Dropped(error),
        }
    }

    fn append(&mut self, piece: &[u8]) {
        let end = self.length.saturating_add(piece.len());
        let rest = self.buffer.as_mut().get_mut(self.length..);
        match rest.and_then(|rest| rest.get_mut(..piece.len())) {
            Some(room) if !self.overflowed && end <= self.limit => {
                room.copy_from_slice(piece);
                self.length = self.length.wrapping_add(piece.len());
            }
            _ => self.overflowed = true,
        }
    }
}
