//! ST Nucleo-144 with STM32H743ZI: Cortex-M7 with its caches on, at 400 MHz.
//!
//! Pins and clock source: UM1974, sections 6.8 (8 MHz from the ST-LINK at HSE) and 6.9 (USART 3 on PD8 and PD9, to the
//! ST-LINK). 400 MHz is what every revision of the chip does, at voltage scale 1 (RM0433, section 6.6.2); revision V would
//! go to 480. embassy-stm32 sets wait states and voltage by it. Nobody has run this on a board yet.
//!
//! The watchdog starts with the first run, and any reset stops it.
#![no_std]
#![no_main]

use embassy_stm32::rcc::{
    AHBPrescaler, APBPrescaler, Hse, HseMode, Pll, PllDiv, PllMul, PllPreDiv, PllSource, Sysclk, VoltageScale,
};
use embassy_stm32::time::Hertz;
use embassy_stm32::usart::{BufferedInterruptHandler, BufferedUart, Config as Line};
use embassy_stm32::{Config, bind_interrupts, peripherals};
use lathe_drivers::{STM32H743_WATCHDOG, Serial, SysTick, UnstoppableWatchdog};
use lathe_firmware::{buffer_bytes, serve};

include!(concat!(env!("OUT_DIR"), "/board.rs"));

bind_interrupts!(struct Interrupts {
    USART3 => BufferedInterruptHandler<peripherals::USART3>;
});

#[cortex_m_rt::entry]
fn main() -> ! {
    static mut FRAMES: [u8; buffer_bytes(1024)] = [0; buffer_bytes(1024)];
    static mut SAMPLES: [u64; 256] = [0; 256];
    static mut SENT: [u8; 256] = [0; 256];
    static mut RECEIVED: [u8; 2048] = [0; 2048];
    steady_memory();
    if let Some(mut core) = cortex_m::Peripherals::take() {
        core.SCB.enable_icache();
        core.SCB.enable_dcache(&mut core.CPUID);
    }
    let chip = embassy_stm32::init(clocks());
    let mut line = Line::default();
    line.baudrate = BAUD;
    let Ok(port) = BufferedUart::new(chip.USART3, chip.PD9, chip.PD8, SENT, RECEIVED, Interrupts, line) else {
        // The line cannot have board.toml's baud rate, and so there is none to say it on.
        loop {
            core::hint::spin_loop();
        }
    };
    // SAFETY: the core has a SysTick, this is the chip, and nothing else uses either.
    let (clock, watchdog) =
        unsafe { (SysTick::new(CLOCK_HZ), UnstoppableWatchdog::new(&STM32H743_WATCHDOG, CLOCK_HZ)) };
    serve(PROCESSOR, Serial::new(port), clock, watchdog, FRAMES, SAMPLES)
}

/// Has the bus ask AXI SRAM for one thing at a time on early revisions of the chip, which may else read wrong data from it:
/// ES0392, "Reading from AXI SRAM may lead to data read corruption", which names revision Y (0x1003). ST's own start-up code (`SystemInit` of STM32CubeH7) does so
/// below 0x2000; embassy-stm32 does not.
fn steady_memory() {
    /// DBGMCU_IDC, whose upper half is the revision.
    const IDENTITY: *const u32 = 0x5C00_1000 as *const u32;
    const REPAIRED: u32 = 0x2000_0000;
    /// AXI_TARG7_FN_MOD, whose bit 0 is READ_ISS_OVERRIDE (RM0433, section on the AXI interconnect).
    const READS: *mut u32 = 0x5100_8108 as *mut u32;
    // SAFETY: both registers are there on this chip, in every revision, and nothing else uses them.
    unsafe {
        if IDENTITY.read_volatile() & 0xFFFF_0000 < REPAIRED {
            READS.write_volatile(1);
        }
    }
}

/// 8 MHz x 100 / 2 for the core, half of it for the memories, a quarter for the peripherals.
fn clocks() -> Config {
    let mut config = Config::default();
    config.rcc.hse = Some(Hse { freq: Hertz(8_000_000), mode: HseMode::Bypass });
    config.rcc.pll1 = Some(Pll {
        source: PllSource::HSE,
        prediv: PllPreDiv::DIV1,
        mul: PllMul::MUL100,
        fracn: None,
        divp: Some(PllDiv::DIV2),
        divq: None,
        divr: None,
    });
    config.rcc.sys = Sysclk::PLL1_P;
    config.rcc.ahb_pre = AHBPrescaler::DIV2;
    config.rcc.apb1_pre = APBPrescaler::DIV2;
    config.rcc.apb2_pre = APBPrescaler::DIV2;
    config.rcc.apb3_pre = APBPrescaler::DIV2;
    config.rcc.apb4_pre = APBPrescaler::DIV2;
    config.rcc.voltage_scale = VoltageScale::Scale1;
    config
}
