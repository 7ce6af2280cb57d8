//! AArch64 with NEON: 32 registers of 128 bits, multiply-add by lane.

use lathe_tensor::Target;

use crate::error::CodegenError;

/// What differs between processors.
struct Cpu {
    name: &'static str,
    llvm: &'static str,
    features: &'static [&'static str],
    fma_per_cycle: u32,
    fma_latency: u32,
    l1_kib: u32,
    l2_kib: u32,
}

const BASE: &[&str] = &["neon"];
const V82: &[&str] = &["neon", "dotprod", "fp16"];

const fn cpu(name: &'static str, features: &'static [&'static str], fma: (u32, u32), l1_kib: u32, l2_kib: u32) -> Cpu {
    Cpu { name, llvm: name, features, fma_per_cycle: fma.0, fma_latency: fma.1, l1_kib, l2_kib }
}

/// Latencies and rates from Arm's software optimization guides; caches are what one core can count on.
const CPUS: &[Cpu] = &[
    cpu("generic", BASE, (1, 4), 32, 256),
    cpu("cortex-a53", BASE, (1, 8), 32, 128),
    cpu("cortex-a55", V82, (1, 4), 32, 128),
    cpu("cortex-a57", BASE, (1, 9), 32, 512),
    cpu("cortex-a72", BASE, (1, 7), 32, 256),
    cpu("cortex-a73", BASE, (1, 7), 32, 256),
    cpu("cortex-a75", V82, (2, 5), 64, 256),
    cpu("cortex-a76", V82, (2, 4), 64, 256),
    cpu("cortex-a78", V82, (2, 4), 64, 256),
    cpu("cortex-a78ae", V82, (2, 4), 64, 256),
    cpu("cortex-x1", V82, (4, 4), 64, 1024),
    cpu("neoverse-n1", V82, (2, 4), 64, 1024),
    cpu("neoverse-v1", V82, (4, 4), 64, 1024),
    Cpu {
        name: "carmel",
        llvm: "carmel",
        features: &["neon", "fp16"],
        fma_per_cycle: 2,
        fma_latency: 5,
        l1_kib: 64,
        l2_kib: 1024,
    },
];

/// Names as in `--mcpu`, `native` last.
pub fn cpus(_target: &str) -> Vec<&'static str> {
    CPUS.iter().map(|c| c.name).chain(["native"]).collect()
}

/// The description of `cpu` (`cortex-` may be left out), `None` when there is none of that name.
pub fn describe(name: &str, cpu: &str) -> Result<Option<Target>, CodegenError> {
    if cpu == "native" {
        return native(name).map(Some);
    }
    let named = |c: &&Cpu| c.name == cpu || c.name.strip_prefix("cortex-") == Some(cpu);
    Ok(CPUS.iter().find(named).map(|c| target(name, c)))
}

fn target(name: &str, cpu: &Cpu) -> Target {
    Target {
        name: name.to_string(),
        triple: "aarch64-unknown-linux-gnu".to_string(),
        cpu: cpu.llvm.to_string(),
        features: cpu.features.iter().map(|f| f.to_string()).collect(),
        vector_bits: 128,
        vector_registers: 32,
        address_registers: 30,
        multiply_by_lane: true,
        fma_per_cycle: cpu.fma_per_cycle,
        fma_latency: cpu.fma_latency,
        l1_bytes: cpu.l1_kib * 1024,
        l2_bytes: cpu.l2_kib * 1024,
    }
}

/// This machine's processor: the listed one that LLVM recognises, else the generic one.
fn native(name: &str) -> Result<Target, CodegenError> {
    if std::env::consts::ARCH != "aarch64" {
        return Err(CodegenError::Native(format!("this machine is {}, not AArch64", std::env::consts::ARCH)));
    }
    let host = crate::llvm::host_cpu();
    let known = CPUS.iter().find(|c| c.name == host).unwrap_or(&CPUS[0]);
    Ok(target(name, known))
}
