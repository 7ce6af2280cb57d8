//! The machine that reads an artifact: what its target and its CPU features must match.

/// The machine that reads an artifact.
#[derive(Clone, Copy, Debug)]
pub struct Host<'h> {
    /// Target name as `--target` takes it: `x86_64-linux`, `aarch64-linux`, `thumbv7em-none-eabihf`, …
    pub target: &'static str,
    /// Features of this CPU, in the spelling of Rust's target features (`avx2`, `fma`, `dotprod`, `fp16`).
    pub features: &'h [&'h str],
}

impl Host<'_> {
    /// Whether this CPU has `feature`.
    pub fn has(&self, feature: &str) -> bool {
        self.features.contains(&feature)
    }
}
