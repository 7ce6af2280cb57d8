//! A control loop at 10 kHz that never misses its period, and a network that runs all the time beside it.
#![no_std]
#![no_main]

mod control;
mod motor;
mod panic;
mod report;
mod shared;

use core::arch::asm;
use core::sync::atomic::Ordering;

use control::{Control, PERIOD};
use cortex_m_rt::{entry, exception};
use device_runtime::artifact::cortex_m;
use device_runtime::{ArenaMemory, Host, LoadError, Model, Progress, include_artifact};
use lathe_drivers::{CmsdkTimer, CmsdkUart};
use report::{Inference, Report};
use shared::{HEARD, WINDOW};

/// Periods after which the firmware reports.
const PERIODS: u32 = 10_000;
/// Clock of processor and timers.
const CLOCK_HZ: u32 = 25_000_000;
const BAUD: u32 = 115_200;
/// Address of UART 0, which the board leads out.
const UART: usize = 0x4000_4000;
/// Interrupt of timer 0.
const CONTROL_INTERRUPT: u32 = 8;

// SAFETY: the board has two such timers, and nothing else here uses them.
static CONTROL_TIMER: CmsdkTimer = unsafe { CmsdkTimer::at(0x4000_0000) };
// SAFETY: as above.
static CLOCK: CmsdkTimer = unsafe { CmsdkTimer::at(0x4000_1000) };

static ARTIFACT: &[u8] = include_artifact!("../vibration.lathe");

#[entry]
fn main() -> ! {
    static mut ARENA: ArenaMemory<32_768> = ArenaMemory([0; 32_768]);
    // SAFETY: the board has this UART, and nothing else uses it.
    let uart = unsafe { CmsdkUart::new(UART, CLOCK_HZ, BAUD) };
    let mut report = Report::new(uart);
    match listen(&mut ARENA.0, &mut report) {
        Ok(inference) => report.write(&inference),
        Err(error) => report.refused(&error),
    }
    loop {}
}

/// Starts control, and runs the network until the last period.
fn listen(arena: &mut [u8], report: &mut Report) -> Result<Inference, LoadError> {
    let features = cortex_m::features("cortex-m4").unwrap_or_default();
    let host = Host { target: "thumbv7em-none-eabihf", features };
    // SAFETY: host-compiler made the artifact for this board, and its flash can be executed.
    let mut model = unsafe { Model::load(ARTIFACT, &host, arena) }?;
    let self_test = model.verify_golden().is_ok();
    let mut inference = Inference { self_test, ..Inference::default() };
    CLOCK.start(u32::MAX);
    CONTROL_TIMER.interrupt_every(PERIOD, CONTROL_INTERRUPT);
    while shared::periods() < PERIODS {
        let last = model.input_as::<f32>(0).and_then(shared::window);
        let Some(last) = last else { continue };
        loop {
            let before = CLOCK.left();
            let progress = if cfg!(feature = "no-preemption") { uninterrupted(&mut model) } else { model.step() };
            inference.longest_step = inference.longest_step.max(before.wrapping_sub(CLOCK.left()));
            report.tell_now_and_then();
            if progress == Progress::Done {
                break;
            }
        }
        let heard = strongest(model.output_as::<f32>(0).unwrap_or_default());
        HEARD.store(heard, Ordering::Relaxed);
        inference.count(last, heard);
    }
    Ok(inference)
}

/// Runs a kernel to its end, whatever is due meanwhile.
fn uninterrupted(model: &mut Model<'_>) -> Progress {
    // SAFETY: interrupts are put off, and let in again below.
    unsafe { asm!("cpsid i") };
    let progress = model.step();
    // SAFETY: as above.
    unsafe { asm!("cpsie i") };
    progress
}

/// The number of the largest.
fn strongest(energies: &[f32]) -> u32 {
    let mut best = (0, f32::NEG_INFINITY);
    for (number, energy) in (0..).zip(energies) {
        if *energy > best.1 {
            best = (number, *energy);
        }
    }
    best.0
}

/// Interrupts: only the control timer's is enabled.
#[exception]
unsafe fn DefaultHandler(_: i16) {
    static mut CONTROL: Control = Control::new();
    // SAFETY: only this handler can name it, and a handler does not interrupt itself.
    let control = unsafe { &mut *(&raw mut CONTROL) };
    control.period(CONTROL_TIMER, CLOCK);
}

const _: () = assert!(WINDOW < motor::CHANGE as usize);
