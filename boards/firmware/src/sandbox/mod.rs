//! The sandbox of a Cortex-M: a candidate runs unprivileged, on its own stack, and sees only the memory it was given.
//!
//! ```text
//! thread, main stack, privileged       prepare regions, alarm    svc              regions off, how it ended
//! thread, process stack, unprivileged                              candidate … svc
//! handlers                                                         fault, alarm: leave
//! ```
//!
//! Outside the regions that are open to it a candidate reads, writes and executes nothing; the server's own code keeps
//! the default memory map meanwhile. Armv7-M Architecture Reference Manual, B3.5; `mpu_v7` and `mpu_v8` differ in how a
//! region is said.

mod enter;
mod exceptions;
#[cfg_attr(mpu_v7, path = "mpu_v7.rs")]
#[cfg_attr(mpu_v8, path = "mpu_v8.rs")]
mod mpu;

use core::arch::asm;
use core::ops::Range;

use device_server::{Clock, Contained, Ended};

use crate::register::{read, write};
use enter::{Frame, THUMB};
pub use exceptions::faulted;

/// What the processor has: how many regions.
const TYPE: usize = 0xE000_ED90;
const CONTROL: usize = 0xE000_ED94;
/// CONTROL: on, and privileged code sees the default map where there is no region.
const ON: u32 = 0b101;

/// What a candidate may do with a block of memory.
#[derive(Clone, Copy, Debug)]
enum Access {
    Execute,
    Read,
    Write,
}

/// A block of memory that is opened.
#[derive(Clone, Debug)]
struct Grant {
    block: Range<usize>,
    access: Access,
}

/// Regions that the grants of one call can take.
const REGIONS: u32 = 8;

fn regions() -> u32 {
    read(TYPE) >> 8 & 0xFF
}

/// Whether this processor can contain anything, and then what a block of `bytes` must be aligned to.
pub fn granule(bytes: usize) -> Option<usize> {
    (regions() >= REGIONS).then(|| mpu::granule(bytes))
}

/// Whether the exception that is being handled interrupted a candidate, whose frame is then at this address.
pub fn interrupted(frame: usize) -> bool {
    enter::running() && frame == enter::process_stack()
}

/// Runs a candidate by this clock.
///
/// # Safety
/// As [`device_server::Sandbox::contain`].
pub unsafe fn contain<C: Clock>(clock: &C, call: &Contained<'_>) -> Ended {
    let at = prepare(call);
    open(call);
    clock.alarm(Some(call.limit));
    let start = clock.now();
    // SAFETY: the frame was prepared, and the regions open to it what the caller vouches for.
    let ended = unsafe { exceptions::enter(at, call.stack.clone()) };
    let ticks = clock.now().wrapping_sub(start);
    clock.alarm(None);
    write(CONTROL, 0);
    barrier();
    ended.unwrap_or(Ended::Returned { ticks })
}

/// Puts pointer table and frame at the top of the candidate's stack; gives where the frame is.
fn prepare(call: &Contained<'_>) -> usize {
    let table = call.stack.end.wrapping_sub(size_of_val(call.arguments)) & !7;
    for (slot, argument) in (table..call.stack.end).step_by(size_of::<u32>()).zip(call.arguments) {
        // SAFETY: the stack is the candidate's, which does not run yet.
        unsafe { (slot as *mut u32).write_volatile(argument.addr() as u32) };
    }
    let back = enter::return_address();
    let frame = Frame {
        r: [table as u32, call.workspace.addr() as u32, 0, call.extent],
        r12: 0,
        lr: back as u32 | 1,
        pc: call.entry.unwrap_or(back) as u32 & !1,
        xpsr: THUMB,
    };
    let at = table.wrapping_sub(size_of::<Frame>());
    // SAFETY: as above.
    unsafe { (at as *mut Frame).write_volatile(frame) };
    at
}

/// Opens to the candidate what it may touch.
fn open(call: &Contained<'_>) {
    let back = enter::return_address();
    let grants = [
        Grant { block: back..back.wrapping_add(enter::RETURN_BYTES), access: Access::Execute },
        Grant { block: call.code.clone(), access: Access::Execute },
        Grant { block: call.noise.clone(), access: Access::Read },
        Grant { block: call.memory.clone(), access: Access::Write },
        Grant { block: call.stack.clone(), access: Access::Write },
    ];
    let next = grants.iter().fold(0, mpu::set);
    for unused in next..regions() {
        mpu::clear(unused);
    }
    write(CONTROL, ON);
    barrier();
}

fn barrier() {
    // SAFETY: two barriers, which every Cortex-M has.
    unsafe { asm!("dsb", "isb", options(nostack, preserves_flags)) };
}
