//! Text of bounded length.

use core::fmt;

/// A text of at most `N` bytes; what does not fit is cut off at a character's end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text<const N: usize> {
    bytes: [u8; N],
    length: usize,
    cut: bool,
}

impl<const N: usize> Text<N> {
    /// The text that `value` displays as.
    pub fn of(value: impl fmt::Display) -> Self {
        let mut text = Text { bytes: [0; N], length: 0, cut: false };
        // It is cut, never refused.
        let _ = fmt::write(&mut text, format_args!("{value}"));
        text
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        self.bytes.get(..self.length).and_then(|bytes| core::str::from_utf8(bytes).ok()).unwrap_or("")
    }
}

impl<const N: usize> fmt::Write for Text<N> {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        let room = self.bytes.get_mut(self.length..).unwrap_or_default();
        let fits = if self.cut { 0 } else { more.floor_char_boundary(room.len()) };
        self.cut |= fits < more.len();
        for (slot, byte) in room.iter_mut().zip(more.bytes().take(fits)) {
            *slot = byte;
        }
        self.length = self.length.wrapping_add(fits);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Text;

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(Text::<8>::of(12_345_678).as_str(), "12345678");
        assert_eq!(Text::<8>::of("äöüßx").as_str(), "äöüß");
        assert_eq!(Text::<7>::of(format_args!("{}{}", "äöüß", "x")).as_str(), "äöü");
        assert_eq!(Text::<0>::of("x").as_str(), "");
    }
}
