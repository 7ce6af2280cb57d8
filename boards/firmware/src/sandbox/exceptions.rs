//! The exceptions that end a candidate: faults, which say what was wrong and where, and the clock's alarm.
//!
//! Fault status and addresses: Armv7-M Architecture Reference Manual, B3.2.15 to B3.2.18; Armv8-M adds STKOF.

use core::cell::UnsafeCell;
use core::ops::Range;

use cortex_m_rt::exception;
use device_server::Ended;
use device_server::rpc_protocol::TrialFault;

use super::enter::{self, Frame};
use crate::register::{read, write};

/// System handler control: memory management, bus and usage faults are enabled.
const HANDLERS: usize = 0xE000_ED24;
const FAULTS: u32 = 0b111 << 16;
const STATUS: usize = 0xE000_ED28;
const HARD_STATUS: usize = 0xE000_ED2C;
const MEMORY_ADDRESS: usize = 0xE000_ED34;
const BUS_ADDRESS: usize = 0xE000_ED38;

/// STATUS: an instruction could not be fetched, by memory protection.
const FETCH: u32 = 1 << 0;
/// STATUS: any memory management fault, any bus fault, any usage fault.
const MEMORY: u32 = 0xFF;
const BUS: u32 = 0xFF << 8;
const USAGE: u32 = 0xFFFF << 16;
/// STATUS: the exception's frame could not be stacked, or the stack's limit was passed.
const STACKING: u32 = 1 << 4 | 1 << 12 | 1 << 20;
/// STATUS: MEMORY_ADDRESS, BUS_ADDRESS hold the fault's.
const MEMORY_ADDRESS_VALID: u32 = 1 << 7;
const BUS_ADDRESS_VALID: u32 = 1 << 15;
/// STATUS: an address that the instruction does not take, for its alignment.
const UNALIGNED: u32 = 1 << 24;

/// What [`enter::enter`] gives when a fault or the alarm ended a candidate.
const ENDED: u32 = 1;

/// How the last candidate ended, and where its stack is.
struct Last(UnsafeCell<(Ended, Range<usize>)>);

// SAFETY: the thread uses it while no candidate runs, the handlers below while one does.
unsafe impl Sync for Last {}

static LAST: Last = Last(UnsafeCell::new((Ended::Abandoned { pc: None }, 0..0)));

/// Enters what is in the frame at `at`; gives how it ended unless it returned.
///
/// # Safety
/// As [`enter::enter`], and `stack` is its stack.
pub unsafe fn enter(at: usize, stack: Range<usize>) -> Option<Ended> {
    // SAFETY: no candidate runs.
    unsafe { (*LAST.0.get()).1 = stack };
    write(HANDLERS, read(HANDLERS) | FAULTS);
    // SAFETY: the caller vouches for it.
    let answer = unsafe { enter::enter(at) };
    write(HANDLERS, read(HANDLERS) & !FAULTS);
    // SAFETY: it has ended.
    (answer != 0).then(|| unsafe { (*LAST.0.get()).0 })
}

/// Ends the candidate by a fault. Called in a fault's handler, while a candidate runs.
pub fn faulted() -> ! {
    let status = read(STATUS);
    let stack_pointer = enter::process_stack();
    let mut address = 0;
    if status & MEMORY_ADDRESS_VALID != 0 {
        address = read(MEMORY_ADDRESS) as usize;
    } else if status & BUS_ADDRESS_VALID != 0 {
        address = read(BUS_ADDRESS) as usize;
    }
    // Written ones clear.
    write(STATUS, status);
    write(HARD_STATUS, read(HARD_STATUS));
    let pc = interrupted();
    if status & STACKING != 0 || pc.is_none() {
        let address = if address == 0 { stack_pointer } else { address };
        end(Ended::StackOverflow { pc: None, address })
    }
    let kind = match status {
        _ if status & MEMORY != 0 => TrialFault::Memory,
        _ if status & BUS != 0 => TrialFault::Bus,
        _ if status & UNALIGNED != 0 => TrialFault::Bus,
        _ if status & USAGE != 0 => TrialFault::Instruction,
        _ => TrialFault::Other,
    };
    if status & FETCH != 0 {
        address = pc.unwrap_or(0);
    }
    end(Ended::Faulted { kind, pc, address })
}

/// The instruction at which the candidate was interrupted, when its stack is where it should be.
fn interrupted() -> Option<usize> {
    // SAFETY: it was set before the candidate ran.
    let stack = unsafe { &(*LAST.0.get()).1 };
    let at = enter::process_stack();
    let room = at >= stack.start && at <= stack.end.wrapping_sub(size_of::<Frame>()) && at.is_multiple_of(4);
    // SAFETY: the processor put a frame there.
    room.then(|| unsafe { (*(at as *const Frame)).pc } as usize)
}

fn end(how: Ended) -> ! {
    // SAFETY: the thread waits for the candidate's end, and this is the only active exception.
    unsafe {
        (*LAST.0.get()).0 = how;
        enter::leave(ENDED)
    }
}

/// These are enabled only while a candidate runs: else they are hard faults.
#[exception]
fn MemoryManagement() -> ! {
    faulted()
}

#[exception]
fn BusFault() -> ! {
    faulted()
}

#[exception]
fn UsageFault() -> ! {
    faulted()
}

/// The clock's alarm; too late when the candidate has just returned.
#[exception]
fn PendSV() {
    if enter::running() {
        end(Ended::Abandoned { pc: interrupted() })
    }
}
