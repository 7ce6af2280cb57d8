//! What the host does about devices and lines that misbehave: every request ends, and says how.

use std::io;
use std::process::Command;
use std::time::{Duration, Instant};

use rpc_protocol::client::{ChildLink, Client, ClientError, Link};

const PATIENCE: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(200);

fn shell(script: &str) -> ChildLink {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    ChildLink::start(command).unwrap()
}

fn server() -> ChildLink {
    let mut command = Command::new(env!("CARGO_BIN_EXE_device-server"));
    command.arg("--stdio");
    ChildLink::start(command).unwrap()
}

#[test]
fn a_device_that_never_stops_sending_is_a_timeout() {
    let error = Client::open(shell("exec yes"), 1, SHORT).unwrap_err();
    assert!(matches!(error, ClientError::Timeout { request: "hello", .. }), "{error}");
}

#[test]
fn a_device_that_takes_nothing_is_a_timeout() {
    let mut link = shell("exec sleep 60");
    let error = link.send(&[0; 1 << 20], Instant::now() + SHORT).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    let error = Client::open(link, 1, SHORT).unwrap_err();
    assert!(matches!(error, ClientError::Timeout { request: "hello", damaged: 0, .. }), "{error}");
}

#[test]
fn a_device_that_closes_its_output_and_stays_is_ended() {
    let error = Client::open(shell("exec >&-; exec sleep 60"), 1, PATIENCE).unwrap_err();
    assert!(matches!(&error, ClientError::Closed { reason } if reason.ends_with("was ended")), "{error}");
}

#[test]
fn how_a_device_ended_is_told_even_of_one_that_is_not_waited_for() {
    let error = Client::open(shell("exit 3").ended_at_once(), 1, PATIENCE).unwrap_err();
    assert!(matches!(&error, ClientError::Closed { reason } if reason.contains("status: 3")), "{error}");
}

#[test]
fn any_patience_will_do() {
    Client::open(server(), 1, Duration::MAX).unwrap().bye().unwrap();
}

/// A line that damages one frame.
struct Noisy {
    link: ChildLink,
    frames_before: usize,
}

impl Link for Noisy {
    fn send(&mut self, bytes: &[u8], deadline: Instant) -> io::Result<()> {
        let mut bytes = bytes.to_vec();
        if self.frames_before == 0 {
            bytes[3] ^= 0x40;
        }
        self.frames_before = self.frames_before.wrapping_sub(1);
        self.link.send(&bytes, deadline)
    }

    fn receive(&mut self, deadline: Instant) -> io::Result<Option<Vec<u8>>> {
        self.link.receive(deadline)
    }

    fn closed_reason(&mut self) -> String {
        self.link.closed_reason()
    }
}

#[test]
fn a_request_the_device_dropped_is_sent_again() {
    let mut client = Client::open(Noisy { link: server(), frames_before: 2 }, 7, PATIENCE).unwrap();
    client.info().unwrap();
    client.info().unwrap();
    client.bye().unwrap();
}

/// A line on which garbage comes before one frame: the device tells of it before it answers.
struct Crackling {
    link: ChildLink,
    frames_before: usize,
}

impl Link for Crackling {
    fn send(&mut self, bytes: &[u8], deadline: Instant) -> io::Result<()> {
        if self.frames_before == 0 {
            self.link.send(b"\0crackle\0", deadline)?;
        }
        self.frames_before = self.frames_before.wrapping_sub(1);
        self.link.send(bytes, deadline)
    }

    fn receive(&mut self, deadline: Instant) -> io::Result<Option<Vec<u8>>> {
        self.link.receive(deadline)
    }

    fn closed_reason(&mut self) -> String {
        self.link.closed_reason()
    }
}

#[test]
fn what_the_device_tells_of_another_frame_ends_no_request() {
    let mut client = Client::open(Crackling { link: server(), frames_before: 1 }, 7, PATIENCE).unwrap();
    client.info().unwrap();
    client.info().unwrap();
    client.bye().unwrap();
}

#[test]
fn what_the_line_garbled_before_a_session_does_not_end_its_hello() {
    let mut link = server();
    link.send(b"\0garbage\0more", Instant::now() + PATIENCE).unwrap();
    Client::open(link, 8, PATIENCE).unwrap().bye().unwrap();
}
