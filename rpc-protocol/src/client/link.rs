//! Byte links. For now: the standard input and output of a child process.

use std::io::{self, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Instant;

/// A stream of bytes in both directions.
pub trait Link {
    /// Sends all of `bytes`.
    fn send(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Receives some bytes. `Ok(None)`: nothing came before the deadline. An empty vector: the other side closed.
    fn receive(&mut self, deadline: Instant) -> io::Result<Option<Vec<u8>>>;
    /// After the other side closed: why, as far as the link knows.
    fn closed_reason(&mut self) -> String;
}

/// The standard input and output of a device server started as a child process. Dropping it ends the process.
#[derive(Debug)]
pub struct ChildLink {
    child: Child,
    stdin: Option<ChildStdin>,
    chunks: Receiver<io::Result<Vec<u8>>>,
}

impl ChildLink {
    /// Starts `command` and speaks over its standard input and output; its standard error stays the caller's.
    pub fn start(mut command: Command) -> io::Result<ChildLink> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let stdin = child.stdin.take();
        let mut stdout = child.stdout.take().ok_or_else(|| io::Error::other("the child has no standard output"))?;
        // A thread reads, because a pipe cannot be read with a deadline.
        let (sender, chunks) = sync_channel(16);
        thread::spawn(move || {
            loop {
                let mut chunk = vec![0; 1 << 16];
                let got = stdout.read(&mut chunk).map(|n| {
                    chunk.truncate(n);
                    chunk
                });
                let last = !matches!(&got, Ok(c) if !c.is_empty());
                if sender.send(got).is_err() || last {
                    break;
                }
            }
        });
        Ok(ChildLink { child, stdin, chunks })
    }
}

impl Link for ChildLink {
    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let stdin = self.stdin.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        stdin.write_all(bytes)?;
        stdin.flush()
    }

    fn receive(&mut self, deadline: Instant) -> io::Result<Option<Vec<u8>>> {
        match self.chunks.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(chunk) => chunk.map(Some),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Ok(Some(Vec::new())),
        }
    }

    fn closed_reason(&mut self) -> String {
        self.stdin = None;
        match self.child.wait() {
            Ok(status) => format!("its process ended ({status})"),
            Err(e) => format!("its process could not be waited for ({e})"),
        }
    }
}

impl Drop for ChildLink {
    fn drop(&mut self) {
        self.stdin = None;
        // A server whose input is closed ends by itself; one that hangs is ended.
        let patience = Instant::now() + std::time::Duration::from_millis(500);
        while Instant::now() < patience {
            match self.child.try_wait() {
                Ok(None) => thread::sleep(std::time::Duration::from_millis(2)),
                _ => return,
            }
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
