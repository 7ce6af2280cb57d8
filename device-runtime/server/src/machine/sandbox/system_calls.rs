//! What a child may ask of the system: what timing its candidate and ending take. Any other call is the candidate's doing,
//! and stops it by a signal (SIGSYS) before the system acts.
//!
//! Kernels have such filters (seccomp) but where they were built without; emulated processes have none. There a call is
//! done, within what the child's limits allow.
#![allow(unsafe_code)]

use std::collections::BTreeMap;
use std::io;

use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch, apply_filter};

/// Sleeping, reading the time where that takes a call, ending.
const ALLOWED: [libc::c_long; 6] = [
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_restart_syscall,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

/// The filter, in the kernel's own instructions.
#[derive(Debug)]
pub struct Filter(BpfProgram);

impl Filter {
    /// For this processor.
    pub fn new() -> io::Result<Filter> {
        let rules: BTreeMap<i64, _> = ALLOWED.iter().map(|call| (*call, Vec::new())).collect();
        let arch = TargetArch::try_from(std::env::consts::ARCH).map_err(io::Error::other)?;
        let filter = SeccompFilter::new(rules, SeccompAction::Trap, SeccompAction::Allow, arch);
        Ok(Filter(filter.and_then(BpfProgram::try_from).map_err(io::Error::other)?))
    }

    /// Filters this process's calls from now on. Allocates nothing.
    pub fn begin(&self) {
        // Without filters the limits are what is left, and the device says so: `are_stopped`.
        let _ = apply_filter(&self.0);
    }
}

/// Whether this system has filters.
pub fn are_stopped() -> bool {
    // SAFETY: asks for a number; an error when the kernel has no filters.
    unsafe { libc::prctl(libc::PR_GET_SECCOMP, 0, 0, 0, 0) >= 0 }
}
