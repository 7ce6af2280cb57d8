//! Trials on Linux: each in a child process of its own, with limits, on a stack of its own, its memory between guards.
//!
//! The child is a copy of this process made at that moment, so that a trial begins at once and nothing it writes is
//! seen here, but for the report. Nor does it write much there: what is none of the trial's is only read, and calls of the
//! system are stopped.
#![allow(unsafe_code)]

mod child;
mod guarded;
mod others;
mod report;
mod signals;
mod system_calls;

use std::io;
use std::ops::Range;

use device_server::rpc_protocol::{TrialFault, TrialOutcome};
use device_server::trial::{TrialOptions, Tried};
use lathe_executor::Bundle;

use child::Job;
pub use guarded::Guarded;
use others::Others;
use report::{Ended, Report, Stop};
pub use system_calls::{Filter, are_stopped};

/// Bytes of a candidate's stack: what it states, and room for the caller's own frames.
const CALLER_STACK: usize = 64 << 10;
/// Bytes of the stack that handlers of signals run on.
const HANDLER_STACK: usize = 64 << 10;
/// How much longer than its limit a child may live before it is told to end, and how long then before it is killed.
const GRACE_MS: u32 = 500;
/// Bytes on either side of a thread's last error that hold the rest of what is kept of it.
const THREAD: usize = 4 << 10;
/// A candidate's program counter where it is not known.
const UNKNOWN: u64 = u64::MAX;

/// Tries a candidate; gives what became of it and the samples. The candidate exists.
pub fn attempt(bundle: &mut Bundle<'static>, filter: &Filter, options: &TrialOptions) -> io::Result<(Tried, Vec<u64>)> {
    let stated = bundle.call(options.candidate as usize).map_or(0, |call| call.stack_bytes as usize);
    let stack = Guarded::private(stated.saturating_add(CALLER_STACK), 64)?;
    let handlers = Guarded::private(HANDLER_STACK, 64)?;
    let report = Report::new(options.repeat as usize)?;
    let (code, arena) = (bundle.code(), bundle.arena().as_ptr().addr() as u64);
    let (ended, exit) = {
        let (alive, told) = pipe()?;
        let handler_stack = (handlers.base(), HANDLER_STACK);
        let kept = [stack.addresses(), handlers.addresses(), report.addresses(), addresses(bundle.arena()), thread()];
        let others = Others::than(&kept);
        let job = Job { bundle, options: *options, report: &report, others, filter, handler_stack, alive: told.0 };
        let child = Child::start(job, &stack)?;
        drop(told);
        let mut in_time = alive.ended_within(options.limit_ms.max(1).saturating_add(GRACE_MS))?;
        if !in_time {
            // It waits, or others keep the processor from it: it still can say where it is.
            child.alarm();
            in_time = alive.ended_within(GRACE_MS)?;
        }
        (report.read(), child.end(in_time)?)
    };
    let (outcome, number) = match ended {
        Ended::Judged { outcome, number } => (outcome, number),
        Ended::Stopped(stop) => (outcome_of(&stop, &code, &stack), 0),
        Ended::Silent => (silent(exit), 0),
    };
    let samples = if outcome == TrialOutcome::Right { report.samples() } else { Vec::new() };
    Ok((Tried { outcome, number, samples: samples.len() as u32, arena, overhead: 0 }, samples))
}

/// What the end of a child says that left no report: the candidate had the system end it, or the system had no memory
/// left, or the limit was passed.
fn silent(exit: Exit) -> TrialOutcome {
    let kind = match exit {
        Exit::Killed => return TrialOutcome::Abandoned { pc: UNKNOWN },
        Exit::Itself(status) if libc::WIFEXITED(status) || libc::WTERMSIG(status) == libc::SIGSYS => {
            TrialFault::SystemCall
        }
        Exit::Itself(_) => TrialFault::Other,
    };
    TrialOutcome::Faulted { kind, pc: UNKNOWN, address: 0 }
}

fn addresses(memory: &[u8]) -> Range<usize> {
    let ends = memory.as_ptr_range();
    ends.start.addr()..ends.end.addr()
}

/// What the system's library keeps of this thread, which it writes to in calls of its own: it lies around the last error.
fn thread() -> Range<usize> {
    // SAFETY: gives the place of a number.
    let error = unsafe { libc::__errno_location() }.addr();
    error.saturating_sub(THREAD)..error.saturating_add(THREAD)
}

/// What the signal says of the candidate.
fn outcome_of(stop: &Stop, code: &Range<usize>, stack: &Guarded) -> TrialOutcome {
    let pc = if code.contains(&stop.pc) { (stop.pc - code.start) as u64 } else { UNKNOWN };
    let address = stop.address as u64;
    let (inside, guarded) = (stack.addresses(), stack.with_guards());
    let beyond = |at: usize| guarded.contains(&at) && !inside.contains(&at);
    let kind = match stop.signal {
        libc::SIGALRM => return TrialOutcome::Abandoned { pc },
        libc::SIGSEGV | libc::SIGBUS if beyond(stop.address) || beyond(stop.stack) => {
            return TrialOutcome::StackOverflow { pc, address };
        }
        // What may not be fetched is told by its own address.
        libc::SIGSEGV if stop.address == stop.pc => TrialFault::Instruction,
        libc::SIGSEGV => TrialFault::Memory,
        libc::SIGBUS => TrialFault::Bus,
        libc::SIGILL | libc::SIGTRAP => TrialFault::Instruction,
        libc::SIGFPE => TrialFault::Arithmetic,
        libc::SIGSYS => TrialFault::SystemCall,
        _ => TrialFault::Other,
    };
    TrialOutcome::Faulted { kind, pc, address }
}

/// How a child's process ended.
#[derive(Clone, Copy, Debug)]
enum Exit {
    /// In time, with this status.
    Itself(libc::c_int),
    /// It did not.
    Killed,
}

/// A child process, ended when dropped.
struct Child(Option<libc::pid_t>);

impl Child {
    /// Starts one on `stack` that does `job`.
    fn start(mut job: Job<'_>, stack: &Guarded) -> io::Result<Child> {
        let top = stack.addresses().end & !15;
        let top = stack.base().wrapping_add(top - stack.addresses().start);
        // SAFETY: without shared memory the child has a copy of everything, the job included, and its stack is mapped;
        // `run` never returns to what is not there.
        let id = unsafe { libc::clone(child::run, top.cast(), libc::SIGCHLD, (&raw mut job).cast()) };
        if id < 0 { Err(io::Error::last_os_error()) } else { Ok(Child(Some(id))) }
    }

    /// Ends it as its timer does.
    fn alarm(&self) {
        if let Some(id) = self.0 {
            // SAFETY: a child of ours that has not been waited for, so the number is still its.
            unsafe { libc::kill(id, libc::SIGALRM) };
        }
    }

    /// Waits for its end, which has come `in_time` or is brought about.
    fn end(mut self, in_time: bool) -> io::Result<Exit> {
        self.0.take().map_or(Ok(Exit::Killed), |id| wait_for(id, in_time))
    }
}

fn wait_for(id: libc::pid_t, in_time: bool) -> io::Result<Exit> {
    if !in_time {
        // SAFETY: a child of ours that has not been waited for, so the number is still its.
        unsafe { libc::kill(id, libc::SIGKILL) };
    }
    let mut status = 0;
    loop {
        // SAFETY: as above, and room for its status.
        if unsafe { libc::waitpid(id, &raw mut status, 0) } == id {
            return Ok(if in_time { Exit::Itself(status) } else { Exit::Killed });
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // Left to do only when waiting for the pipe failed; there is nobody to tell that this failed too.
        if let Some(id) = self.0.take() {
            let _ = wait_for(id, false);
        }
    }
}

/// An end of a pipe, closed when dropped.
struct End(libc::c_int);

/// A pipe: the end to wait at, and the end that a child holds while it lives.
fn pipe() -> io::Result<(End, End)> {
    let mut ends = [0; 2];
    // SAFETY: room for two numbers.
    match unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) } {
        0 => Ok((End(ends[0]), End(ends[1]))),
        _ => Err(io::Error::last_os_error()),
    }
}

impl End {
    /// Waits until nobody holds the other end; false when that takes longer than `limit_ms`.
    fn ended_within(&self, limit_ms: u32) -> io::Result<bool> {
        let mut poll = libc::pollfd { fd: self.0, events: 0, revents: 0 };
        loop {
            // SAFETY: one description, of an end that is open.
            match unsafe { libc::poll(&mut poll, 1, i32::try_from(limit_ms).unwrap_or(i32::MAX)) } {
                0 => return Ok(false),
                1.. => return Ok(true),
                _ => {}
            }
            let error = io::Error::last_os_error();
            if error.kind() != io::ErrorKind::Interrupted {
                return Err(error);
            }
        }
    }
}

impl Drop for End {
    fn drop(&mut self) {
        // SAFETY: an open file of this value's own.
        unsafe { libc::close(self.0) };
    }
}
