//! Raspberry Pi Pico 2, RP2350: one of its two Cortex-M33 at 150 MHz, in its secure state.
//!
//! Clocks, reset and pins are set here, by the chip's registers (`rp-pac`): the HALs for this chip compile the whole
//! toolchain of its I/O processors, for minutes, and with crates that nobody keeps any more (`paste`, `proc-macro-error2`).
//! Section numbers are those of the RP2350 Datasheet. Nobody has run this on a board yet.
#![no_std]
#![no_main]

use lathe_drivers::{Pl011Uart, Rp2350Watchdog, SysTick};
use lathe_firmware::{buffer_bytes, serve};
use rp_pac::clocks::{regs as selected, vals as clock};
use rp_pac::{CLOCKS, IO_BANK0, PADS_BANK0, PLL_SYS, RESETS, XOSC, resets, xosc};

include!(concat!(env!("OUT_DIR"), "/board.rs"));

/// Address of UART 0, and its function on GP0 (transmit) and GP1 (receive): section 9.4.
const UART: usize = 0x4007_0000;
const PINS: [usize; 2] = [0, 1];
const UART_FUNCTION: u8 = 2;

/// The image definition that the boot ROM looks for in the first 4 KB, where memory.x puts it: an executable for Arm, in
/// the secure state. Section 5.9.5.1 has these words.
#[unsafe(link_section = ".start_block")]
#[used]
static IMAGE_DEFINITION: [u32; 5] = [0xFFFF_DED3, 0x1021_0142, 0x0000_01FF, 0x0000_0000, 0xAB12_3579];

#[cortex_m_rt::entry]
fn main() -> ! {
    static mut FRAMES: [u8; buffer_bytes(1024)] = [0; buffer_bytes(1024)];
    static mut SAMPLES: [u64; 256] = [0; 256];
    start_clocks();
    start_pins();
    // SAFETY: the UART is out of reset with its pins set, the core has a SysTick, and nothing else uses either.
    let (link, clock) = unsafe { (Pl011Uart::new(UART, CLOCK_HZ, BAUD), SysTick::new(CLOCK_HZ)) };
    // SAFETY: this is the chip, whose reference clock is the crystal of 12 MHz, and nothing else uses the watchdog.
    let watchdog = unsafe { Rp2350Watchdog::new(12) };
    serve(PROCESSOR, link, clock, watchdog, FRAMES, SAMPLES)
}

/// The crystal's 12 MHz x 125 / 5 / 2 for the core and the peripherals: sections 8.1 (clocks), 8.2 (crystal), 8.6 (PLL).
fn start_clocks() {
    // 47 x 256 periods: a millisecond.
    XOSC.startup().write(|w| w.set_delay(47));
    XOSC.ctrl().write(|w| {
        w.set_freq_range(xosc::vals::CtrlFreqRange::_1_15MHZ);
        w.set_enable(xosc::vals::Enable::ENABLE);
    });
    while !XOSC.status().read().stable() {}
    // Whatever runs from the PLL leaves it.
    CLOCKS.clk_sys_ctrl().modify(|w| w.set_src(clock::ClkSysCtrlSrc::CLK_REF));
    while CLOCKS.clk_sys_selected().read() != selected::ClkSysSelected(1 << clock::ClkSysCtrlSrc::CLK_REF as u32) {}
    CLOCKS.clk_ref_ctrl().modify(|w| w.set_src(clock::ClkRefCtrlSrc::XOSC_CLKSRC));
    while CLOCKS.clk_ref_selected().read() != selected::ClkRefSelected(1 << clock::ClkRefCtrlSrc::XOSC_CLKSRC as u32) {}
    restart(|which, on| which.set_pll_sys(on));
    PLL_SYS.cs().write(|w| w.set_refdiv(1));
    PLL_SYS.fbdiv_int().write(|w| w.set_fbdiv_int(125));
    PLL_SYS.pwr().modify(|w| {
        w.set_pd(false);
        w.set_vcopd(false);
    });
    while !PLL_SYS.cs().read().lock() {}
    PLL_SYS.prim().write(|w| {
        w.set_postdiv1(5);
        w.set_postdiv2(2);
    });
    PLL_SYS.pwr().modify(|w| w.set_postdivpd(false));
    CLOCKS.clk_sys_ctrl().modify(|w| w.set_auxsrc(clock::ClkSysCtrlAuxsrc::CLKSRC_PLL_SYS));
    CLOCKS.clk_sys_ctrl().modify(|w| w.set_src(clock::ClkSysCtrlSrc::CLKSRC_CLK_SYS_AUX));
    let from_pll = selected::ClkSysSelected(1 << clock::ClkSysCtrlSrc::CLKSRC_CLK_SYS_AUX as u32);
    while CLOCKS.clk_sys_selected().read() != from_pll {}
    CLOCKS.clk_peri_ctrl().write(|w| {
        w.set_auxsrc(clock::ClkPeriCtrlAuxsrc::CLK_SYS);
        w.set_enable(true);
    });
}

/// Gives the UART its pins: sections 7.5 (resets), 9.7 (isolation, input) and 9.11 (functions).
fn start_pins() {
    restart(|which, on| which.set_io_bank0(on));
    restart(|which, on| which.set_pads_bank0(on));
    restart(|which, on| which.set_uart0(on));
    for pin in PINS {
        IO_BANK0.gpio(pin).ctrl().write(|w| w.set_funcsel(UART_FUNCTION));
        PADS_BANK0.gpio(pin).modify(|w| {
            w.set_ie(true);
            w.set_od(false);
            w.set_iso(false);
        });
    }
}

/// Resets a part of the chip and waits until it is there again.
fn restart(set: impl Fn(&mut resets::regs::Peripherals, bool)) {
    RESETS.reset().modify(|w| set(w, true));
    RESETS.reset().modify(|w| set(w, false));
    let mut part = resets::regs::Peripherals(0);
    set(&mut part, true);
    while RESETS.reset_done().read().0 & part.0 != part.0 {}
}
