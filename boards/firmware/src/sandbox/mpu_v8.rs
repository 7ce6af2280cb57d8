//! Memory protection of Armv8-M: regions from one multiple of 32 bytes to another. Armv8-M Architecture Reference Manual,
//! B6 (the protected memory system) and D1.2 (MPU registers).

use super::{Access, Grant};
use crate::register::write;

/// Which region the next two registers mean.
const NUMBER: usize = 0xE000_ED98;
const BASE: usize = 0xE000_ED9C;
const LIMIT: usize = 0xE000_EDA0;
const KINDS: usize = 0xE000_EDC0;

/// BASE: nothing is executed there.
const NEVER_EXECUTE: u32 = 1;
/// BASE: everybody reads and writes; everybody reads.
const READ_WRITE: u32 = 0b01 << 1;
const READ_ONLY: u32 = 0b11 << 1;
const ENABLE: u32 = 1;
/// KINDS: kind 0 is normal memory, written back, allocated on reads and writes.
const MEMORY: u32 = 0xFF;

const GRANULE: usize = 32;

/// What start and length of a block of `bytes` must be multiples of to be opened and nothing beside it.
pub fn granule(_bytes: usize) -> usize {
    GRANULE
}

/// Sets regions from number `first` on to a grant; gives the number behind them.
pub fn set(first: u32, grant: &Grant) -> u32 {
    if grant.block.is_empty() {
        return first;
    }
    let access = match grant.access {
        Access::Execute => READ_ONLY,
        Access::Read => READ_ONLY | NEVER_EXECUTE,
        Access::Write => READ_WRITE | NEVER_EXECUTE,
    };
    let below = GRANULE.wrapping_sub(1) as u32;
    let (start, last) = (grant.block.start as u32, (grant.block.end as u32).wrapping_sub(1));
    write(KINDS, MEMORY);
    write(NUMBER, first);
    write(BASE, start & !below | access);
    write(LIMIT, last & !below | ENABLE);
    first.wrapping_add(1)
}

/// Turns a region off.
pub fn clear(number: u32) {
    write(NUMBER, number);
    write(LIMIT, 0);
}
