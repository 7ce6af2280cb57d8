//! Where artifact, arena and stack are: what the linker's symbols say, as slices.

use core::ptr::addr_of;
use core::slice;

use device_runtime::artifact::cortex_m::ARENA_ALIGN;

unsafe extern "C" {
    /// Flash behind the firmware, where an artifact is put.
    static __artifact_start: u8;
    static __artifact_end: u8;
    /// The first byte of RAM behind the statics.
    static __sheap: u8;
    /// The lowest address of the stack, and the one above its highest.
    static _stack_end: u8;
    static _stack_start: u8;
}

/// The parts of memory that are not the program's own.
#[derive(Debug)]
pub struct Memory {
    /// where an artifact may be in flash, if one was put there
    pub artifact: &'static [u8],
    /// all RAM between the statics and the stack
    pub arena: &'static mut [u8],
    /// the stack's addresses, lowest first
    pub stack: core::ops::Range<usize>,
}

impl Memory {
    /// The memory of this program.
    ///
    /// # Safety
    /// It is called once.
    pub unsafe fn take() -> Memory {
        let statics = addr_of!(__sheap).addr().next_multiple_of(ARENA_ALIGN);
        let stack = addr_of!(_stack_end).addr()..addr_of!(_stack_start).addr();
        let artifact = addr_of!(__artifact_end).addr().saturating_sub(addr_of!(__artifact_start).addr());
        Memory {
            // SAFETY: the linker script gives this flash to nothing else.
            artifact: unsafe { slice::from_raw_parts(addr_of!(__artifact_start), artifact) },
            // SAFETY: between statics and stack there is nothing else, and this is called once.
            arena: unsafe { slice::from_raw_parts_mut(statics as *mut u8, stack.start.saturating_sub(statics)) },
            stack,
        }
    }
}
