//! Besides an artifact loaded and run: a server beside it, as a robot has it.
#![no_std]
#![no_main]

use core::convert::Infallible;
use core::hint::black_box;

use device_server::{Board, BoardMemory, Clock, Counter, Firmware, Link, Sandbox, Server, Widened, buffer_bytes};
use lathe_footprint::{HOST, artifact, load, run, unloadable};

/// A serial line and a timer of a few instructions.
struct Register(*mut u32);

impl Link for Register {
    type Error = Infallible;

    fn read(&mut self, into: &mut [u8]) -> Result<usize, Infallible> {
        black_box(into);
        Ok(black_box(1))
    }

    fn write_all(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        black_box(bytes);
        Ok(())
    }
}

impl Counter for Register {
    fn ticks(&self) -> u32 {
        // SAFETY: the image is measured, and never run.
        unsafe { self.0.read_volatile() }
    }

    fn ticks_per_second(&self) -> u32 {
        25_000_000
    }
}

struct Robot(Widened<Register>);

impl Clock for Robot {
    fn now(&self) -> u64 {
        self.0.now()
    }

    fn ticks_per_second(&self) -> u64 {
        self.0.ticks_per_second()
    }
}

impl Sandbox for Robot {}
impl Firmware for Robot {}

#[cortex_m_rt::entry]
fn main() -> ! {
    static mut FRAMES: [u8; buffer_bytes(512)] = [0; buffer_bytes(512)];
    static mut SAMPLES: [u64; 64] = [0; 64];
    static mut SERVED: [u8; 4096] = [0; 4096];
    let mut model = match load() {
        Ok(model) => model,
        Err(error) => unloadable(error),
    };
    let memory = BoardMemory { flash: artifact(), ram: SERVED, samples: SAMPLES, uploads: false };
    let robot = Robot(Widened::new(Register(0x4000_1000 as *mut u32)));
    // SAFETY: the image is measured, and never run.
    let mut board = unsafe { Board::new(robot, HOST, "cortex-m4", memory) };
    let (mut server, mut line) = (Server::new(FRAMES), Register(0x4000_5000 as *mut u32));
    let mut bytes = [0; 64];
    loop {
        run(&mut model);
        let Ok(came) = line.read(&mut bytes);
        let Ok(()) = server.receive(bytes.get(..came).unwrap_or_default(), &mut line, &mut board);
    }
}
