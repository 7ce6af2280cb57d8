//! The standard input and output of a child process as a link.

use std::io::{self, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use super::Link;

/// How long a process that closed its output, or whose input is closed, may take to end by itself.
const ENDING: Duration = Duration::from_secs(1);

/// The standard input and output of a device server started as a child process. Dropping it ends the process.
///
/// Pipes cannot be read or written with a deadline, so a thread of its own does each.
#[derive(Debug)]
pub struct ChildLink {
    child: Child,
    /// How long the process may take to end by itself when the link is dropped.
    ending: Duration,
    /// Bytes to write; dropping it closes the child's input.
    outgoing: Option<Sender<Vec<u8>>>,
    /// How each write went.
    written: Receiver<io::Result<()>>,
    /// Writes not yet heard of.
    unwritten: usize,
    chunks: Receiver<io::Result<Vec<u8>>>,
}

impl ChildLink {
    /// Starts `command` and speaks over its standard input and output; its standard error stays the caller's.
    pub fn start(mut command: Command) -> io::Result<ChildLink> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let missing = || io::Error::other("the child has no standard input or output");
        let (outgoing, written) = writer(child.stdin.take().ok_or_else(missing)?);
        let chunks = reader(child.stdout.take().ok_or_else(missing)?);
        Ok(ChildLink { child, ending: ENDING, outgoing: Some(outgoing), written, unwritten: 0, chunks })
    }

    /// Ends the process at once when the link is dropped: for one that does not end when its input is closed.
    pub fn ended_at_once(mut self) -> ChildLink {
        self.ending = Duration::ZERO;
        self
    }

    /// Closes the child's input and waits as long as `patience` for its process to end by itself; ends it when it does
    /// not, and gives `None`.
    fn end(&mut self, patience: Duration) -> io::Result<Option<ExitStatus>> {
        self.outgoing = None;
        let patience = Instant::now() + patience;
        while Instant::now() < patience {
            if let Some(status) = self.child.try_wait()? {
                return Ok(Some(status));
            }
            thread::sleep(Duration::from_millis(2));
        }
        self.child.kill()?;
        self.child.wait()?;
        Ok(None)
    }
}

/// Writes what it is sent to `stdin`, and tells how each write went.
fn writer(mut stdin: ChildStdin) -> (Sender<Vec<u8>>, Receiver<io::Result<()>>) {
    let (outgoing, frames) = channel::<Vec<u8>>();
    let (sender, written) = channel();
    thread::spawn(move || {
        for bytes in frames {
            if sender.send(stdin.write_all(&bytes).and_then(|()| stdin.flush())).is_err() {
                break;
            }
        }
    });
    (outgoing, written)
}

/// Gives what `stdout` has, in pieces, an empty one at its end.
fn reader(mut stdout: ChildStdout) -> Receiver<io::Result<Vec<u8>>> {
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
    chunks
}

impl Link for ChildLink {
    fn send(&mut self, bytes: &[u8], deadline: Instant) -> io::Result<()> {
        let outgoing = self.outgoing.as_ref().ok_or(io::ErrorKind::BrokenPipe)?;
        outgoing.send(bytes.to_vec()).map_err(|_| io::ErrorKind::BrokenPipe)?;
        self.unwritten += 1;
        while self.unwritten > 0 {
            match self.written.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(outcome) => {
                    self.unwritten -= 1;
                    outcome?;
                }
                Err(RecvTimeoutError::Timeout) => return Err(io::ErrorKind::TimedOut.into()),
                Err(RecvTimeoutError::Disconnected) => return Err(io::ErrorKind::BrokenPipe.into()),
            }
        }
        Ok(())
    }

    fn receive(&mut self, deadline: Instant) -> io::Result<Option<Vec<u8>>> {
        match self.chunks.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(chunk) => chunk.map(Some),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Ok(Some(Vec::new())),
        }
    }

    fn closed_reason(&mut self) -> String {
        match self.end(ENDING) {
            Ok(Some(status)) => format!("its process ended ({status})"),
            Ok(None) => "its process closed its output, did not end, and was ended".to_string(),
            Err(e) => format!("its process could not be waited for ({e})"),
        }
    }
}

impl Drop for ChildLink {
    fn drop(&mut self) {
        // A server whose input is closed ends by itself; for one that hangs or is gone nothing more can be done.
        let _ = self.end(self.ending);
    }
}
