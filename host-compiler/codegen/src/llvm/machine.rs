//! LLVM's view of a target: initialisation, target machines, this machine's processor.

use std::sync::Once;

use inkwell::OptimizationLevel;
use inkwell::targets::{
    CodeModel, InitializationConfig, RelocMode, Target as LlvmTarget, TargetMachine, TargetMachineOptions, TargetTriple,
};
use lathe_tensor::Target;

use super::fatal;
use crate::error::CodegenError;

static INITIALISED: Once = Once::new();

/// A target machine that makes position-independent code.
pub fn machine(target: &Target) -> Result<TargetMachine, CodegenError> {
    INITIALISED.call_once(|| {
        fatal::install();
        let config = InitializationConfig::default();
        LlvmTarget::initialize_x86(&config);
        LlvmTarget::initialize_aarch64(&config);
        LlvmTarget::initialize_arm(&config);
    });
    let failed = |what: String| CodegenError::Llvm { kernel: target.name.clone(), what };
    let triple = TargetTriple::create(&target.triple);
    let llvm = LlvmTarget::from_triple(&triple).map_err(|e| failed(e.to_string()))?;
    let options = TargetMachineOptions::new()
        .set_cpu(instruction_set(target))
        .set_features(&features(target))
        .set_level(OptimizationLevel::Aggressive)
        .set_reloc_mode(RelocMode::PIC)
        .set_code_model(CodeModel::Small);
    llvm.create_target_machine_from_options(&triple, options)
        .ok_or_else(|| failed(format!("no target machine for {} {}", target.triple, target.cpu)))
}

/// The LLVM processor whose instructions may be used. On x86-64 that is the level the description's features reach, on
/// AArch64 the generic one and those features, so that code runs wherever the artifact's feature list says; the named
/// processor only tunes it (`tune-cpu`).
fn instruction_set(target: &Target) -> &str {
    match target.triple.starts_with("x86_64") {
        true if target.features.iter().any(|f| f == "avx512f") => "x86-64-v4",
        true => "x86-64-v3",
        false if target.triple.starts_with("aarch64") => "generic",
        false => &target.cpu,
    }
}

/// The artifact's feature names (Rust's) in LLVM's words.
fn features(target: &Target) -> String {
    let llvm_name = |f: &str| match f {
        "fp16" => "fullfp16".to_string(),
        "bmi1" => "bmi".to_string(),
        other => other.to_string(),
    };
    let mut list: Vec<String> = target.features.iter().map(|f| format!("+{}", llvm_name(f))).collect();
    // LLVM's cortex-m7 has double precision, which only some do.
    if target.is_microcontroller() && !target.features.iter().any(|f| f == "fp64") {
        list.push("-fp64".to_string());
    }
    list.join(",")
}

/// LLVM's name of this machine's processor.
pub fn host_cpu() -> String {
    TargetMachine::get_host_cpu_name().to_string()
}

/// This machine's features as LLVM writes them: `+avx2,-avx512f,…`.
pub fn host_features() -> String {
    TargetMachine::get_host_cpu_features().to_string()
}
