//! The watchdog (WDT) of Nordic's nRF52 series, which counts 32,768 Hz, but not while a debugger halts the core.
//!
//! nRF52840 Product Specification, chapters WDT and POWER (register RESETREAS). Neither a reset by software nor one by the
//! core's lock-up stops it. That is how programmers reset the chip, too, and writing all of its flash keeps the core busy
//! for up to 33 s (256 pages of 85 ms, 262,144 words of 41 us: chapter NVMC): it waits for longer.

use crate::unstoppable_watchdog::WatchdogRegisters;

const BASE: usize = 0x4001_0000;
/// Registers, from there: task, last count, reload request.
const START: usize = 0x000;
const LAST: usize = 0x504;
const RELOAD: usize = 0x600;

/// RELOAD: count from the start.
const FEED: u32 = 0x6E52_4635;
const SECONDS: u32 = 40;

/// That of nRF52840. The reset button may set more bits of RESETREAS than its own, the lowest: anomaly 136 of the
/// nRF52840 Errata. A bit is forgotten by writing it.
pub static NRF52840_WATCHDOG: WatchdogRegisters = WatchdogRegisters {
    start: &[(BASE + LAST, SECONDS * 32_768 - 1), (BASE + START, 1)],
    feed: (BASE + RELOAD, FEED),
    causes: 0x4000_0400,
    cause: 1 << 1,
    unless: 1 << 0,
    forget: 0,
};
