//! An artifact on its way to the device, in pieces.

use rpc_protocol::frame::crc32c;

use crate::refusal::Refusal;

/// How far an announced artifact has come. Its bytes are the device's to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upload {
    bytes: u32,
    crc: u32,
    held: u32,
}

impl Upload {
    /// An artifact of this size and CRC-32C, nothing of it held.
    pub fn new(bytes: u32, crc: u32) -> Upload {
        Upload { bytes, crc, held: 0 }
    }

    /// Whether it is the artifact of this size and CRC-32C.
    pub fn is(&self, bytes: u32, crc: u32) -> bool {
        (self.bytes, self.crc) == (bytes, crc)
    }

    /// Bytes of all of it.
    pub fn bytes(&self) -> u32 {
        self.bytes
    }

    /// Bytes held from the start.
    pub fn held(&self) -> u32 {
        self.held
    }

    /// Takes a piece; gives what of it is new and belongs after the bytes held. Repeated and overlapping pieces do no
    /// harm, a gap is refused.
    pub fn take<'d>(&mut self, offset: u32, data: &'d [u8]) -> Result<&'d [u8], Refusal> {
        let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
        let refused = Refusal::Gap { offset, length, held: self.held, bytes: self.bytes };
        let end = offset.checked_add(length).filter(|end| *end <= self.bytes).ok_or(refused)?;
        let known = self.held.checked_sub(offset).ok_or(refused)?;
        let fresh = usize::try_from(known).ok().and_then(|known| data.get(known..)).unwrap_or_default();
        self.held = self.held.max(end);
        Ok(fresh)
    }

    /// That all of it is held, in `memory`, undamaged.
    pub fn check(&self, memory: &[u8]) -> Result<(), Refusal> {
        if self.held != self.bytes {
            return Err(Refusal::Incomplete { held: self.held, bytes: self.bytes });
        }
        let found = crc32c(memory);
        if found != self.crc {
            return Err(Refusal::Damaged { announced: self.crc, found });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_may_repeat_and_overlap_but_leave_no_gap() {
        let bytes = b"0123456789";
        let mut upload = Upload::new(10, crc32c(bytes));
        assert_eq!(upload.take(0, b"0123"), Ok(&b"0123"[..]));
        assert_eq!(upload.take(0, b"0123"), Ok(&b""[..]));
        assert_eq!(upload.take(2, b"2345"), Ok(&b"45"[..]));
        assert_eq!(upload.take(7, b"78"), Err(Refusal::Gap { offset: 7, length: 2, held: 6, bytes: 10 }));
        assert_eq!(upload.check(b"012345"), Err(Refusal::Incomplete { held: 6, bytes: 10 }));
        assert_eq!(upload.take(6, b"6789X"), Err(Refusal::Gap { offset: 6, length: 5, held: 6, bytes: 10 }));
        assert_eq!(upload.take(u32::MAX, b"6"), Err(Refusal::Gap { offset: u32::MAX, length: 1, held: 6, bytes: 10 }));
        assert_eq!(upload.take(6, b"6789"), Ok(&b"6789"[..]));
        assert_eq!(upload.check(bytes), Ok(()));
        assert!(matches!(upload.check(b"0123456780"), Err(Refusal::Damaged { .. })));
    }
}
