//! What the processor may have, for `src/sandbox`: Armv6-M has no memory protection.

fn main() {
    let target = std::env::var("TARGET").unwrap_or_default();
    println!("cargo::rustc-check-cfg=cfg(sandbox, mpu_v7, mpu_v8, fpu)");
    for (prefix, mpu) in [("thumbv7", "mpu_v7"), ("thumbv8m.main", "mpu_v8")] {
        if target.starts_with(prefix) {
            println!("cargo::rustc-cfg=sandbox\ncargo::rustc-cfg={mpu}");
        }
    }
    if target.ends_with("hf") {
        println!("cargo::rustc-cfg=fpu");
    }
    println!("cargo::rerun-if-changed=build.rs");
}
