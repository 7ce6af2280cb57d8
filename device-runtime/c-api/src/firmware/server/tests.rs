//! A server as C makes and polls it, on this machine: a host runs and times the model over a port in memory.

use core::ffi::c_void;
use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

use lathe_executor::Host;
use lathe_runtime_std::{host_features, host_target};
use rpc_protocol::Request;
use rpc_protocol::client::{Client, Link};

use super::lathe_server_poll;
use super::place::{LATHE_SERVER_BYTES, LatheServer, place};
use super::port::{LathePort, Port};
use crate::firmware::Failure;
use crate::firmware::tests::{artifact, memory, sample};

const PATIENCE: Duration = Duration::from_secs(5);

/// The firmware's side of the port.
#[derive(Default)]
struct Wire {
    came: VecDeque<u8>,
    sent: Vec<u8>,
    ticks: u32,
    pieces: u32,
}

/// # Safety
/// `context` is a wire that nothing else uses meanwhile.
unsafe fn wire<'a>(context: *mut c_void) -> &'a mut Wire {
    // SAFETY: the caller vouches for it.
    unsafe { &mut *context.cast::<Wire>() }
}

unsafe extern "C" fn read(context: *mut c_void, bytes: *mut c_void, capacity: usize) -> usize {
    // SAFETY: the context is the test's wire, and there is room for so many bytes.
    let (wire, room) = unsafe { (wire(context), std::slice::from_raw_parts_mut(bytes.cast::<u8>(), capacity)) };
    let count = wire.came.len().min(capacity);
    room.iter_mut().zip(wire.came.drain(..count)).for_each(|(slot, byte)| *slot = byte);
    count
}

unsafe extern "C" fn write(context: *mut c_void, bytes: *const c_void, length: usize) {
    // SAFETY: the context is the test's wire, and there are so many bytes.
    unsafe { wire(context).sent.extend(std::slice::from_raw_parts(bytes.cast::<u8>(), length)) };
}

/// Counts its readings, from close to its end.
unsafe extern "C" fn ticks(context: *mut c_void) -> u32 {
    // SAFETY: the context is the test's wire.
    let wire = unsafe { wire(context) };
    wire.ticks = wire.ticks.wrapping_add(1);
    wire.ticks.wrapping_sub(40)
}

unsafe extern "C" fn between(context: *mut c_void) {
    // SAFETY: the context is the test's wire.
    unsafe { wire(context) }.pieces += 1;
}

fn port(wire: *mut Wire) -> LathePort {
    LathePort {
        context: wire.cast(),
        read: Some(read),
        write: Some(write),
        ticks: Some(ticks),
        between: Some(between),
        ticks_per_second: 1000,
    }
}

fn start(port: &LathePort, memory: &'static mut [u8]) -> Result<*mut LatheServer, Failure> {
    let host = Host { target: host_target(), features: host_features() };
    // SAFETY: our own artifact, in executable pages, and functions as the header says.
    unsafe { place(Port::new(port)?, artifact(), host, "this one", memory).map(std::ptr::from_mut) }
}

/// What the sample needs: two tensors of 4012 bytes at multiples of 64, a workspace of 4, the way to a multiple of 64, and
/// the input again.
fn needed() -> usize {
    LATHE_SERVER_BYTES + 2 * 4032 + 64 + 64 + 4012
}

/// The host's end of the wire.
struct Line {
    server: *mut LatheServer,
    wire: *mut Wire,
}

impl Line {
    fn new(memory: &'static mut [u8]) -> Line {
        let wire: *mut Wire = Box::leak(Box::default());
        Line { server: start(&port(wire), memory).expect("starts"), wire }
    }

    /// The server serves what came.
    fn serve(&mut self, bytes: &[u8]) {
        // SAFETY: nothing else uses wire and server meanwhile.
        unsafe {
            (*self.wire).came.extend(bytes);
            while !(*self.wire).came.is_empty() {
                assert_eq!(lathe_server_poll(self.server), 0);
            }
        }
    }
}

impl Link for Line {
    fn send(&mut self, bytes: &[u8], _: Instant) -> io::Result<()> {
        self.serve(bytes);
        Ok(())
    }

    fn receive(&mut self, _: Instant) -> io::Result<Option<Vec<u8>>> {
        // SAFETY: as above.
        let sent = unsafe { &mut (*self.wire).sent };
        Ok(Some(std::mem::take(sent)).filter(|bytes| !bytes.is_empty()))
    }

    fn closed_reason(&mut self) -> String {
        String::new()
    }
}

#[test]
fn a_host_runs_and_times_the_model_while_the_firmware_goes_on() {
    let mut line = Line::new(memory(needed(), 8));
    let wire = line.wire;
    line.serve(&[b"\0no frame\0".as_slice(), &[7; 3000], &[0]].concat());
    let mut client = Client::open(line, 7, PATIENCE).expect("opens");
    let info = client.info().expect("info");
    assert_eq!((info.cpu.as_str(), info.clock_hz), ("this one", 1000));
    client.upload(artifact(), |_| panic!("it is there")).expect("the same artifact");
    client.load(1, PATIENCE).expect("loads");
    let x: Vec<f32> = (0..sample::ELEMENTS).map(|i| i as f32).collect();
    let bytes: Vec<u8> = x.iter().flat_map(|x| x.to_le_bytes()).collect();
    client.set_input(0, &bytes).expect("an input");
    client.run(PATIENCE).expect("runs");
    let y = client.output(0, bytes.len()).expect("an output");
    assert!(x.iter().zip(y.as_chunks().0).all(|(x, y)| f32::from_le_bytes(*y) == 2.0 * x + sample::K));
    let profile = client.time(&Request::Profile { number: 5 }, PATIENCE).expect("a profile");
    assert_eq!((profile.number, profile.ticks), (5, vec![0; 2]));
    // SAFETY: the wire lives, and the client does not use it meanwhile.
    assert_eq!(unsafe { &*wire }.pieces, 10);
    let time = Request::Time { number: 2, repeat: 64, min_repeat_ms: 0, cooldown_ms: 0, flush_cache: false };
    assert_eq!(client.time(&time, PATIENCE).expect("times").ticks, vec![0; 64]);
    assert!(client.upload(&artifact()[1..], |_| {}).is_err(), "another artifact is taken");
    client.info().expect("the next request is answered");
}

#[test]
fn what_is_missing_is_said() {
    let refused = |port: &LathePort, memory, text: &str| {
        let told = start(port, memory).map(|_| ()).unwrap_err().to_string();
        assert!(told.contains(text), "{told}");
    };
    let wire: *mut Wire = Box::leak(Box::default());
    refused(&port(wire), memory(needed() - 1, 0), &format!("needs {} bytes", needed()));
    refused(&port(wire), memory(needed() - 1, 0), "SERVER_BYTES");
    refused(&port(wire), memory(needed(), 4), "multiple of 8");
    refused(&LathePort { read: None, ..port(wire) }, memory(needed(), 0), "read must not be null");
    refused(&LathePort { write: None, ..port(wire) }, memory(needed(), 0), "write must not be null");
    refused(&LathePort { ticks: None, ..port(wire) }, memory(needed(), 0), "ticks must not be null");
}
