//! The schema hash: both ends compare it in the hello, so that a host never talks to a device that lays messages out
//! differently.

/// CRC-32C of `text` without its white space (how a compiler spaces the tokens of the table must not matter).
pub(crate) const fn hash(text: &str) -> u32 {
    let bytes = text.as_bytes();
    let mut crc = u32::MAX;
    let mut i = 0;
    while i < bytes.len() {
        if !bytes[i].is_ascii_whitespace() {
            crc ^= bytes[i] as u32;
            let mut bit = 0;
            while bit < 8 {
                crc = if crc & 1 == 1 { (crc >> 1) ^ 0x82F6_3B78 } else { crc >> 1 };
                bit += 1;
            }
        }
        i += 1;
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::hash;

    #[test]
    fn is_crc32c_of_the_text_without_blanks() {
        assert_eq!(hash("123456789"), 0xE306_9283);
        assert_eq!(hash("1234\n  56 789"), 0xE306_9283);
        assert_ne!(hash("a:u32"), hash("a:u16"));
    }
}
