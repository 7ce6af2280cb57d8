//! What is left of a fault: where it happened and what it touched, kept over the restart that follows it.

use core::mem::MaybeUninit;
use core::ptr::addr_of_mut;

use cortex_m_rt::{ExceptionFrame, exception};
use device_server::rpc_protocol::{Reason, reasons};

/// Configurable fault status, and the addresses of a memory management and of a bus fault. Architectures before
/// Armv7-M have none and read zeros.
const STATUS: *const u32 = 0xE000_ED28 as *const u32;
const MEMORY_ADDRESS: *const u32 = 0xE000_ED34 as *const u32;
const BUS_ADDRESS: *const u32 = 0xE000_ED38 as *const u32;
/// Application interrupt and reset control, and what restarts the system when written there.
const CONTROL: *mut u32 = 0xE000_ED0C as *mut u32;
const RESTART: u32 = 0x05FA_0004;

/// STATUS: which address is valid.
const MEMORY_ADDRESS_VALID: u32 = 1 << 7;
const BUS_ADDRESS_VALID: u32 = 1 << 15;

/// Says that [`KEPT`] was written before a restart: memory holds anything after power came.
const MARK: u32 = 0x4C46_4C54;
/// The same, of the interrupt that says what hung.
const HUNG: u32 = 0x4C48_4E47;

/// Interrupt control and state: its lowest bits are the exception being handled. A watchdog has the one that cannot be
/// masked, or tells by the clock's interrupt; whatever else ends here is a fault.
#[cfg(sandbox)]
const STATE: usize = 0xE000_ED04;
#[cfg(sandbox)]
const FAULTS: core::ops::RangeInclusive<u32> = 3..=6;

/// A fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Fault {
    mark: u32,
    /// the instruction that faulted, or that the watchdog interrupted
    pub at: u32,
    /// where it would have returned to
    pub caller: u32,
    /// the processor's fault status; 0 where it has none
    pub status: u32,
    /// the address it touched; 0 when the processor does not tell
    pub address: u32,
}

/// Left alone by the startup code.
#[unsafe(link_section = ".uninit.fault")]
static mut KEPT: MaybeUninit<Fault> = MaybeUninit::uninit();

impl Fault {
    /// The fault that ended the program before this restart, once.
    pub fn take() -> Option<Fault> {
        // SAFETY: only this function and the handler use it, which never returns here. Any bits are a `Fault`.
        let fault = unsafe { addr_of_mut!(KEPT).cast::<Fault>().read_volatile() };
        if fault.mark != MARK && fault.mark != HUNG {
            return None;
        }
        // SAFETY: as above.
        unsafe { addr_of_mut!(KEPT).cast::<u32>().write_volatile(0) };
        outlive_the_cache();
        Some(fault)
    }

    /// A restart by the watchdog of which no more is known.
    pub fn unseen_hang() -> Fault {
        Fault { mark: HUNG, at: 0, caller: 0, status: 0, address: 0 }
    }

    /// What the host is told.
    pub fn reason(&self) -> Reason<'static> {
        let number = if self.mark == HUNG { reasons::WATCHDOG } else { reasons::FAULT };
        Reason::of(number, [self.at, self.caller, self.status, self.address].map(u64::from))
    }
}

/// A restart forgets what of [`KEPT`] is in a cache only.
fn outlive_the_cache() {
    #[cfg(feature = "data-cache")]
    {
        let kept = addr_of_mut!(KEPT).addr();
        crate::caches::write_back(kept..kept.wrapping_add(size_of::<Fault>()));
    }
}

// The interrupt that cannot be masked is a watchdog's last word before it resets the board: it goes the way of a fault.
#[cfg(sandbox)]
core::arch::global_asm!(
    ".section .text.NonMaskableInt, \"ax\"
     .global NonMaskableInt
     .type NonMaskableInt, %function
     .thumb_func
     NonMaskableInt:
         b.w HardFault"
);

/// Every fault of the firmware ends here: the others are enabled for candidates only.
#[exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    #[cfg(sandbox)]
    let mark = if FAULTS.contains(&(crate::register::read(STATE) & 0x1FF)) { MARK } else { HUNG };
    #[cfg(not(sandbox))]
    let mark = MARK;
    #[cfg(sandbox)]
    if mark == MARK && crate::sandbox::interrupted(core::ptr::from_ref(frame).addr()) {
        crate::sandbox::faulted();
    }
    // SAFETY: the architecture gives these addresses; reading them changes nothing.
    let status = unsafe { STATUS.read_volatile() };
    let address = match status {
        // SAFETY: as above.
        _ if status & MEMORY_ADDRESS_VALID != 0 => unsafe { MEMORY_ADDRESS.read_volatile() },
        // SAFETY: as above.
        _ if status & BUS_ADDRESS_VALID != 0 => unsafe { BUS_ADDRESS.read_volatile() },
        _ => 0,
    };
    let fault = Fault { mark, at: frame.pc(), caller: frame.lr(), status, address };
    // SAFETY: the program that could read it meanwhile is over.
    unsafe { addr_of_mut!(KEPT).cast::<Fault>().write_volatile(fault) };
    outlive_the_cache();
    // SAFETY: this is how the architecture restarts the system.
    unsafe { CONTROL.write_volatile(RESTART) };
    loop {
        core::hint::spin_loop();
    }
}
