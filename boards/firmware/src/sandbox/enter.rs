//! Into the sandbox and out of it: two supervisor calls.
//!
//! The server's thread runs privileged on the main stack, a candidate unprivileged on the process stack. The call from
//! the main stack keeps what a function must keep there, and returns from its exception into the candidate's frame. The
//! candidate returns to an instruction that makes the other call, which returns from its exception into the frame the
//! first left on the main stack. Any handler can end the candidate the same way, by [`leave`]: what was begun is
//! forgotten, the main stack is as it was. Armv7-M Architecture Reference Manual, B1.5.6 to B1.5.8 (exception entry and
//! return), B1.4.4 (CONTROL), B1.5.7 (lazy floating-point state, which must not be written to a stack that is gone).

use core::arch::{asm, global_asm};
use core::ptr::addr_of;
use core::sync::atomic::{AtomicUsize, Ordering};

/// The main stack's pointer while a candidate runs, else 0.
#[unsafe(no_mangle)]
static LATHE_SANDBOX_LEFT: AtomicUsize = AtomicUsize::new(0);

unsafe extern "C" {
    /// The instruction a candidate returns to, alone in the smallest region.
    static lathe_sandbox_return: u8;
    fn lathe_sandbox_leave(answer: u32) -> !;
}

/// Bytes of the region that [`return_address`] is in.
pub const RETURN_BYTES: usize = 32;

#[cfg(fpu)]
macro_rules! with_floats {
    ($code:literal) => {
        $code
    };
}
#[cfg(not(fpu))]
macro_rules! with_floats {
    ($code:literal) => {
        ""
    };
}

global_asm!(
    with_floats!(".fpu fpv4-sp-d16"),
    ".section .text.lathe_sandbox, \"ax\"
     .p2align 5
     .global lathe_sandbox_return
     .type lathe_sandbox_return, %function
     .thumb_func
     lathe_sandbox_return:
         svc #0
     .p2align 5
     .global SVCall
     .type SVCall, %function
     .thumb_func
     SVCall:
         tst lr, #4
         bne 1f
         ldr r0, [sp]
         push {{r4-r11, lr}}",
    with_floats!("vpush {{s16-s31}}"),
    "    ldr r1, =LATHE_SANDBOX_LEFT
         mov r2, sp
         str r2, [r1]
         msr psp, r0
         mrs r1, control
         orr r1, r1, #1
         msr control, r1
         isb
         orr lr, lr, #0x14
         bx lr
     1:
         movs r0, #0
     .global lathe_sandbox_leave
     .type lathe_sandbox_leave, %function
     .thumb_func
     lathe_sandbox_leave:
         mrs r1, control
         bic r1, r1, #1
         msr control, r1
         ldr r1, =LATHE_SANDBOX_LEFT
         ldr r2, [r1]
         msr msp, r2
         movs r2, #0
         str r2, [r1]",
    with_floats!(
        "ldr r1, =0xE000EF34
         ldr r2, [r1]
         bic r2, r2, #1
         str r2, [r1]
         dsb
         isb
         vpop {{s16-s31}}"
    ),
    "    isb
         pop {{r4-r11, lr}}
         str r0, [sp]
         bx lr
     .ltorg"
);

/// What the processor stacks of a thread that an exception interrupts.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Frame {
    pub r: [u32; 4],
    pub r12: u32,
    pub lr: u32,
    pub pc: u32,
    pub xpsr: u32,
}

/// xPSR of Thumb code.
pub const THUMB: u32 = 1 << 24;

/// Where a candidate returns to, without the Thumb bit.
pub fn return_address() -> usize {
    addr_of!(lathe_sandbox_return).addr() & !1
}

/// Runs what is in the [`Frame`] at `stack`; gives 0 when it returned, else what [`leave`] was given.
///
/// # Safety
/// There is such a frame, and memory protection lets it touch only what nobody else uses.
pub unsafe fn enter(stack: usize) -> u32 {
    let answer;
    // SAFETY: the call keeps every register but the one that holds the answer.
    unsafe { asm!("svc #0", inout("r0") stack as u32 => answer) };
    answer
}

/// Whether a candidate runs, or did when this exception came.
pub fn running() -> bool {
    LATHE_SANDBOX_LEFT.load(Ordering::Relaxed) != 0
}

/// Ends the candidate: [`enter`] returns with `answer`.
///
/// # Safety
/// It is called by the only active exception, while a candidate [`running`] was interrupted by it.
pub unsafe fn leave(answer: u32) -> ! {
    // SAFETY: the main stack's pointer was kept.
    unsafe { lathe_sandbox_leave(answer) }
}

/// The candidate's stack pointer.
pub fn process_stack() -> usize {
    let pointer: usize;
    // SAFETY: it reads a register.
    unsafe { asm!("mrs {}, psp", out(reg) pointer, options(nomem, nostack, preserves_flags)) };
    pointer
}
