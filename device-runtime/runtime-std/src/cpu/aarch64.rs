//! AArch64 features, as the kernel reports them in the auxiliary vector.

/// The target name of this machine.
pub const TARGET: &str = "aarch64-linux";

/// The features of this CPU, in Rust's spelling.
pub fn detect() -> Vec<&'static str> {
    let mut found = Vec::new();
    macro_rules! ask {
        ($($feature:tt),* $(,)?) => {$(
            if std::arch::is_aarch64_feature_detected!($feature) {
                found.push($feature);
            }
        )*};
    }
    ask! {
        "neon", "crc", "lse", "rdm", "dotprod", "fp16", "fhm", "i8mm", "bf16", "sve", "sve2", "rcpc", "aes", "sha2",
    }
    found
}
