//! Bytes on their way from an interrupt to the main loop.

use core::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

/// A ring of `N` bytes, a power of two: one side puts, the other takes, and neither waits.
#[derive(Debug)]
pub struct Inbox<const N: usize> {
    bytes: [AtomicU8; N],
    /// Bytes ever put and ever taken.
    put: AtomicUsize,
    taken: AtomicUsize,
}

impl<const N: usize> Inbox<N> {
    /// An empty one.
    pub const fn new() -> Inbox<N> {
        const { assert!(N.is_power_of_two()) };
        Inbox { bytes: [const { AtomicU8::new(0) }; N], put: AtomicUsize::new(0), taken: AtomicUsize::new(0) }
    }

    /// Puts a byte in; without room it is lost, as bytes on a line may be. One program or interrupt puts.
    pub fn put(&self, byte: u8) {
        let put = self.put.load(Ordering::Relaxed);
        if put.wrapping_sub(self.taken.load(Ordering::Acquire)) >= N {
            return;
        }
        if let Some(slot) = self.bytes.get(put & (N - 1)) {
            slot.store(byte, Ordering::Relaxed);
        }
        self.put.store(put.wrapping_add(1), Ordering::Release);
    }

    /// Takes bytes, as many as there are and `into` holds, and gives how many. One program takes.
    pub fn take(&self, into: &mut [u8]) -> usize {
        let taken = self.taken.load(Ordering::Relaxed);
        let count = self.put.load(Ordering::Acquire).wrapping_sub(taken).min(into.len());
        for (at, place) in into.iter_mut().take(count).enumerate() {
            if let Some(slot) = self.bytes.get(taken.wrapping_add(at) & (N - 1)) {
                *place = slot.load(Ordering::Relaxed);
            }
        }
        self.taken.store(taken.wrapping_add(count), Ordering::Release);
        count
    }
}

impl<const N: usize> Default for Inbox<N> {
    fn default() -> Inbox<N> {
        Inbox::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_out_as_they_went_in_and_what_has_no_room_is_lost() {
        let inbox = Inbox::<8>::new();
        let mut into = [0; 16];
        assert_eq!(inbox.take(&mut into), 0);
        for round in 0..100u8 {
            (0..5).for_each(|byte| inbox.put(round ^ byte));
            assert_eq!(inbox.take(&mut into[..3]), 3);
            assert_eq!(inbox.take(&mut into[3..]), 2);
            assert_eq!(into[..5], [0, 1, 2, 3, 4].map(|byte| round ^ byte));
        }
        (0..20).for_each(|byte| inbox.put(byte));
        assert_eq!((inbox.take(&mut into), into[7]), (8, 7));
        inbox.put(99);
        assert_eq!((inbox.take(&mut into), into[0]), (1, 99));
    }
}
