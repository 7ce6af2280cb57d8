//! x86-64 features, asked of the CPU and of the operating system, which must save the wide registers.

/// The target name of this machine.
pub const TARGET: &str = "x86_64-linux";

/// Part of every x86-64 CPU.
const BASELINE: [&str; 8] = ["64bit", "cmov", "cx8", "fxsr", "mmx", "sse", "sse2", "x87"];

/// The features of this CPU, in LLVM's spelling.
pub fn detect() -> Vec<&'static str> {
    let mut found = BASELINE.to_vec();
    macro_rules! ask {
        ($($std:tt => $llvm:literal),* $(,)?) => {$(
            if std::arch::is_x86_feature_detected!($std) {
                found.push($llvm);
            }
        )*};
    }
    ask! {
        "sse3" => "sse3", "ssse3" => "ssse3", "sse4.1" => "sse4.1", "sse4.2" => "sse4.2",
        "popcnt" => "popcnt", "cmpxchg16b" => "cx16", "xsave" => "xsave",
        "avx" => "avx", "avx2" => "avx2", "fma" => "fma", "f16c" => "f16c",
        "bmi1" => "bmi", "bmi2" => "bmi2", "lzcnt" => "lzcnt", "movbe" => "movbe",
        "avx512f" => "avx512f", "avx512bw" => "avx512bw", "avx512cd" => "avx512cd",
        "avx512dq" => "avx512dq", "avx512vl" => "avx512vl", "avx512ifma" => "avx512ifma",
        "avx512vbmi" => "avx512vbmi", "avx512vbmi2" => "avx512vbmi2",
        "avx512vnni" => "avx512vnni", "avx512bitalg" => "avx512bitalg",
        "avx512vpopcntdq" => "avx512vpopcntdq", "avx512bf16" => "avx512bf16",
    }
    // LAHF and SAHF in 64-bit mode: on every CPU with AVX, not asked for by the standard library.
    if found.contains(&"avx") {
        found.push("sahf");
    }
    found
}
