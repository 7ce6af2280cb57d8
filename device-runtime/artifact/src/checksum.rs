//! CRC-32C (Castagnoli) over a whole artifact but the four bytes that hold it.

use crc::{CRC_32_ISCSI, Crc};

use crate::layout::CHECKSUM_AT;

/// Sixteen bytes a round: an artifact of 500 MB is checked in a fraction of a second.
#[cfg(feature = "std")]
static CRC: Crc<u32, crc::Table<16>> = Crc::<u32, crc::Table<16>>::new(&CRC_32_ISCSI);

/// No table: 80 bytes of code on a microcontroller.
#[cfg(not(feature = "std"))]
static CRC: Crc<u32, crc::NoTable> = Crc::<u32, crc::NoTable>::new(&CRC_32_ISCSI);

/// CRC-32C of `bytes` with the header's checksum field left out.
pub fn checksum(bytes: &[u8]) -> u32 {
    let (before, rest) = bytes.split_at_checked(CHECKSUM_AT).unwrap_or((bytes, &[]));
    let after = rest.get(4..).unwrap_or(&[]);
    let mut digest = CRC.digest();
    digest.update(before);
    digest.update(after);
    digest.finalize()
}
