//! UF2, the file format that boot loaders take as a file copied to their drive: blocks of 512 bytes, each with 256 bytes of
//! content and the address they are for. <https://github.com/microsoft/uf2>

/// Bytes of content in a block: what every boot loader takes.
const CONTENT: usize = 256;
const BLOCK: usize = 512;
/// First, second and last word of a block.
const MAGIC: [u32; 3] = [0x0A32_4655, 0x9E5D_5157, 0x0AB1_6F30];
/// The block's family field holds the chip's family.
const HAS_FAMILY: u32 = 0x2000;

/// Content for flash: where it begins, and its bytes.
pub type Piece<'a> = (u32, &'a [u8]);

/// A file that holds `pieces` for chips of `family`. Blocks begin at multiples of 256, as flash is written in pages; what
/// lies between the pieces in one page is 0xFF, as erased flash.
pub fn file(family: u32, pieces: &[Piece<'_>]) -> Vec<u8> {
    let pages = pages(pieces);
    let total = pages.len() as u32;
    let mut file = Vec::with_capacity(pages.len() * BLOCK);
    for (number, (address, content)) in pages.iter().enumerate() {
        let end = file.len() + BLOCK;
        let [first, second, last] = MAGIC;
        for word in [first, second, HAS_FAMILY, *address, CONTENT as u32, number as u32, total, family] {
            file.extend(word.to_le_bytes());
        }
        file.extend(content);
        file.resize(end - size_of::<u32>(), 0);
        file.extend(last.to_le_bytes());
    }
    file
}

/// The pages that hold something, by address.
fn pages(pieces: &[Piece<'_>]) -> std::collections::BTreeMap<u32, [u8; CONTENT]> {
    let mut pages = std::collections::BTreeMap::new();
    for (start, bytes) in pieces {
        let mut at = *start;
        let mut rest = *bytes;
        while !rest.is_empty() {
            let offset = at as usize % CONTENT;
            let (now, later) = rest.split_at(rest.len().min(CONTENT - offset));
            let page = pages.entry(at - offset as u32).or_insert([0xFF; CONTENT]);
            page[offset..offset + now.len()].copy_from_slice(now);
            at = at.wrapping_add(now.len() as u32);
            rest = later;
        }
    }
    pages
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(block: &[u8]) -> Vec<u32> {
        block.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word)).collect()
    }

    #[test]
    fn blocks_are_as_the_format_says() {
        let content: Vec<u8> = (0..300).map(|i| i as u8).collect();
        let file = file(0xE48B_FF59, &[(0x1000_0000, &content), (0x1002_0000, &[7])]);
        assert_eq!(file.len(), 3 * BLOCK);
        let head = |number: usize| words(&file[number * BLOCK..number * BLOCK + 32]);
        assert_eq!(head(0), [0x0A324655, 0x9E5D5157, 0x2000, 0x1000_0000, 256, 0, 3, 0xE48B_FF59]);
        assert_eq!(head(1), [0x0A324655, 0x9E5D5157, 0x2000, 0x1000_0100, 256, 1, 3, 0xE48B_FF59]);
        assert_eq!(head(2)[3..6], [0x1002_0000, 256, 2]);
        assert_eq!(file[32..288], content[..256]);
        assert_eq!(file[BLOCK + 32..BLOCK + 32 + 44], content[256..]);
        assert!(file[BLOCK + 32 + 44..BLOCK + 288].iter().all(|byte| *byte == 0xFF));
        assert!(file[288..508].iter().all(|byte| *byte == 0));
        assert_eq!(words(&file[508..512]), [0x0AB1_6F30]);
    }

    #[test]
    fn pieces_may_share_a_page() {
        let file = file(1, &[(0x10, &[1; 8]), (0x80, &[2; 4])]);
        assert_eq!(file.len(), BLOCK);
        assert_eq!(words(&file[12..16]), [0]);
        assert_eq!((file[32], file[32 + 0x10], file[32 + 0x18], file[32 + 0x80]), (0xFF, 1, 0xFF, 2));
    }
}
