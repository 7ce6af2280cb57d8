//! An artifact on its way here, in pieces.

use rpc_protocol::FaultCode;
use rpc_protocol::frame::crc32c;

use crate::requests::Fault;

/// The bytes so far of an announced artifact.
#[derive(Debug, Default)]
pub struct Upload {
    announced: Option<(u64, u32)>,
    bytes: Vec<u8>,
}

impl Upload {
    /// An artifact of this size and checksum is announced; gives the bytes already held of it.
    pub fn begin(&mut self, bytes: u64, crc: u32) -> Result<u64, Fault> {
        if self.announced != Some((bytes, crc)) {
            let size = usize::try_from(bytes).unwrap_or(usize::MAX);
            let mut fresh = Vec::new();
            let refused = |_| Fault::new(FaultCode::OutOfMemory, format!("there is no memory for {bytes} bytes"));
            fresh.try_reserve_exact(size).map_err(refused)?;
            *self = Upload { announced: Some((bytes, crc)), bytes: fresh };
        }
        Ok(self.bytes.len() as u64)
    }

    /// A piece; gives the bytes held.
    pub fn chunk(&mut self, offset: u64, data: &[u8]) -> Result<u64, Fault> {
        let (total, _) = self.announced.ok_or_else(|| Fault::new(FaultCode::BadRequest, "no upload was begun"))?;
        let held = self.bytes.len() as u64;
        let end = offset.checked_add(data.len() as u64).filter(|&end| end <= total && offset <= held);
        let end = end.ok_or_else(|| {
            Fault::new(FaultCode::OutOfRange, format!("{} bytes at {offset} of {total}, {held} are held", data.len()))
        })?;
        if end > held {
            // Of a piece held in part, the rest is new.
            self.bytes.extend(&data[(held - offset) as usize..]);
        }
        Ok(self.bytes.len() as u64)
    }

    /// The whole artifact, its checksum right.
    pub fn artifact(&self) -> Result<&[u8], Fault> {
        let (total, crc) = self.announced.ok_or_else(|| Fault::new(FaultCode::NoModel, "nothing was uploaded"))?;
        if self.bytes.len() as u64 != total {
            let detail = format!("{} of {total} bytes were uploaded", self.bytes.len());
            return Err(Fault::new(FaultCode::ArtifactRefused, detail));
        }
        if crc32c(&self.bytes) != crc {
            return Err(Fault::new(
                FaultCode::ArtifactRefused,
                "the uploaded bytes have another checksum than announced",
            ));
        }
        Ok(&self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_may_repeat_and_overlap_but_leave_no_gap() {
        let mut upload = Upload::default();
        let bytes = b"0123456789";
        assert_eq!(upload.chunk(0, b"0").unwrap_err().code, FaultCode::BadRequest);
        assert_eq!(upload.begin(10, crc32c(bytes)).unwrap(), 0);
        assert_eq!(upload.chunk(0, b"0123").unwrap(), 4);
        assert_eq!(upload.chunk(0, b"0123").unwrap(), 4);
        assert_eq!(upload.chunk(2, b"2345").unwrap(), 6);
        assert_eq!(upload.chunk(7, b"78").unwrap_err().code, FaultCode::OutOfRange);
        assert_eq!(upload.artifact().unwrap_err().code, FaultCode::ArtifactRefused);
        // Said again, the announcement goes on where the upload stopped.
        assert_eq!(upload.begin(10, crc32c(bytes)).unwrap(), 6);
        assert_eq!(upload.chunk(6, b"6789").unwrap(), 10);
        assert_eq!(upload.chunk(6, b"6789X").unwrap_err().code, FaultCode::OutOfRange);
        assert_eq!(upload.artifact().unwrap(), bytes);
    }

    #[test]
    fn damage_and_absurd_sizes_are_refused() {
        let mut upload = Upload::default();
        upload.begin(4, 0).unwrap();
        upload.chunk(0, b"abcd").unwrap();
        assert_eq!(upload.artifact().unwrap_err().code, FaultCode::ArtifactRefused);
        assert_eq!(upload.begin(u64::MAX, 0).unwrap_err().code, FaultCode::OutOfMemory);
    }
}
