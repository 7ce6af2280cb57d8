//! ST Nucleo-144 with STM32H743ZI: Cortex-M7 with its caches on, at 400 MHz.
//!
//! Pins and clock source: UM1974, sections 6.8 (8 MHz from the ST-LINK at HSE) and 6.9 (USART 3 on PD8 and PD9, to the
//! ST-LINK). 400 MHz is what every revision of the chip does, at voltage scale 1 (RM0433, section 6.6.2); revision V would
//! go to 480. embassy-stm32 sets wait states and voltage by it. Nobody has run this on a board yet.
#![no_std]
#![no_main]

use embassy_stm32::rcc::{
    AHBPrescaler, APBPrescaler, Hse, HseMode, Pll, PllDiv, PllMul, PllPreDiv, PllSource, Sysclk, VoltageScale,
};
use embassy_stm32::time::Hertz;
use embassy_stm32::usart::{BufferedInterruptHandler, BufferedUart, Config as Line};
use embassy_stm32::{Config, bind_interrupts, peripherals};
use lathe_drivers::{Serial, SysTick};
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
    // SAFETY: the core has a SysTick, and nothing else uses it.
    let clock = unsafe { SysTick::new(CLOCK_HZ) };
    serve(PROCESSOR, Serial::new(port), clock, (), FRAMES, SAMPLES)
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
