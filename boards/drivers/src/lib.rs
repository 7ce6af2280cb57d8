//! The few peripherals the firmware needs, a file each: serial lines to a host, clocks that count for years, watchdogs.
#![no_std]

mod cmsdk_timer;
mod cmsdk_uart;
mod cmsdk_watchdog;
#[cfg(any(test, feature = "unstoppable-watchdog"))]
mod deadline;
mod inbox;
#[cfg(feature = "no-interrupts")]
mod no_interrupts;
mod nrf_timer;
mod nrf_uart;
#[cfg(feature = "unstoppable-watchdog")]
mod nrf_watchdog;
mod nvic;
mod pl011_uart;
mod receive;
mod register;
mod rp2350_watchdog;
mod serial;
#[cfg(feature = "unstoppable-watchdog")]
mod stm32_watchdog;
mod systick;
#[cfg(feature = "unstoppable-watchdog")]
mod unstoppable_watchdog;

pub use cmsdk_timer::{CmsdkCounter, CmsdkTimer};
pub use cmsdk_uart::CmsdkUart;
pub use cmsdk_watchdog::CmsdkWatchdog;
pub use inbox::Inbox;
pub use nrf_timer::NrfTimer;
pub use nrf_uart::NrfUart;
#[cfg(feature = "unstoppable-watchdog")]
pub use nrf_watchdog::NRF52840_WATCHDOG;
pub use pl011_uart::Pl011Uart;
pub use rp2350_watchdog::Rp2350Watchdog;
pub use serial::Serial;
#[cfg(feature = "unstoppable-watchdog")]
pub use stm32_watchdog::{STM32H743_WATCHDOG, STM32L4R5_WATCHDOG};
pub use systick::SysTick;
#[cfg(feature = "unstoppable-watchdog")]
pub use unstoppable_watchdog::{UnstoppableWatchdog, WatchdogRegisters};
