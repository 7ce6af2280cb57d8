//! What firmware for Cortex-M and the compiler agree on: the features of cores, which the compiler writes into artifacts
//! and the firmware says its processor has, and where arenas start.

/// What firmware aligns the start of an arena to: a Helium vector. No artifact asks for more.
pub const ARENA_ALIGN: usize = 16;

/// Features of the core named `cpu` (`cortex-m4`) beyond the base of its target, in the spelling of Rust's
/// `-C target-feature`; `None` for a core we do not know. Double precision is listed where every such core with a
/// floating-point unit has it.
pub fn features(cpu: &str) -> Option<&'static [&'static str]> {
    Some(match cpu {
        "cortex-m0" | "cortex-m0plus" | "cortex-m3" => &[],
        "cortex-m4" => &["dsp", "vfp4d16sp"],
        "cortex-m7" | "cortex-m33" => &["dsp", "vfp4d16sp", "fp-armv8d16sp"],
        "cortex-m55" => &["dsp", "vfp4d16sp", "fp-armv8d16sp", "fp64", "fp16", "mve.fp"],
        _ => return None,
    })
}
