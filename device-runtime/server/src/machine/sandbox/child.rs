//! The child process: makes noise, runs the candidate, judges it, times it, and leaves a report.
//!
//! It is a copy of a process that may have had threads: nothing here allocates or takes a lock.
#![allow(unsafe_code)]

use std::time::{Duration, Instant};

use device_server::grown;
use device_server::rpc_protocol::TrialOutcome;
use device_server::trial::{TrialOptions, judge, make_noise};
use lathe_executor::{Bundle, KernelCall, KernelFn};

use super::others::Others;
use super::report::Report;
use super::signals;
use super::system_calls::Filter;

/// What the child is to do; it lies in memory that child and parent have a copy of each.
pub struct Job<'a> {
    /// The bundle.
    pub bundle: &'a mut Bundle<'static>,
    /// What to try.
    pub options: TrialOptions,
    /// Where to leave the report.
    pub report: &'a Report,
    /// Memory that nobody writes to from now on.
    pub others: Others,
    /// What the candidate cannot ask of the system.
    pub filter: &'a Filter,
    /// A stack for handlers of signals.
    pub handler_stack: (*mut u8, usize),
    /// The pipe whose end tells the parent that this process ended.
    pub alive: libc::c_int,
}

/// The child's whole life.
pub extern "C" fn run(job: *mut libc::c_void) -> libc::c_int {
    // SAFETY: the parent gives a job, of which this process has the only copy.
    let job = unsafe { &mut *job.cast::<Job<'_>>() };
    limit(job);
    let (stack, bytes) = job.handler_stack;
    // SAFETY: this is the child; report and stack are mapped until it ends.
    let armed = unsafe { signals::arm(job.report, stack, bytes) };
    job.others.protect();
    if armed.and_then(|()| signals::start_timer(job.options.limit_ms)).is_ok() {
        job.filter.begin();
        attempt(job);
    }
    // SAFETY: ends the process without what a library would do at its end.
    unsafe { libc::_exit(0) }
}

/// Takes from this process what a candidate has no business with: files, processes, memory dumps, time without end.
fn limit(job: &Job<'_>) {
    let seconds = u64::from(job.options.limit_ms / 1000 + 2);
    let limits = [
        (libc::RLIMIT_CORE, 0),
        (libc::RLIMIT_FSIZE, 0),
        (libc::RLIMIT_NOFILE, 0),
        (libc::RLIMIT_NPROC, 0),
        (libc::RLIMIT_CPU, seconds),
    ];
    // SAFETY: calls that concern this process alone. That one fails leaves the parent's deadline to end the trial.
    unsafe {
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        libc::dup2(job.alive, 0);
        if libc::syscall(libc::SYS_close_range, 1, libc::c_uint::MAX, 0) != 0 {
            (1..1024).for_each(|file| {
                libc::close(file);
            });
        }
        for (resource, most) in limits {
            libc::setrlimit(resource, &libc::rlimit { rlim_cur: most, rlim_max: most });
        }
    }
}

fn attempt(job: &mut Job<'_>) {
    let candidate = job.options.candidate;
    let Some(call) = job.bundle.call(candidate as usize) else { return };
    make_noise(job.bundle);
    invoke(&call);
    let outcome = judge(job.bundle, candidate, &call.step);
    let number = if outcome == TrialOutcome::Right { time(job, &call) } else { 0 };
    job.report.judged(outcome, number);
}

/// Leaves `repeat` samples, in nanoseconds; gives the runs of a sample.
fn time(job: &Job<'_>, call: &KernelCall<'_>) -> u32 {
    let wanted = Duration::from_millis(job.options.min_repeat_ms.into());
    let mut number = job.options.number.max(1);
    for index in 0..job.options.repeat as usize {
        let ticks = loop {
            let start = Instant::now();
            for _ in 0..number {
                invoke(call);
            }
            let taken = start.elapsed();
            if taken >= wanted || number == u32::MAX {
                break taken.as_nanos() as u64;
            }
            number = grown(number, taken.as_nanos() as u64, wanted.as_nanos() as u64);
        };
        job.report.sample(index, ticks);
        // SAFETY: waits.
        unsafe { libc::usleep(job.options.cooldown_ms.saturating_mul(1000)) };
    }
    number
}

/// Runs the candidate once. A frame of its own, and never part of its caller's: what the candidate does to the stack
/// above it is done here.
#[inline(never)]
fn invoke(call: &KernelCall<'_>) {
    // SAFETY: the address is one of an entry in executable memory, called as the artifact's SPEC.md says. What else it
    // does hurts this process alone, which is here for that.
    unsafe {
        let kernel = std::mem::transmute::<*const u8, KernelFn>(call.entry);
        kernel(call.table.as_ptr(), call.workspace, 0, call.extent);
    }
}
