//! A device that ends in the middle of something, and one that comes back.

mod support;

use std::io;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use rpc_protocol::Request;
use rpc_protocol::client::{Client, ClientError, Link, TcpLink};
use support::{Keys, PATIENCE, Running, SIZE, ended, loops, model, program, returns};

/// A connection on which something happens once so many requests were sent.
struct Until<'a> {
    link: TcpLink,
    requests: usize,
    then: Option<Box<dyn FnMut() + 'a>>,
}

impl Link for Until<'_> {
    fn send(&mut self, bytes: &[u8], deadline: Instant) -> io::Result<()> {
        self.link.send(bytes, deadline)?;
        self.requests -= 1;
        if self.requests == 0 {
            self.then.take().into_iter().for_each(|mut then| then());
        }
        Ok(())
    }

    fn receive(&mut self, deadline: Instant) -> io::Result<Option<Vec<u8>>> {
        self.link.receive(deadline)
    }

    fn closed_reason(&mut self) -> String {
        self.link.closed_reason()
    }
}

/// A port that is free, which a device that comes back listens on again.
fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

fn start(address: &str, keys: &Keys) -> Running {
    let server = Running::start(&["--listen", address, "--key-file", keys.file(), "--allow-upload"]);
    assert_eq!(server.address(), address);
    server
}

/// Kills the device once `requests` requests were sent, in the middle of `work`, which must notice; then starts it again
/// and finds everything in order.
fn killed(requests: usize, code: Vec<u8>, work: impl Fn(&mut Client<Until<'_>>, &[u8]) -> Result<(), ClientError>) {
    let (address, keys) = (free_address(), Keys::new());
    let mut server = start(&address, &keys);
    let link = server.connect();
    let then = Box::new(|| server.kill());
    let link = Until { link, requests, then: Some(then) };
    let mut client = Client::open_with(link, 21, PATIENCE, Some(&keys.key())).unwrap();
    let error = work(&mut client, &model(code)).unwrap_err();
    assert!(matches!(&error, ClientError::Closed { reason } if reason.contains("ended")), "{error}");
    // The session is gone with the connection, whatever is asked next.
    assert!(matches!(client.info().unwrap_err(), ClientError::Closed { .. }));
    drop(client);
    drop(server);
    let server = start(&address, &keys);
    let mut client = Client::open_with(server.connect(), 22, PATIENCE, Some(&keys.key())).unwrap();
    client.upload(&model(returns()), |_| {}).unwrap();
    client.load(1, PATIENCE).unwrap();
    let input: Vec<u8> = (0..SIZE).map(|i| i as u8).collect();
    client.set_input(0, &input).unwrap();
    client.run(PATIENCE).unwrap();
    assert!(client.output(0, SIZE).unwrap() == input);
}

#[test]
fn a_device_killed_in_the_middle_of_an_upload() {
    // Hello, proof, announcement, and the fifth of sixteen pieces.
    killed(8, returns(), |client, artifact| client.upload(artifact, |_| {}));
}

/// Uploads, loads and sets the input: in 22 requests, the hello and the proof among them.
fn prepare(client: &mut Client<Until<'_>>, artifact: &[u8]) -> Result<(), ClientError> {
    client.upload(artifact, |_| {})?;
    client.load(1, PATIENCE)?;
    client.set_input(0, &[0; SIZE])
}

const PREPARED: usize = 22;

#[test]
fn a_device_killed_in_the_middle_of_a_run() {
    killed(PREPARED + 1, loops(), |client, artifact| {
        prepare(client, artifact)?;
        client.run(PATIENCE).map(drop)
    });
}

#[test]
fn a_device_killed_in_the_middle_of_a_timing() {
    let time = Request::Time { number: 1, repeat: 1, min_repeat_ms: 0, cooldown_ms: 0, flush_cache: false };
    killed(PREPARED + 1, loops(), |client, artifact| {
        prepare(client, artifact)?;
        client.time(&time, PATIENCE).map(drop)
    });
}

#[test]
fn a_connection_that_broke_in_the_middle_of_an_upload_costs_no_piece_twice() {
    let (address, keys) = (free_address(), Keys::new());
    let server = start(&address, &keys);
    let artifact = model(returns());
    let mut client = Client::open_with(server.connect(), 23, PATIENCE, Some(&keys.key())).unwrap();
    let mut held = 0;
    // Five pieces, and then the host is gone.
    let gone = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        client.upload(&artifact, |have| {
            held = have;
            if have > artifact.len() / 4 {
                std::panic::resume_unwind(Box::new(()));
            }
        })
    }));
    assert!(gone.is_err() && held > artifact.len() / 4);
    drop(client);
    let mut client = Client::open_with(server.connect(), 24, PATIENCE, Some(&keys.key())).unwrap();
    let mut first = None;
    client.upload(&artifact, |have| first = first.or(Some(have))).unwrap();
    assert!(first.unwrap() > held && first.unwrap() - held <= 1 << 16, "went on to {first:?} from {held}");
    client.load(1, PATIENCE).unwrap();
}

#[test]
fn a_port_that_is_taken_is_named() {
    let address = free_address();
    let _server = Running::start(&["--listen", &address]);
    let (code, words) = ended(program(&["--listen", &address]));
    assert!(code == 1 && words.contains(&address) && words.contains("another device-server"), "{words}");
    let (code, words) = ended(program(&["--serial", "/dev/no-such-line"]));
    assert!(code == 1 && words.contains("/dev/no-such-line") && words.contains("plugged in"), "{words}");
    let (code, words) = ended(program(&["--listen", "192.0.2.1:9", "--key-file", Keys::new().file()]));
    assert!(code == 1 && words.contains("no such address"), "{words}");
}

/// A kernel that takes some hundredths of a second and returns.
fn counts() -> Vec<u8> {
    if cfg!(target_arch = "x86_64") {
        // `mov ecx, 40_000_000`, `dec ecx`, `jnz` back to it, `ret`.
        [&[0xB9], &40_000_000u32.to_le_bytes()[..], &[0xFF, 0xC9, 0x75, 0xFC, 0xC3]].concat()
    } else {
        // `movz x9, 610, lsl 16`, `subs x9, x9, 1`, `b.ne` back to it, `ret`.
        [0xD2A0_4C49u32, 0xF100_0529, 0x54FF_FFE1, 0xD65F_03C0].into_iter().flat_map(u32::to_le_bytes).collect()
    }
}

#[test]
fn a_device_whose_host_left_in_the_middle_of_a_measurement_serves_the_next() {
    let (address, keys) = (free_address(), Keys::new());
    let server = start(&address, &keys);
    for request in [
        Request::Time { number: 1_000_000, repeat: 1, min_repeat_ms: 0, cooldown_ms: 0, flush_cache: false },
        Request::Time { number: 1, repeat: 1_000_000, min_repeat_ms: 0, cooldown_ms: 0, flush_cache: false },
        Request::Profile { number: 1_000_000 },
    ] {
        let mut client = Client::open_with(server.connect(), 31, PATIENCE, Some(&keys.key())).unwrap();
        client.upload(&model(counts()), |_| {}).unwrap();
        client.load(1, PATIENCE).unwrap();
        let impatient = client.time(&request, Duration::from_millis(300)).unwrap_err();
        assert!(matches!(impatient, ClientError::Timeout { .. }), "{impatient}");
        drop(client);
        // It would have taken hours.
        let mut next = Client::open_with(server.connect(), 32, PATIENCE, Some(&keys.key())).unwrap();
        next.info().unwrap();
    }
}
