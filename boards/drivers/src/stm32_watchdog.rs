//! The independent watchdog (IWDG) of STM32 chips, which counts an oscillator of its own (LSI, 32 kHz) and is stopped by
//! any reset. It counts while a debugger halts the core, too, unless that one says otherwise in DBGMCU.
//!
//! RM0432 and RM0433, chapters on the independent watchdog and on reset and clock control: RCC_CSR and RCC_RSR keep what reset
//! the chip. The order is theirs, but for waiting until the slow oscillator has taken the values over: the first count may
//! be from the register's own 4095.

use crate::unstoppable_watchdog::WatchdogRegisters;

/// Registers, from the watchdog's address: key, prescaler, reload value.
const KEY: usize = 0x0;
const PRESCALER: usize = 0x4;
const RELOAD: usize = 0x8;

/// KEY: count; let the others be written; count from the reload value.
const START: u32 = 0xCCCC;
const UNLOCK: u32 = 0x5555;
const FEED: u32 = 0xAAAA;
/// PRESCALER: a 64th of 32 kHz.
const BY_64: u32 = 4;
/// 8 seconds of it: many times what passes between two interrupts of SysTick.
const LAST: u32 = 8 * 500 - 1;
const _: () = assert!(LAST < 1 << 12, "the counter has 12 bits");

/// What starts the watchdog at `base`. Counting starts the oscillator, by which the other two take effect.
const fn start(base: usize) -> [(usize, u32); 5] {
    let key = base + KEY;
    [(key, START), (key, UNLOCK), (base + PRESCALER, BY_64), (base + RELOAD, LAST), (key, FEED)]
}

const L4R5: usize = 0x4000_3000;
const H743: usize = 0x5800_4800;

/// That of STM32L4R5.
pub static STM32L4R5_WATCHDOG: WatchdogRegisters = WatchdogRegisters {
    start: &start(L4R5),
    feed: (L4R5 + KEY, FEED),
    causes: 0x4002_1094,
    cause: 1 << 29,
    unless: 0,
    forget: 1 << 23,
};

/// That of STM32H743.
pub static STM32H743_WATCHDOG: WatchdogRegisters = WatchdogRegisters {
    start: &start(H743),
    feed: (H743 + KEY, FEED),
    causes: 0x5802_44D0,
    cause: 1 << 26,
    unless: 0,
    forget: 1 << 16,
};
