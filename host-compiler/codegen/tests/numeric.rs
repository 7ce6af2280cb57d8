//! The numeric suite on this machine and under qemu-aarch64, and the properties of a blob.

mod suite;

use lathe_codegen::targets;
use suite::native::{Aligned, Loaded};
use suite::{Case, blob, cases, qemu};

fn report(failures: Vec<String>, total: usize) {
    let shown: Vec<&String> = failures.iter().take(40).collect();
    assert!(failures.is_empty(), "{} of {total} cases are wrong: {shown:#?}", failures.len());
}

fn run_native(case: &Case, loaded: &Loaded<'_>) -> Result<(), String> {
    let mut buffers: Vec<Aligned> = case.params.iter().map(|p| Aligned::of(p)).collect();
    for (begin, end) in &case.slices {
        let mut arguments: Vec<&mut Aligned> = buffers.iter_mut().collect();
        loaded.call(&case.kernel.name, &mut arguments, case.kernel.workspace, *begin, *end);
    }
    if let Some(k) = buffers.iter().position(|b| !b.intact()) {
        return Err(format!("{} wrote behind parameter {k}", case.kernel.name));
    }
    let actual: Vec<Vec<u8>> = buffers.iter().map(|b| b.bytes().to_vec()).collect();
    case.check(&actual)
}

/// All cases at three legal bases.
#[test]
fn native_suite() {
    let target = targets::find(&format!("{}-linux", std::env::consts::ARCH), Some("native")).unwrap();
    let cases = cases();
    let blob = blob(&cases, &target);
    for steps in [0, 1, 7] {
        let loaded = Loaded::new(&blob, steps);
        report(cases.iter().filter_map(|c| run_native(c, &loaded).err()).collect(), cases.len());
    }
    println!("{} cases, {} KB of code", cases.len(), blob.code.len() / 1024);
}

fn under_qemu(cpu: &str, emulated: &str, steps: u64, cases: Vec<Case>) {
    assert!(qemu::available(), "aarch64-linux-gnu-gcc or qemu-aarch64 is missing; `cargo xtask setup` installs them");
    let target = targets::find("aarch64-linux", Some(cpu)).unwrap();
    let blob = blob(&cases, &target);
    let results = qemu::run(&cases, &blob, emulated, steps);
    report(cases.iter().zip(results).filter_map(|(c, r)| c.check(&r).err()).collect(), cases.len());
}

#[test]
#[ignore = "needs aarch64-linux-gnu-gcc and qemu-aarch64: cargo xtask test --only aarch64"]
fn aarch64_suite_cortex_a57() {
    under_qemu("cortex-a57", "cortex-a57", 1, cases());
}

/// What native f16 arithmetic changes, and the shapes again at another base.
#[test]
#[ignore = "needs aarch64-linux-gnu-gcc and qemu-aarch64: cargo xtask test --only aarch64"]
fn aarch64_f16_and_shapes_cortex_a76() {
    let mut some = suite::shapes::cases();
    some.extend(suite::expressions::cases().into_iter().filter(|c| c.kernel.name.contains("f16")));
    under_qemu("cortex-a76", "cortex-a76", 5, some);
}

/// Tensorised loops are the dot product instruction, and give what its pattern says.
#[test]
#[ignore = "needs aarch64-linux-gnu-gcc and qemu-aarch64: cargo xtask test --only aarch64"]
fn aarch64_dot_product_cortex_a76() {
    let target = targets::find("aarch64-linux", Some("cortex-a76")).unwrap();
    for (case, instruction) in suite::tensorised::cases().iter().zip(["sdot", "udot"]) {
        let asm = lathe_codegen::llvm::emit(&case.kernel, &target, lathe_codegen::llvm::Emit::Asm).unwrap();
        let asm = String::from_utf8(asm).unwrap();
        assert!(asm.contains(&format!("\t{instruction}\t")), "{asm}");
        assert!(!asm.contains("\tmla\t"), "{asm}");
    }
    under_qemu("cortex-a76", "cortex-a76", 3, suite::tensorised::cases());
}

/// A processor with more instructions than the features in its description (SVE, here) is given code that another with
/// the same features runs.
#[test]
#[ignore = "needs aarch64-linux-gnu-gcc and qemu-aarch64: cargo xtask test --only aarch64"]
fn aarch64_code_for_a_neoverse_v1_needs_its_features_only() {
    let some = cases().into_iter().step_by(3).collect();
    under_qemu("neoverse-v1", "cortex-a76", 1, some);
}
