//! What the control interrupt and the main loop tell each other: atomics, and nothing else.

use core::sync::atomic::{AtomicI32, AtomicU32, Ordering};

/// Samples the network takes.
pub const WINDOW: usize = 256;
/// Twice that: while the newer half is copied, the older is written.
const RING: usize = 2 * WINDOW;

/// The last samples, as bits.
static SAMPLES: [AtomicU32; RING] = [const { AtomicU32::new(0) }; RING];
/// Samples taken so far.
static TAKEN: AtomicU32 = AtomicU32::new(0);
/// Periods that began late by a whole period or more, or whose work did not end in time.
pub static MISSED: AtomicU32 = AtomicU32::new(0);
/// Earliest and latest begin of a period, measured from when it was due, in ticks of the clock.
pub static EARLIEST: AtomicI32 = AtomicI32::new(0);
pub static LATEST: AtomicI32 = AtomicI32::new(0);
/// The longest work of a period, in such ticks.
pub static LONGEST: AtomicU32 = AtomicU32::new(0);
/// The motor's speed, as bits.
pub static SPEED: AtomicU32 = AtomicU32::new(0);
/// What the network heard last: the frequency's class.
pub static HEARD: AtomicU32 = AtomicU32::new(0);

/// Adds a sample. Only the interrupt does.
pub fn push(sample: f32) {
    let taken = TAKEN.load(Ordering::Relaxed);
    if let Some(slot) = SAMPLES.get(taken as usize % RING) {
        slot.store(sample.to_bits(), Ordering::Relaxed);
    }
    TAKEN.store(taken.wrapping_add(1), Ordering::Release);
}

/// Periods so far.
pub fn periods() -> u32 {
    TAKEN.load(Ordering::Acquire)
}

/// Copies the last samples, once there are enough, and gives the number of the last.
pub fn window(into: &mut [f32]) -> Option<u32> {
    let taken = periods();
    let first = taken.checked_sub(WINDOW as u32)?;
    for (slot, number) in into.iter_mut().zip(first..taken) {
        let bits = SAMPLES.get(number as usize % RING)?.load(Ordering::Relaxed);
        *slot = f32::from_bits(bits);
    }
    Some(taken.wrapping_sub(1))
}
