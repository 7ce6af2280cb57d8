//! Whether the host is still there while a request takes long: nobody reads the link meanwhile, and what nobody waits for
//! keeps others from the device.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::thread::{self, JoinHandle};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

/// Watches a link from now until it is dropped. A thread sleeps at the link, so that who asks, between runs that are timed,
/// only reads a number.
pub struct HostWatch {
    gone: Arc<AtomicBool>,
    /// What wakes the thread up when it is closed.
    end: Option<UnixStream>,
    thread: Option<JoinHandle<()>>,
}

impl HostWatch {
    /// Of the host at the other end of `link`. Returns when the thread has started: what that takes is in no time.
    pub fn begin(link: &OwnedFd) -> io::Result<HostWatch> {
        let (link, gone) = (link.try_clone()?, Arc::new(AtomicBool::new(false)));
        let (end, ended) = UnixStream::pair()?;
        let (seen, started) = (gone.clone(), Arc::new(Barrier::new(2)));
        let here = started.clone();
        let watching = move || {
            here.wait();
            watch(&link, &ended, &seen);
        };
        let thread = thread::Builder::new().name("host watch".into()).spawn(watching)?;
        started.wait();
        Ok(HostWatch { gone, end: Some(end), thread: Some(thread) })
    }

    /// Whether the host closed its end, or is lost.
    pub fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Relaxed)
    }
}

impl Drop for HostWatch {
    fn drop(&mut self) {
        self.end = None;
        // It holds nothing that could be broken by a panic.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// Waits for the end of either.
fn watch(link: &OwnedFd, ended: &UnixStream, gone: &AtomicBool) {
    let closed = PollFlags::RDHUP | PollFlags::HUP | PollFlags::ERR;
    loop {
        let mut both = [PollFd::from_borrowed_fd(link.as_fd(), PollFlags::RDHUP), PollFd::new(ended, PollFlags::RDHUP)];
        match poll(&mut both, None) {
            Err(Errno::INTR) => {}
            Err(_) => return,
            Ok(_) => {
                gone.store(both[0].revents().intersects(closed), Ordering::Relaxed);
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_that_closes_its_end_is_gone() {
        let (host, device) = UnixStream::pair().unwrap();
        let watch = HostWatch::begin(&device.into()).unwrap();
        assert!(!watch.is_gone());
        drop(host);
        while !watch.is_gone() {
            thread::yield_now();
        }
    }

    #[test]
    fn watching_ends_with_a_host_that_stays() {
        let (_host, device) = UnixStream::pair().unwrap();
        drop(HostWatch::begin(&device.into()).unwrap());
    }
}
