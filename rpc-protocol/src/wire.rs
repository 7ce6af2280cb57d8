//! How messages become bytes: postcard's encoding, for the types that the table of messages uses.
//!
//! Written here because firmware is counted in kilobytes: one function reads every integer, and a message is checked
//! once, at its end. The tests compare every byte with the crate `postcard`.

/// A type of the table.
pub trait Wire<'a>: Sized {
    /// Writes it.
    fn put(&self, to: &mut Writer<'_>);

    /// Reads one. What cannot be read becomes anything, and the reader knows.
    fn take(from: &mut Reader<'a>) -> Self;
}

/// Writes a message to bytes.
#[derive(Debug)]
pub struct Writer<'b> {
    bytes: &'b mut [u8],
    length: usize,
}

impl<'b> Writer<'b> {
    /// Writes to the start of `bytes`.
    pub fn new(bytes: &'b mut [u8]) -> Self {
        Writer { bytes, length: 0 }
    }

    /// How many bytes were written; `None` when there was no room for all.
    pub fn length(&self) -> Option<usize> {
        (self.length <= self.bytes.len()).then_some(self.length)
    }

    /// Writes bytes as they are.
    #[inline(never)]
    pub fn raw(&mut self, bytes: &[u8]) {
        let room = self.bytes.get_mut(self.length..).unwrap_or_default();
        for (slot, byte) in room.iter_mut().zip(bytes) {
            *slot = *byte;
        }
        self.length = self.length.saturating_add(bytes.len());
    }

    /// Writes an integer, seven bits a byte, the lowest first.
    #[inline(never)]
    pub fn varint(&mut self, mut value: u64) {
        while value > 0x7F {
            self.raw(&[value as u8 | 0x80]);
            value >>= 7;
        }
        self.raw(&[value as u8]);
    }

    /// Writes bytes behind their number.
    #[inline(never)]
    fn counted(&mut self, bytes: &[u8]) {
        self.varint(bytes.len() as u64);
        self.raw(bytes);
    }
}

/// Reads a message from bytes.
#[derive(Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    failed: bool,
}

impl<'a> Reader<'a> {
    /// Reads from the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Reader { bytes, failed: false }
    }

    /// Whether everything read was right so far; with `to_the_end`, whether it was all there is.
    pub fn is_right(&self, to_the_end: bool) -> bool {
        !self.failed && (!to_the_end || self.bytes.is_empty())
    }

    /// What was read makes no sense.
    pub fn fail(&mut self) {
        self.failed = true;
    }

    /// Takes `length` bytes as they are; none when there are not so many.
    #[inline(never)]
    pub fn raw(&mut self, length: usize) -> &'a [u8] {
        let Some((taken, rest)) = self.bytes.split_at_checked(length) else {
            self.fail();
            return &[];
        };
        self.bytes = rest;
        taken
    }

    /// Takes an integer of at most `bits` bits.
    #[inline(never)]
    pub fn varint(&mut self, bits: u32) -> u64 {
        let (mut value, mut shift) = (0u64, 0);
        loop {
            let byte = u64::from(self.byte());
            value |= (byte & 0x7F) << (shift & 63);
            let left = bits.saturating_sub(shift);
            if left < 8 && byte >> left != 0 {
                self.fail();
            }
            shift += 7;
            if byte < 0x80 || self.failed {
                return value;
            }
        }
    }

    fn byte(&mut self) -> u8 {
        self.raw(1).first().copied().unwrap_or(0)
    }

    /// Takes bytes behind their number.
    fn counted(&mut self) -> &'a [u8] {
        let length = self.varint(32);
        self.raw(usize::try_from(length).unwrap_or(usize::MAX))
    }

    /// Takes exactly `N` bytes.
    fn array<const N: usize>(&mut self) -> [u8; N] {
        self.raw(N).first_chunk().copied().unwrap_or([0; N])
    }
}

macro_rules! integers {
    ($($integer:ty),*) => {$(
        impl Wire<'_> for $integer {
            fn put(&self, to: &mut Writer<'_>) {
                to.varint(u64::from(*self));
            }

            fn take(from: &mut Reader<'_>) -> Self {
                from.varint(<$integer>::BITS) as $integer
            }
        }
    )*};
}

integers!(u16, u32, u64);

impl Wire<'_> for i64 {
    fn put(&self, to: &mut Writer<'_>) {
        // Small magnitudes of both signs become small numbers.
        to.varint((self << 1 ^ self >> 63).cast_unsigned());
    }

    fn take(from: &mut Reader<'_>) -> Self {
        let zigzag = from.varint(u64::BITS);
        (zigzag >> 1).cast_signed() ^ (zigzag & 1).cast_signed().wrapping_neg()
    }
}

macro_rules! floats {
    ($($float:ty),*) => {$(
        impl Wire<'_> for $float {
            fn put(&self, to: &mut Writer<'_>) {
                to.raw(&self.to_le_bytes());
            }

            fn take(from: &mut Reader<'_>) -> Self {
                <$float>::from_le_bytes(from.array())
            }
        }
    )*};
}

floats!(f32, f64);

impl Wire<'_> for bool {
    fn put(&self, to: &mut Writer<'_>) {
        to.raw(&[u8::from(*self)]);
    }

    fn take(from: &mut Reader<'_>) -> Self {
        let byte = from.byte();
        if byte > 1 {
            from.fail();
        }
        byte == 1
    }
}

impl<'a> Wire<'a> for &'a [u8] {
    fn put(&self, to: &mut Writer<'_>) {
        to.counted(self);
    }

    fn take(from: &mut Reader<'a>) -> Self {
        from.counted()
    }
}

impl<'a> Wire<'a> for &'a str {
    fn put(&self, to: &mut Writer<'_>) {
        to.counted(self.as_bytes());
    }

    fn take(from: &mut Reader<'a>) -> Self {
        core::str::from_utf8(from.counted()).unwrap_or_else(|_| {
            from.fail();
            ""
        })
    }
}

impl Wire<'_> for [u8; 16] {
    fn put(&self, to: &mut Writer<'_>) {
        to.raw(self);
    }

    fn take(from: &mut Reader<'_>) -> Self {
        from.array()
    }
}

impl Wire<'_> for [u64; 4] {
    fn put(&self, to: &mut Writer<'_>) {
        self.iter().for_each(|figure| figure.put(to));
    }

    fn take(from: &mut Reader<'_>) -> Self {
        [(); 4].map(|()| u64::take(from))
    }
}

impl<'a> Wire<'a> for [&'a str; 2] {
    fn put(&self, to: &mut Writer<'_>) {
        self.iter().for_each(|word| word.put(to));
    }

    fn take(from: &mut Reader<'a>) -> Self {
        [(); 2].map(|()| <&str>::take(from))
    }
}

impl<'a, T: Wire<'a>> Wire<'a> for Option<T> {
    fn put(&self, to: &mut Writer<'_>) {
        self.is_some().put(to);
        if let Some(value) = self {
            value.put(to);
        }
    }

    fn take(from: &mut Reader<'a>) -> Self {
        bool::take(from).then(|| T::take(from))
    }
}

#[cfg(test)]
mod tests;
