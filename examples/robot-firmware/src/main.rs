//! A control loop at 10 kHz that never misses its period, a network that runs all the time beside it, and a server
//! through which a host times that network.
#![no_std]
#![no_main]

mod control;
mod debug_port;
mod listening;
mod motor;
mod panic;
mod report;
mod robot;
mod shared;

use control::{Control, PERIOD};
use cortex_m_rt::{entry, exception};
use debug_port::DebugPort;
use device_runtime::artifact::cortex_m;
use device_runtime::{ArenaMemory, Host, include_artifact};
use device_server::{Board, BoardMemory, Server, buffer_bytes};
use lathe_drivers::{CmsdkCounter, CmsdkTimer, CmsdkUart};
use listening::Listening;
use report::Report;
use robot::Robot;
use shared::WINDOW;

/// Clock of processor and timers.
const CLOCK_HZ: u32 = 25_000_000;
const BAUD: u32 = 115_200;
/// Address of UART 0, where the report goes.
const UART: usize = 0x4000_4000;
/// Interrupt of timer 0.
const CONTROL_INTERRUPT: u32 = 8;

/// The board's processor, and the target of what runs on it.
const CPU: &str = "cortex-m4";
const TARGET: &str = "thumbv7em-none-eabihf";

// SAFETY: the board has two such timers, and nothing else here uses them.
static CONTROL_TIMER: CmsdkTimer = unsafe { CmsdkTimer::at(0x4000_0000) };
// SAFETY: as above.
static CLOCK: CmsdkTimer = unsafe { CmsdkTimer::at(0x4000_1000) };

static ARTIFACT: &[u8] = include_artifact!("../vibration.lathe");

/// Bytes of an arena for the network. The server has one of its own, so that the robot's goes on.
const ARENA_BYTES: usize = 32_768;
/// The longest body of a frame.
const BODY: usize = 1024;

#[entry]
fn main() -> ! {
    static mut ARENA: ArenaMemory<ARENA_BYTES> = ArenaMemory([0; ARENA_BYTES]);
    static mut SERVED: ArenaMemory<ARENA_BYTES> = ArenaMemory([0; ARENA_BYTES]);
    static mut FRAMES: [u8; buffer_bytes(BODY)] = [0; buffer_bytes(BODY)];
    static mut SAMPLES: [u64; 64] = [0; 64];
    // SAFETY: the board has this UART, and nothing else uses it.
    let mut report = Report::new(unsafe { CmsdkUart::new(UART, CLOCK_HZ, BAUD) });
    let listening = match Listening::load(&mut ARENA.0) {
        Ok(listening) => listening,
        Err(error) => {
            report.refused(&error);
            loop {
                core::hint::spin_loop();
            }
        }
    };
    let robot = Robot::new(listening, report, CmsdkCounter::start(CLOCK, CLOCK_HZ));
    // The host may run and time the network that is in flash, and bring no other.
    let memory = BoardMemory { flash: ARTIFACT, ram: &mut SERVED.0, samples: SAMPLES, uploads: false };
    // SAFETY: host-compiler made the artifact for this board, and its flash can be executed.
    let mut board = unsafe { Board::new(robot, host(), CPU, memory) };
    let mut server = Server::new(FRAMES);
    let mut port = DebugPort::start();
    CONTROL_TIMER.interrupt_every(PERIOD, CONTROL_INTERRUPT);
    let mut bytes = [0; 64];
    loop {
        board.firmware().work();
        let Ok(()) = server.receive(port.take(&mut bytes), &mut port, &mut board);
    }
}

/// What artifacts must match to run here.
fn host() -> Host<'static> {
    Host { target: TARGET, features: cortex_m::features(CPU).unwrap_or_default() }
}

/// Interrupts: control's, which goes before everything, and the debug port's.
#[exception]
unsafe fn DefaultHandler(interrupt: i16) {
    static mut CONTROL: Control = Control::new();
    match u32::from(interrupt.cast_unsigned()) {
        CONTROL_INTERRUPT => {
            let control = &raw mut CONTROL;
            // SAFETY: only this arm can name it, and an interrupt does not interrupt itself.
            let control = unsafe { &mut *control };
            control.period(CONTROL_TIMER, CLOCK);
        }
        debug_port::INTERRUPT => debug_port::interrupted(),
        _ => {}
    }
}

const _: () = assert!(WINDOW < motor::CHANGE as usize);
