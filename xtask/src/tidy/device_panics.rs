//! Code that runs on a device has no way to panic on purpose: outside data ends in an error value.

use super::{Breach, source::Source};

/// Folders whose code runs on a device, and what in them runs in build scripts.
const DEVICE: [&str; 4] = ["device-runtime/", "rpc-protocol/", "boards/", "examples/robot-firmware/"];
const BUILD: &str = "boards/memory-map/";
/// Calls that panic.
const PANICS: [&str; 7] =
    [".unwrap()", ".expect(", "panic!(", "unreachable!(", "assert!(", "assert_eq!(", "assert_ne!("];

/// Finds calls that panic in device code outside tests. Constant blocks are evaluated by the compiler and may.
pub fn check(source: &Source) -> Vec<Breach> {
    let on_device = DEVICE.iter().any(|folder| source.path.starts_with(folder));
    let at_build = source.path.starts_with(BUILD) || source.path.ends_with("build.rs");
    if !on_device || at_build || source.is_test_file() {
        return Vec::new();
    }
    let mut breaches = Vec::new();
    for (number, line) in source.product_lines() {
        let at_compile_time = line.trim_start().starts_with("const ");
        for call in PANICS.iter().filter(|call| !at_compile_time && Source::has_word(line, call)) {
            breaches.push(Breach::new(
                &source.path,
                number,
                format!("`{call}` can panic on a device: return an error"),
            ));
        }
    }
    breaches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn device_code_may_not_panic() {
        let text = "//! A.\nfn a() { b.unwrap(); }\n#[cfg(test)]\nmod tests { fn c() { d.unwrap(); } }\n";
        assert_eq!(check(&Source::new("device-runtime/executor/src/a.rs", text)).len(), 1);
        assert!(check(&Source::new("host-compiler/cli/src/a.rs", text)).is_empty());
        assert!(check(&Source::new("device-runtime/executor/tests/a.rs", text)).is_empty());
        let fine = "const _: () = assert!(A < B);\nlet x = y.unwrap_or(1);\ndebug_assert!(x);\n// panic!()\n";
        assert!(check(&Source::new("rpc-protocol/src/a.rs", fine)).is_empty());
    }
}
