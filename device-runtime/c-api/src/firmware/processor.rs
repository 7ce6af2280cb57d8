//! Which Cortex-M this is: it says so itself.

use lathe_executor::Host;
use lathe_executor::artifact::cortex_m;

/// The CPUID base register. Its part number is documented in each core's Technical Reference Manual.
const CPUID: *const u32 = 0xE000_ED00 as *const u32;

/// Part number, target and name of each core.
const CORES: [(u32, &str, &str); 7] = [
    (0xC20, "thumbv6m-none-eabi", "cortex-m0"),
    (0xC60, "thumbv6m-none-eabi", "cortex-m0plus"),
    (0xC23, "thumbv7m-none-eabi", "cortex-m3"),
    (0xC24, "thumbv7em-none-eabihf", "cortex-m4"),
    (0xC27, "thumbv7em-none-eabihf", "cortex-m7"),
    (0xD21, "thumbv8m.main-none-eabihf", "cortex-m33"),
    (0xD22, "thumbv8.1m.main-none-eabihf", "cortex-m55"),
];

/// What artifacts must match to run on this processor, and what it is called. A core that is not known has no target, and
/// every artifact is refused.
pub fn identify() -> (Host<'static>, &'static str) {
    // SAFETY: every Cortex-M has this register, and reading it changes nothing.
    let part = unsafe { CPUID.read_volatile() } >> 4 & 0xFFF;
    let core = CORES.iter().find(|(known, ..)| *known == part);
    let (_, target, cpu) = core.unwrap_or(&(0, "a processor this runtime does not know", "unknown"));
    (Host { target, features: cortex_m::features(cpu).unwrap_or_default() }, cpu)
}
