//! Memory protection of Armv7-M: regions whose size is a power of two and whose address is a multiple of it, each in
//! eight parts that can be left out. Armv7-M Architecture Reference Manual, B3.5.

use core::ops::Range;

use super::{Access, Grant};
use crate::register::write;

/// Which region the next two registers mean.
const NUMBER: usize = 0xE000_ED98;
const BASE: usize = 0xE000_ED9C;
const ATTRIBUTES: usize = 0xE000_EDA0;

/// ATTRIBUTES: nothing is executed there.
const NEVER_EXECUTE: u32 = 1 << 28;
/// ATTRIBUTES: everybody reads and writes; everybody reads, and the firmware writes: what of its own lies in a region's
/// rounding stays writable to it.
const READ_WRITE: u32 = 0b011 << 24;
const READ_ONLY: u32 = 0b010 << 24;
/// ATTRIBUTES: normal memory, cached as it is without regions (B3.1, table B3-1).
const MEMORY: u32 = 0b001 << 19 | 0b11 << 16;
const ENABLE: u32 = 1;

/// The smallest region with parts.
const LEAST: usize = 256;
const PARTS: usize = 8;

/// What start and length of a block of `bytes` must be multiples of to be opened and nothing beside it.
pub fn granule(bytes: usize) -> usize {
    region_for(0..bytes) / PARTS
}

/// The smallest region such that two of that size, one behind the other, cover the block.
fn region_for(block: Range<usize>) -> usize {
    let mut size = LEAST;
    while size < 1 << 31 && rounded(&block, size / PARTS).len() > size {
        size <<= 1;
    }
    size
}

fn rounded(block: &Range<usize>, part: usize) -> Range<usize> {
    let below = part.wrapping_sub(1);
    block.start & !below..block.end.saturating_add(below) & !below
}

/// Sets regions from number `first` on to a grant; gives the number behind them.
pub fn set(first: u32, grant: &Grant) -> u32 {
    if grant.block.is_empty() {
        return first;
    }
    let size = region_for(grant.block.clone());
    let part = size / PARTS;
    let block = rounded(&grant.block, part);
    let low = block.start & !size.wrapping_sub(1);
    let mut number = first;
    for base in [low, low.wrapping_add(size)] {
        let mut left_out = 0;
        for index in 0..PARTS {
            if !block.contains(&base.wrapping_add(index.wrapping_mul(part))) {
                left_out |= 1u32 << index;
            }
        }
        if left_out != 0xFF {
            // Sizes are given as the exponent of two, less one.
            let size = size.trailing_zeros().wrapping_sub(1) << 1;
            region(number, base, attributes(grant.access) | left_out << 8 | size | ENABLE);
            number = number.wrapping_add(1);
        }
    }
    number
}

/// Turns a region off.
pub fn clear(number: u32) {
    region(number, 0, 0);
}

fn attributes(access: Access) -> u32 {
    MEMORY
        | match access {
            Access::Execute => READ_ONLY,
            Access::Read => READ_ONLY | NEVER_EXECUTE,
            Access::Write => READ_WRITE | NEVER_EXECUTE,
        }
}

fn region(number: u32, base: usize, attributes: u32) {
    write(NUMBER, number);
    write(BASE, base as u32);
    write(ATTRIBUTES, attributes);
}
