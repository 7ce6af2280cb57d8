//! Models that never return, on emulated boards: the watchdog restarts the board, the host is told, and the next request
//! works.
//!
//! The boards' firmware must be built and qemu-system-arm installed: `cargo xtask test --only boards` sees to that and
//! runs these.

mod support;

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use lathe_driver::boards;
use rpc_protocol::FaultCode;
use rpc_protocol::client::{ChildLink, Client, ClientError, Link};
use support::{Bench, emulator, thumb};

/// More than the watchdog waits, twice.
const PATIENCE: Duration = Duration::from_secs(120);
const BOARDS: [&str; 3] = ["mps2-an386", "mps2-an500", "mps3-an547"];

/// The link to a board that outlives a session.
struct Lent<'l>(&'l mut ChildLink);

impl Link for Lent<'_> {
    fn send(&mut self, bytes: &[u8], deadline: Instant) -> io::Result<()> {
        self.0.send(bytes, deadline)
    }

    fn receive(&mut self, deadline: Instant) -> io::Result<Option<Vec<u8>>> {
        self.0.receive(deadline)
    }

    fn closed_reason(&mut self) -> String {
        self.0.closed_reason()
    }
}

/// Uploads a model that runs `kernel` and runs it.
fn run(link: &mut ChildLink, session: u64, target: &str, kernel: &[u16]) -> Result<u64, ClientError> {
    let mut client = Client::open(Lent(link), session, PATIENCE)?;
    client.upload(&thumb::contents(target, kernel).to_bytes().unwrap(), |_| {})?;
    client.load(1, PATIENCE)?;
    client.set_input(0, &[0; thumb::ARENA as usize])?;
    client.run(PATIENCE)
}

/// What a board says of `kernel`, which hangs; it must run another afterwards.
fn told_of(board: &str, kernel: &[u16]) -> ClientError {
    let board = boards::find(board).unwrap();
    let bench = Bench::new();
    let mut link = emulator::in_real_time(&board, &bench.write("flash", &[0xFF; 64]));
    let begun = Instant::now();
    let told = run(&mut link, 7, &board.target, kernel).unwrap_err();
    println!("{}, after {:.1?}: {told}", board.name, begun.elapsed());
    run(&mut link, 8, &board.target, thumb::RETURN).unwrap();
    told
}

#[test]
#[ignore = "needs the boards' firmware: cargo xtask test --only boards"]
fn a_board_that_hangs_restarts_and_says_where() {
    let boards = BOARDS.map(|board| thread::spawn(move || told_of(board, thumb::LOOP)));
    for board in boards {
        let told = board.join().unwrap();
        assert!(matches!(told, ClientError::Device { code: FaultCode::RunFailed, .. }), "{told}");
        // In RAM, where the model was uploaded.
        let place = ["the watchdog restarted the board, which hung at 0x20", "hung at 0x31"];
        assert!(place.iter().any(|words| told.to_string().contains(words)), "{told}");
    }
}

/// Not even the watchdog's interrupt comes: it resets the board, which has forgotten the session.
#[test]
#[ignore = "needs the boards' firmware: cargo xtask test --only boards"]
fn a_board_whose_handlers_hang_too_is_reset() {
    let boards = BOARDS.map(|board| thread::spawn(move || told_of(board, thumb::LOOP_EVERYWHERE)));
    for board in boards {
        let told = board.join().unwrap();
        assert!(matches!(told, ClientError::SessionLost { .. }), "{told}");
    }
}
