//! ST Nucleo-144 with STM32L4R5ZI: Cortex-M4 with single-precision FPU, at 120 MHz.
//!
//! Pins and crystal: UM2179, sections 6.7 (LPUART 1 on PG7 and PG8, to the ST-LINK) and 6.8 (32,768 Hz at X2). Port G has
//! a supply of its own, VddIO2 (RM0432, section 5.1.2), which embassy-stm32 turns on. That crate goes to 80 MHz on this
//! chip: it knows neither boost mode nor its wait states. So it starts the chip at 4 MHz, and [`boost`] does the rest.
//! The watchdog starts with the first run, and any reset stops it. Nobody has run this on a board yet.
#![no_std]
#![no_main]

use embassy_stm32::pac::{FLASH, RCC, flash, rcc as registers};
use embassy_stm32::rcc::{self, LsConfig, mux};
use embassy_stm32::usart::{BufferedInterruptHandler, BufferedUart, Config as Line};
use embassy_stm32::{Config, bind_interrupts, peripherals};
use lathe_drivers::{STM32L4R5_WATCHDOG, Serial, SysTick, UnstoppableWatchdog};
use lathe_firmware::{buffer_bytes, serve};

include!(concat!(env!("OUT_DIR"), "/board.rs"));

bind_interrupts!(struct Interrupts {
    LPUART1 => BufferedInterruptHandler<peripherals::LPUART1>;
});

#[cortex_m_rt::entry]
fn main() -> ! {
    static mut FRAMES: [u8; buffer_bytes(1024)] = [0; buffer_bytes(1024)];
    static mut SAMPLES: [u64; 256] = [0; 256];
    static mut SENT: [u8; 256] = [0; 256];
    static mut RECEIVED: [u8; 2048] = [0; 2048];
    let mut config = Config::default();
    // The crystal steadies MSI: 122 periods of 4 MHz, nearly, to one of the crystal.
    config.rcc.ls = LsConfig::default_lse();
    config.rcc.msi = Some(rcc::MSIRange::RANGE4M);
    // A clock of the line's own, which the steps to 120 MHz leave alone.
    config.rcc.hsi = true;
    config.rcc.mux.lpuart1sel = mux::Lpuart1sel::HSI;
    let chip = embassy_stm32::init(config);
    boost();
    let mut line = Line::default();
    line.baudrate = BAUD;
    let Ok(port) = BufferedUart::new(chip.LPUART1, chip.PG8, chip.PG7, SENT, RECEIVED, Interrupts, line) else {
        // The line cannot have board.toml's baud rate, and so there is none to say it on.
        loop {
            core::hint::spin_loop();
        }
    };
    // SAFETY: the core has a SysTick, this is the chip, and nothing else uses either.
    let (clock, watchdog) =
        unsafe { (SysTick::new(CLOCK_HZ), UnstoppableWatchdog::new(&STM32L4R5_WATCHDOG, CLOCK_HZ)) };
    serve(PROCESSOR, Serial::new(port), clock, watchdog, FRAMES, SAMPLES)
}

/// From MSI at 4 MHz to 120 MHz: RM0432, sections 3.3.3 (wait states), 5.1.8 (boost mode and the way there: half the bus
/// clock for at least a microsecond) and 6.2.4 (PLL).
fn boost() {
    /// PWR_CR5, whose bit R1MODE is 0 in boost mode.
    const CR5: *mut u32 = 0x4000_7080 as *mut u32;
    const R1MODE: u32 = 1 << 8;
    /// For 120 MHz in range 1, boost mode.
    const WAIT_STATES: u8 = 5;
    // SAFETY: this register is there on STM32L4+ chips, and nothing else uses it.
    unsafe { CR5.write_volatile(CR5.read_volatile() & !R1MODE) };
    RCC.pllcfgr().modify(|w: &mut registers::regs::Pllcfgr| {
        w.set_pllsrc(registers::vals::Pllsrc::MSI);
        w.set_pllm(registers::vals::Pllm::DIV1);
        w.set_plln(registers::vals::Plln::MUL60);
        w.set_pllr(registers::vals::Pllr::DIV2);
        w.set_pllren(true);
    });
    RCC.cr().modify(|w| w.set_pllon(true));
    while !RCC.cr().read().pllrdy() {}
    FLASH.acr().modify(|w: &mut flash::regs::Acr| {
        w.set_latency(WAIT_STATES);
        w.set_prften(true);
        w.set_icen(true);
        w.set_dcen(true);
    });
    while FLASH.acr().read().latency() != WAIT_STATES {}
    // The divider first: it takes some cycles, and the bus must not see the full speed at once.
    RCC.cfgr().modify(|w| w.set_hpre(registers::vals::Hpre::DIV2));
    RCC.cfgr().modify(|w| {
        w.set_sw(registers::vals::Sw::PLL1_R);
    });
    while RCC.cfgr().read().sws() != registers::vals::Sw::PLL1_R {}
    // Two microseconds at 60 MHz.
    cortex_m::asm::delay(120);
    RCC.cfgr().modify(|w| w.set_hpre(registers::vals::Hpre::DIV1));
}
