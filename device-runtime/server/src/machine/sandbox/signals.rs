//! The child's signals: what stopped the candidate, and where, is left in the report; then the process ends.
#![allow(unsafe_code)]

use std::io;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use super::report::{Report, Stop};

/// Where the handler leaves its report; set in the child alone.
static REPORT: AtomicPtr<Report> = AtomicPtr::new(ptr::null_mut());

/// What a processor or the system stops a process with, and the timer of the limit.
const SIGNALS: [libc::c_int; 8] = [
    libc::SIGSEGV,
    libc::SIGBUS,
    libc::SIGILL,
    libc::SIGFPE,
    libc::SIGTRAP,
    libc::SIGSYS,
    libc::SIGABRT,
    libc::SIGALRM,
];

/// Handles every signal that stops a candidate, on a stack of its own.
///
/// # Safety
/// Called in a child process that is about to run a candidate; `report` and `stack` live until it ends.
pub unsafe fn arm(report: *const Report, stack: *mut u8, stack_bytes: usize) -> io::Result<()> {
    REPORT.store(report.cast_mut(), Ordering::Release);
    let alternate = libc::stack_t { ss_sp: stack.cast(), ss_flags: 0, ss_size: stack_bytes };
    // SAFETY: the stack is memory of the caller's that nothing else uses.
    check(unsafe { libc::sigaltstack(&alternate, ptr::null_mut()) })?;
    // SAFETY: all zeros is a value of this type.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    let handler: extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void) = stop;
    action.sa_sigaction = handler as usize;
    action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
    // The first to come is the one that is told: a fault just before the time is up stays a fault.
    // SAFETY: it fills a set of ours.
    check(unsafe { libc::sigfillset(&mut action.sa_mask) })?;
    for signal in SIGNALS {
        // SAFETY: the handler only calls what may be called in one.
        check(unsafe { libc::sigaction(signal, &action, ptr::null_mut()) })?;
    }
    // SAFETY: an empty set of signals, made by the system; none is blocked from here on.
    unsafe {
        let mut none: libc::sigset_t = std::mem::zeroed();
        check(libc::sigemptyset(&mut none))?;
        check(libc::sigprocmask(libc::SIG_SETMASK, &none, ptr::null_mut()))
    }
}

/// Starts the timer that ends the trial once this process has computed for `limit_ms`: what else the machine does is no
/// fault of a candidate's. A child that waits instead is ended by its parent, by the same signal.
pub fn start_timer(limit_ms: u32) -> io::Result<()> {
    let limit_ms = limit_ms.max(1);
    // SAFETY: all zeros is a value of this type.
    let mut limit: libc::itimerspec = unsafe { std::mem::zeroed() };
    limit.it_value.tv_sec = (limit_ms / 1000).into();
    limit.it_value.tv_nsec = (limit_ms % 1000 * 1_000_000).into();
    let mut timer: libc::c_int = 0;
    let (no_event, no_room) = (ptr::null::<libc::sigevent>(), ptr::null::<libc::itimerspec>());
    // The library's own calls may allocate.
    // SAFETY: room for the timer's number; without an event it sends SIGALRM.
    let made =
        unsafe { libc::syscall(libc::SYS_timer_create, libc::CLOCK_PROCESS_CPUTIME_ID, no_event, &raw mut timer) };
    check(made as libc::c_int)?;
    // SAFETY: the timer was made, and its value is read.
    check(unsafe { libc::syscall(libc::SYS_timer_settime, timer, 0, &raw const limit, no_room) } as libc::c_int)
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

extern "C" fn stop(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the system gives a handler both; the context of a signal is a `ucontext_t`.
    let (seen, cause, address) =
        unsafe { (Registers::of(&*context.cast::<libc::ucontext_t>()), (*info).si_code, (*info).si_addr().addr()) };
    let Registers { pc, stack, call, strange } = seen;
    let (signal, pc, address) = match signal {
        libc::SIGALRM => (signal, pc, 0),
        // The next instruction would have been the one behind the call's.
        libc::SIGSYS => (signal, pc.wrapping_sub(CALL_BYTES), call),
        libc::SIGSEGV | libc::SIGBUS if cause == UNTOLD => (libc::SIGSEGV, pc, strange),
        _ => (signal, pc, address),
    };
    let report = REPORT.load(Ordering::Acquire);
    // SAFETY: null, or what `arm` was given, which lives until the process ends.
    if let Some(report) = unsafe { report.as_ref() } {
        report.stopped(Stop { signal, pc, address, stack });
    }
    // SAFETY: ends the process.
    unsafe { libc::_exit(1) }
}

/// A fault's cause where the processor tells no address: x86-64 does not for one that is not canonical.
const UNTOLD: libc::c_int = 0x80;

/// Bytes of the instruction that calls the system.
const CALL_BYTES: usize = if cfg!(target_arch = "x86_64") { 2 } else { 4 };

/// What is looked at of the registers.
struct Registers {
    /// Program counter.
    pc: usize,
    /// Stack pointer.
    stack: usize,
    /// Where a call of the system has its number.
    call: usize,
    /// The first value that is no canonical address; 0 when there is none.
    strange: usize,
}

impl Registers {
    #[cfg(target_arch = "x86_64")]
    fn of(context: &libc::ucontext_t) -> Registers {
        let all = context.uc_mcontext.gregs.map(|value| value.cast_unsigned() as usize);
        let register =
            |number: libc::c_int| usize::try_from(number).ok().and_then(|number| all.get(number)).copied().unwrap_or(0);
        let is_strange = |value: &usize| value.cast_signed() << 16 >> 16 != value.cast_signed();
        // The general registers stand before the program counter.
        let strange = all.iter().take(libc::REG_RIP as usize).copied().find(is_strange).unwrap_or(0);
        Registers {
            pc: register(libc::REG_RIP),
            stack: register(libc::REG_RSP),
            call: register(libc::REG_RAX),
            strange,
        }
    }

    #[cfg(target_arch = "aarch64")]
    fn of(context: &libc::ucontext_t) -> Registers {
        let machine = &context.uc_mcontext;
        let call = machine.regs.get(8).map_or(0, |number| *number as usize);
        Registers { pc: machine.pc as usize, stack: machine.sp as usize, call, strange: 0 }
    }
}
