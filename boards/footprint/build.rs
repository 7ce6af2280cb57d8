//! Has the images linked as firmware is.

fn main() -> Result<(), std::env::VarError> {
    println!("cargo::rustc-link-search={}", std::env::var("CARGO_MANIFEST_DIR")?);
    for argument in ["--nmagic", "-Tlink.x"] {
        println!("cargo::rustc-link-arg-bins={argument}");
    }
    println!("cargo::rerun-if-changed=memory.x");
    Ok(())
}
