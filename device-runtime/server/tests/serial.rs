//! `device-server --serial`, on a pseudo-terminal in the place of a wire, until it is unplugged.
#![cfg(target_os = "linux")]

mod support;

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStringExt;
use std::process::Stdio;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread::JoinHandle;
use std::time::Instant;

use rpc_protocol::client::{Client, Link};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use support::{PATIENCE, SIZE, model, program, returns};

/// The host's end of the wire; whoever holds it keeps it plugged in.
struct Wire {
    line: File,
    chunks: Receiver<Vec<u8>>,
}

/// Both ends: this one, the reader that holds it too, and the path of the other.
fn wire() -> (Wire, JoinHandle<()>, String) {
    let line = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&line).unwrap();
    unlockpt(&line).unwrap();
    let path = OsString::from_vec(ptsname(&line, Vec::new()).unwrap().into_bytes());
    let line = File::from(line);
    let mut reading = line.try_clone().unwrap();
    let (sender, chunks) = sync_channel(16);
    let reader = std::thread::spawn(move || {
        let mut chunk = [0; 4096];
        // The end of it: nobody has the other end open any more, or nobody listens here.
        while let Ok(got) = reading.read(&mut chunk) {
            if sender.send(chunk[..got].to_vec()).is_err() {
                break;
            }
        }
    });
    (Wire { line, chunks }, reader, path.into_string().unwrap())
}

impl Link for Wire {
    fn send(&mut self, bytes: &[u8], _: Instant) -> io::Result<()> {
        self.line.write_all(bytes)
    }

    fn receive(&mut self, deadline: Instant) -> io::Result<Option<Vec<u8>>> {
        match self.chunks.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(chunk) => Ok(Some(chunk)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Ok(Some(Vec::new())),
        }
    }

    fn closed_reason(&mut self) -> String {
        "unplugged".to_string()
    }
}

#[test]
fn a_serial_line_is_served_until_it_is_unplugged() {
    let (wire, reader, path) = wire();
    // Held open here too, so that there is something to read from before the server opens it.
    let other_end = File::options().read(true).write(true).open(&path).unwrap();
    let mut command = program(&["--serial", &path, "--baud", "921600", "--allow-upload"]);
    let mut server = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut words = server.stderr.take().unwrap();
    // It says so when the line is as it should be.
    let mut told = Vec::new();
    while !told.ends_with(b"\n") {
        let mut byte = [0];
        words.read_exact(&mut byte).unwrap();
        told.extend(byte);
    }
    assert!(String::from_utf8_lossy(&told).contains("921600 baud"));
    drop(other_end);
    let mut last = wire.line.try_clone().unwrap();
    let mut client = Client::open(wire, 31, PATIENCE).unwrap();
    client.upload(&model(returns()), |_| {}).unwrap();
    client.load(1, PATIENCE).unwrap();
    let input: Vec<u8> = (0..SIZE).map(|i| (i % 256) as u8).collect();
    client.set_input(0, &input).unwrap();
    client.run(PATIENCE).unwrap();
    assert!(client.output(0, SIZE).unwrap() == input);
    // The reader wakes for one more answer and then lets go of its end.
    drop(client);
    last.write_all(b"\0no frame\0").unwrap();
    reader.join().unwrap();
    drop(last);
    let mut rest = String::new();
    words.read_to_string(&mut rest).unwrap();
    assert_eq!(server.wait().unwrap().code(), Some(1));
    assert!(rest.contains(&path) && rest.contains("unplugged"), "{rest}");
}
