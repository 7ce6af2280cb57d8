//! x86-64 from AVX2 with FMA up: 16 registers of 256 bits, or 32 of 512 with AVX-512.

use lathe_tensor::Target;

use crate::error::CodegenError;

/// What differs between processors.
struct Cpu {
    name: &'static str,
    avx512: bool,
    vnni: bool,
    fma_per_cycle: u32,
    fma_latency: u32,
    l1_kib: u32,
    l2_kib: u32,
}

const fn cpu(name: &'static str, avx512: bool, vnni: bool, fma: (u32, u32), l1_kib: u32, l2_kib: u32) -> Cpu {
    Cpu { name, avx512, vnni, fma_per_cycle: fma.0, fma_latency: fma.1, l1_kib, l2_kib }
}

/// What kernels need everywhere: the level `x86-64-v3`.
const BASE: &[&str] = &["avx2", "fma", "f16c", "bmi1", "bmi2", "lzcnt", "movbe", "popcnt"];

/// What the level `x86-64-v4` adds.
const AVX512: &[&str] = &["avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"];

/// Rates are of the widest vectors; caches are what one core can count on.
const CPUS: &[Cpu] = &[
    cpu("x86-64-v3", false, false, (2, 4), 32, 256),
    cpu("x86-64-v4", true, false, (2, 4), 32, 1024),
    cpu("haswell", false, false, (2, 5), 32, 256),
    cpu("broadwell", false, false, (2, 5), 32, 256),
    cpu("skylake", false, false, (2, 4), 32, 256),
    cpu("alderlake", false, false, (2, 4), 48, 1280),
    cpu("skylake-avx512", true, false, (2, 4), 32, 1024),
    cpu("cascadelake", true, true, (2, 4), 32, 1024),
    cpu("icelake-server", true, true, (2, 4), 48, 1280),
    cpu("sapphirerapids", true, true, (2, 4), 48, 2048),
    cpu("znver1", false, false, (1, 5), 32, 512),
    cpu("znver2", false, false, (2, 5), 32, 512),
    cpu("znver3", false, false, (2, 4), 32, 512),
    cpu("znver4", true, true, (1, 4), 32, 1024),
];

/// Names as in `--mcpu`, `native` last.
pub fn cpus(_target: &str) -> Vec<&'static str> {
    CPUS.iter().map(|c| c.name).chain(["native"]).collect()
}

/// The description of `cpu`, `None` when there is none of that name.
pub fn describe(name: &str, cpu: &str) -> Result<Option<Target>, CodegenError> {
    if cpu == "native" {
        return native(name).map(Some);
    }
    Ok(CPUS.iter().find(|c| c.name == cpu).map(|c| target(name, c)))
}

fn target(name: &str, cpu: &Cpu) -> Target {
    let mut features = BASE.to_vec();
    if cpu.avx512 {
        features.extend(AVX512);
    }
    if cpu.vnni {
        features.push("avx512vnni");
    }
    Target {
        name: name.to_string(),
        triple: "x86_64-unknown-linux-gnu".to_string(),
        cpu: cpu.name.to_string(),
        features: features.into_iter().map(str::to_string).collect(),
        vector_bits: if cpu.avx512 { 512 } else { 256 },
        vector_registers: if cpu.avx512 { 32 } else { 16 },
        address_registers: 15,
        multiply_by_lane: false,
        fma_per_cycle: cpu.fma_per_cycle,
        fma_latency: cpu.fma_latency,
        l1_bytes: cpu.l1_kib * 1024,
        l2_bytes: cpu.l2_kib * 1024,
    }
}

/// This machine's processor: the listed one LLVM recognises, else the level its features reach. A processor that lacks
/// AVX-512 in fact (a virtual machine may hide it) is described as `x86-64-v3`.
fn native(name: &str) -> Result<Target, CodegenError> {
    if std::env::consts::ARCH != "x86_64" {
        return Err(CodegenError::Native(format!("this machine is {}, not x86-64", std::env::consts::ARCH)));
    }
    let features = crate::llvm::host_features();
    let has = |names: &[&str]| names.iter().all(|n| features.split(',').any(|f| f.strip_prefix('+') == Some(n)));
    if !has(&["avx2", "fma", "f16c", "bmi2"]) {
        return Err(CodegenError::Native("this machine's processor lacks AVX2, FMA, F16C or BMI2".to_string()));
    }
    let avx512 = has(AVX512);
    let host = crate::llvm::host_cpu();
    let exact = CPUS.iter().find(|c| c.name == host && (!c.avx512 || avx512) && (!c.vnni || has(&["avx512vnni"])));
    Ok(target(name, exact.unwrap_or(&CPUS[usize::from(avx512)])))
}
