//! What the CPU of this machine can do, in the words artifacts use.

use std::sync::LazyLock;

use lathe_artifact::Host;

#[cfg(target_arch = "aarch64")]
mod aarch64;
#[cfg(target_arch = "aarch64")]
use aarch64::{TARGET, detect};
#[cfg(target_arch = "x86_64")]
mod x86_64;
#[cfg(target_arch = "x86_64")]
use x86_64::{TARGET, detect};

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
compile_error!("lathe-runtime-std runs on x86-64 and AArch64");

static FEATURES: LazyLock<Vec<&'static str>> = LazyLock::new(detect);

/// The target name of this machine, as `--target` takes it.
pub const fn host_target() -> &'static str {
    TARGET
}

/// The features of this CPU, in the spelling of Rust's target features.
pub fn host_features() -> &'static [&'static str] {
    &FEATURES
}

/// This machine, to check artifacts against.
pub fn host() -> Host<'static> {
    Host { target: TARGET, features: host_features() }
}
