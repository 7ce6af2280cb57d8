//! COBS (Cheshire and Baker's Consistent Overhead Byte Stuffing): bytes without a zero among them.
//!
//! Each block is a code, the distance to the next zero or to the block's end, and the bytes up to there; code 255 is 254
//! bytes that no zero follows. Written here since no step of it may panic on a device, and since it works in place.

use core::ops::Range;

/// Most bytes that `length` bytes become.
pub const fn stuffed_bytes(length: usize) -> usize {
    length + longest_growth(length)
}

/// Most bytes by which `length` bytes grow.
const fn longest_growth(length: usize) -> usize {
    let blocks = length.div_ceil(254);
    if blocks == 0 { 1 } else { blocks }
}

/// How far behind the start of a buffer of `length` bytes those must lie that are to be stuffed to its start.
pub const fn stuffing_lead(length: usize) -> usize {
    let blocks = length.div_ceil(255);
    if blocks == 0 { 1 } else { blocks }
}

/// Writes the bytes in `range` of `buffer` without zeros to its start; gives their number, or `None` when there is no
/// room for them or they lie nearer to the start than [`stuffing_lead`] says.
pub fn stuff(buffer: &mut [u8], range: Range<usize>) -> Option<usize> {
    let (mut code_at, mut code, mut at) = (0, 1u8, 1usize);
    for from in range {
        let byte = *buffer.get(from)?;
        if code == u8::MAX {
            *buffer.get_mut(code_at)? = code;
            (code_at, code, at) = (at, 1, at.wrapping_add(1));
        }
        // What is not read yet must not be written over.
        if at > from {
            return None;
        }
        if byte == 0 {
            *buffer.get_mut(code_at)? = code;
            (code_at, code) = (at, 1);
        } else {
            *buffer.get_mut(at)? = byte;
            code = code.wrapping_add(1);
        }
        at = at.wrapping_add(1);
    }
    *buffer.get_mut(code_at)? = code;
    Some(at)
}

/// Undoes [`stuff`] in place; gives the number of bytes, or `None` when they end inside a block.
pub fn unstuff(bytes: &mut [u8]) -> Option<usize> {
    let (mut from, mut to) = (0usize, 0usize);
    while let Some(&code) = bytes.get(from) {
        from = from.wrapping_add(1);
        for _ in 1..code.max(1) {
            *bytes.get_mut(to)? = *bytes.get(from)?;
            (from, to) = (from.wrapping_add(1), to.wrapping_add(1));
        }
        if code != u8::MAX && from < bytes.len() {
            *bytes.get_mut(to)? = 0;
            to = to.wrapping_add(1);
        }
    }
    Some(to)
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::vec;
    use std::vec::Vec;

    use super::*;

    fn stuffed(bytes: &[u8]) -> Vec<u8> {
        stuffed_in(stuffed_bytes(bytes.len()), bytes).unwrap()
    }

    /// Stuffed in a buffer of `length` bytes.
    fn stuffed_in(length: usize, bytes: &[u8]) -> Option<Vec<u8>> {
        let lead = stuffing_lead(length);
        let mut buffer = vec![0; length];
        buffer.get_mut(lead..lead + bytes.len())?.copy_from_slice(bytes);
        let stuffed = stuff(&mut buffer, lead..lead + bytes.len())?;
        buffer.truncate(stuffed);
        Some(buffer)
    }

    /// The examples of Cheshire and Baker's paper as they are known everywhere, and the lengths around a full block.
    #[test]
    fn known_examples() {
        assert_eq!(stuffed(&[]), [1]);
        assert_eq!(stuffed(&[0]), [1, 1]);
        assert_eq!(stuffed(&[0, 0]), [1, 1, 1]);
        assert_eq!(stuffed(&[0x11, 0x22, 0, 0x33]), [3, 0x11, 0x22, 2, 0x33]);
        assert_eq!(stuffed(&[0x11, 0, 0, 0]), [2, 0x11, 1, 1, 1]);
        let run: Vec<u8> = (1..=255).collect();
        assert_eq!(stuffed(&run[..254]), [&[255], &run[..254]].concat());
        assert_eq!(stuffed(&run), [&[255], &run[..254], &[2, 255]].concat());
        assert_eq!(stuffed(&[&run[..254], &[0]].concat()), [&[255], &run[..254], &[1, 1]].concat());
    }

    #[test]
    fn every_length_comes_back_whatever_its_zeros() {
        for length in 0..1100 {
            for period in [1, 2, 3, 253, 254, 255, 256, 5000] {
                let bytes: Vec<u8> =
                    (1..=length).map(|i: usize| if i.is_multiple_of(period) { 0 } else { i as u8 | 1 }).collect();
                let mut wire = stuffed(&bytes);
                assert!(!wire.contains(&0) && wire.len() <= stuffed_bytes(length));
                let back = unstuff(&mut wire).unwrap();
                assert_eq!(wire[..back], bytes);
            }
        }
    }

    #[test]
    fn cut_blocks_and_short_buffers_are_refused() {
        let whole = stuffed(&[7; 300]);
        for length in 1..whole.len() {
            let cut = unstuff(&mut whole[..length].to_vec());
            // A cut between two blocks leaves a shorter frame, which its checksum refuses.
            assert_eq!(cut.is_some(), length == 255, "{length}");
            assert_eq!(stuffed_in(length, &[7; 300]), None);
        }
    }
}
