//! For programs without interrupts: the list of handlers that cortex-m-rt's linker script includes, with none in it.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var_os("CARGO_FEATURE_NO_INTERRUPTS").is_some() {
        let folder = std::path::PathBuf::from(std::env::var("OUT_DIR")?);
        std::fs::write(folder.join("device.x"), "")?;
        println!("cargo::rustc-link-search={}", folder.display());
    }
    Ok(())
}
