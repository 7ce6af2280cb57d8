//! Cortex-M: 32-bit Thumb code, from no floating-point unit at all to 128-bit Helium vectors.

use lathe_artifact::cortex_m;
use lathe_tensor::Target;

use crate::error::CodegenError;

/// What differs between processors.
struct Cpu {
    name: &'static str,
    /// as in `--target`
    target: &'static str,
    /// (bits, number): of vector registers, or of single-precision registers where the width is 0
    registers: (u32, u32),
    address_registers: u32,
    fma_latency: u32,
    l1_kib: u32,
}

/// Armv6-M reaches eight registers with most instructions; the others keep stack pointer, link register and program
/// counter out.
const LOW: u32 = 8;
const THUMB2: u32 = 13;

const fn cpu(name: &'static str, target: &'static str, registers: (u32, u32), address_registers: u32) -> Cpu {
    Cpu { name, target, registers, address_registers, fma_latency: 3, l1_kib: 0 }
}

const CPUS: &[Cpu] = &[
    cpu("cortex-m0", "thumbv6m-none-eabi", (0, 0), LOW),
    cpu("cortex-m0plus", "thumbv6m-none-eabi", (0, 0), LOW),
    cpu("cortex-m3", "thumbv7m-none-eabi", (0, 0), THUMB2),
    cpu("cortex-m4", "thumbv7em-none-eabihf", (0, 32), THUMB2),
    Cpu { l1_kib: 4, ..cpu("cortex-m7", "thumbv7em-none-eabihf", (0, 32), THUMB2) },
    cpu("cortex-m33", "thumbv8m.main-none-eabihf", (0, 32), THUMB2),
    Cpu { fma_latency: 4, ..cpu("cortex-m55", "thumbv8.1m.main-none-eabihf", (128, 8), THUMB2) },
];

/// Names as in `--mcpu`.
pub fn cpus(target: &str) -> Vec<&'static str> {
    CPUS.iter().filter(|c| c.target == target).map(|c| c.name).collect()
}

/// The description of `cpu` (`cortex-` may be left out), `None` when `target` has none of that name.
pub fn describe(target: &str, cpu: &str) -> Result<Option<Target>, CodegenError> {
    if cpu == "native" {
        return Err(CodegenError::Native(format!("{target} is a microcontroller")));
    }
    let named = |c: &&Cpu| c.target == target && (c.name == cpu || c.name.strip_prefix("cortex-") == Some(cpu));
    Ok(CPUS.iter().find(named).map(description))
}

fn description(cpu: &Cpu) -> Target {
    let features = cortex_m::features(cpu.name).unwrap_or_default();
    Target {
        name: cpu.target.to_string(),
        triple: cpu.target.replace("-none-", "-unknown-none-"),
        cpu: cpu.name.to_string(),
        features: features.iter().map(|f| f.to_string()).collect(),
        vector_bits: cpu.registers.0,
        vector_registers: cpu.registers.1,
        address_registers: cpu.address_registers,
        multiply_by_lane: false,
        fma_per_cycle: 1,
        fma_latency: cpu.fma_latency,
        l1_bytes: cpu.l1_kib * 1024,
        l2_bytes: 0,
    }
}
