//! Text of bounded length.

/// A text of at most `N` bytes; what does not fit is cut off at a character's end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text<const N: usize> {
    bytes: [u8; N],
    length: usize,
}

impl<const N: usize> Text<N> {
    /// Words with a blank between them.
    pub fn spaced(words: &[&str]) -> Self {
        let mut text = Text { bytes: [0; N], length: 0 };
        for word in words {
            if text.length > 0 {
                text.push(" ");
            }
            text.push(word);
        }
        text
    }

    fn push(&mut self, more: &str) {
        let room = self.bytes.get_mut(self.length..).unwrap_or_default();
        let fits = more.floor_char_boundary(room.len());
        for (slot, byte) in room.iter_mut().zip(more.bytes().take(fits)) {
            *slot = byte;
        }
        self.length = self.length.wrapping_add(fits);
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        self.bytes.get(..self.length).and_then(|bytes| core::str::from_utf8(bytes).ok()).unwrap_or("")
    }
}

#[cfg(test)]
mod tests {
    use super::Text;

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(Text::<8>::spaced(&["dsp", "fp64"]).as_str(), "dsp fp64");
        assert_eq!(Text::<8>::spaced(&["äöüßx"]).as_str(), "äöüß");
        assert_eq!(Text::<7>::spaced(&["ä", "öüß"]).as_str(), "ä öü");
        assert_eq!(Text::<0>::spaced(&["x"]).as_str(), "");
    }
}
