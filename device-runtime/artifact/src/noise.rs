//! Noise: memory whose every word follows from a seed and its place, in any order.
//!
//! A trial fills the arena with it, which makes inputs of some parts and red zones of the others, and uses it in place
//! of weights. Read as f32, or as two f16, every word is finite and of magnitude below 2.

/// First bytes of a noise image in flash.
pub const IMAGE_MAGIC: [u8; 8] = *b"\x89NOISE\r\n";

/// Bytes of an image before its first word: magic, seed, length, zeros.
pub const IMAGE_HEADER_BYTES: usize = 64;

/// A number that follows from `seed` and `index`: MurmurHash3's 32-bit finalizer of `index * 0x9E3779B9 + seed`.
pub const fn hash(seed: u32, index: u32) -> u32 {
    let x = index.wrapping_mul(0x9E37_79B9).wrapping_add(seed);
    let x = (x ^ (x >> 16)).wrapping_mul(0x85EB_CA6B);
    let x = (x ^ (x >> 13)).wrapping_mul(0xC2B2_AE35);
    x ^ (x >> 16)
}

/// Word number `index` of the noise of `seed`.
pub const fn word(seed: u32, index: u32) -> u32 {
    // As f32: exponents 2^-7 to 2^0. As f16: 2^0 above, below 2^1 below.
    hash(seed, index) & 0x83FF_BFFF | 0x3C00_0000
}

/// Makes `memory`, which starts at word `first`, noise of `seed`.
pub fn fill(seed: u32, first: u32, memory: &mut [u8]) {
    let (words, rest) = memory.as_chunks_mut::<4>();
    let mut index = first;
    for slot in words {
        *slot = word(seed, index).to_le_bytes();
        index = index.wrapping_add(1);
    }
    for (slot, byte) in rest.iter_mut().zip(word(seed, index).to_le_bytes()) {
        *slot = byte;
    }
}

/// Where the first byte of `memory` is, which starts at byte `offset`, that is not noise of `seed`.
pub fn first_difference(seed: u32, offset: usize, memory: &[u8]) -> Option<usize> {
    let mut at = 0usize;
    loop {
        let rest = memory.get(at..).filter(|rest| !rest.is_empty())?;
        let place = offset.wrapping_add(at);
        let word = word(seed, (place / 4) as u32).to_le_bytes();
        // Only the first word may be one that `memory` starts in the middle of.
        let expected = word.get(place % 4..).unwrap_or_default();
        if let Some(byte) = rest.iter().zip(expected).position(|(found, expected)| found != expected) {
            return Some(at.wrapping_add(byte));
        }
        at = at.wrapping_add(expected.len());
    }
}

/// The noise that `flash` holds: `bytes` of it, when an image of this seed starts there and is that long and intact.
pub fn flashed(flash: &[u8], seed: u32, bytes: usize) -> Option<&[u8]> {
    let (header, words) = flash.split_at_checked(IMAGE_HEADER_BYTES)?;
    let header = crate::fields::Fields(header.strip_prefix(&IMAGE_MAGIC)?);
    let whole = words.get(..usize::try_from(header.u32(4)).ok()?)?;
    let region = whole.get(..bytes).filter(|_| header.u32(0) == seed)?;
    first_difference(seed, 0, region).is_none().then_some(region)
}

/// An image to flash: `bytes` of noise of `seed`, behind a header of [`IMAGE_HEADER_BYTES`].
#[cfg(feature = "std")]
pub fn image(seed: u32, bytes: u32) -> std::vec::Vec<u8> {
    let mut image = std::vec![0; IMAGE_HEADER_BYTES + bytes as usize];
    let (header, words) = image.split_at_mut(IMAGE_HEADER_BYTES);
    let fields = IMAGE_MAGIC.into_iter().chain(seed.to_le_bytes()).chain(bytes.to_le_bytes());
    for (slot, byte) in header.iter_mut().zip(fields) {
        *slot = byte;
    }
    fill(seed, 0, words);
    image
}
