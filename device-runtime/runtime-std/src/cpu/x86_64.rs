//! x86-64 features, asked of the CPU and of the operating system, which must save the wide registers.

/// The target name of this machine.
pub const TARGET: &str = "x86_64-linux";

/// The features of this CPU, in Rust's spelling.
pub fn detect() -> Vec<&'static str> {
    let mut found = Vec::new();
    macro_rules! ask {
        ($($feature:tt),* $(,)?) => {$(
            if std::arch::is_x86_feature_detected!($feature) {
                found.push($feature);
            }
        )*};
    }
    ask! {
        "sse2", "sse3", "ssse3", "sse4.1", "sse4.2", "popcnt", "cmpxchg16b", "xsave",
        "avx", "avx2", "fma", "f16c", "bmi1", "bmi2", "lzcnt", "movbe", "avxvnni",
        "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl", "avx512ifma", "avx512vbmi", "avx512vbmi2",
        "avx512vnni", "avx512bitalg", "avx512vpopcntdq", "avx512bf16", "avx512fp16",
    }
    found
}
