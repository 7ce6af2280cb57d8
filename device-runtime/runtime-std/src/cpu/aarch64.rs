//! AArch64 features, as the kernel reports them in the auxiliary vector.

/// The target name of this machine.
pub const TARGET: &str = "aarch64-linux";

/// The features of this CPU, in LLVM's spelling.
pub fn detect() -> Vec<&'static str> {
    let mut found = Vec::new();
    macro_rules! ask {
        ($($std:tt => $llvm:literal),* $(,)?) => {$(
            if std::arch::is_aarch64_feature_detected!($std) {
                found.push($llvm);
            }
        )*};
    }
    ask! {
        "neon" => "neon", "neon" => "fp-armv8", "crc" => "crc", "lse" => "lse", "rdm" => "rdm",
        "dotprod" => "dotprod", "fp16" => "fullfp16", "fhm" => "fp16fml",
        "i8mm" => "i8mm", "bf16" => "bf16", "sve" => "sve", "sve2" => "sve2",
        "rcpc" => "rcpc", "aes" => "aes", "sha2" => "sha2",
    }
    found
}
