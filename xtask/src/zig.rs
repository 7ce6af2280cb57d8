//! zig's C compiler as a linker for Linux boards: it brings stubs of the C library of every year, so that what it links
//! starts on a board whose C library is old. `cargo zigbuild` has cargo link by it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::wheels::Wheel;
use crate::workspace;

/// The compiler.
pub const ZIG: Wheel = Wheel {
    requirement: "ziglang==0.15.2",
    file: "ziglang-0.15.2-py3-none-manylinux_2_12_x86_64.manylinux2010_x86_64.musllinux_1_1_x86_64.whl",
    sha256: "806316453d1ede7174ed3fefb8e5348154629089c3bb5fe812dfd0e172fac130",
    licence: "MIT",
};

/// What has cargo link by it.
pub const ZIGBUILD: Wheel = Wheel {
    requirement: "cargo-zigbuild==0.24.0",
    file: "cargo_zigbuild-0.24.0-py3-none-manylinux_2_5_x86_64.manylinux1_x86_64.whl",
    sha256: "484412e39e4c6039474535ce97ee75a22bab22d58233056f8ec8a8f9034bb957",
    licence: "MIT",
};

/// Both, unpacked.
pub struct Zig {
    folder: PathBuf,
}

impl Zig {
    /// Fetches and unpacks what is not here yet.
    pub fn fetch() -> Result<Self> {
        let zig = Self { folder: workspace::cache().join("zig-0.15.2") };
        if !zig.folder.is_dir() {
            let partial = zig.folder.with_extension("partial");
            if partial.is_dir() {
                fs::remove_dir_all(&partial)?;
            }
            ZIG.unpack(|name| Some(partial.join(name.strip_prefix("ziglang/")?)))?;
            ZIGBUILD.unpack(|name| name.ends_with("/cargo-zigbuild").then(|| partial.join("cargo-zigbuild")))?;
            for program in ["zig", "cargo-zigbuild"] {
                fs::set_permissions(partial.join(program), fs::Permissions::from_mode(0o755))?;
            }
            fs::rename(&partial, &zig.folder)?;
        }
        Ok(zig)
    }

    /// `cargo-zigbuild`, which is to find zig and to keep what it makes beside it.
    pub fn cargo(&self) -> Command {
        let mut command = Command::new(self.folder.join("cargo-zigbuild"));
        command.current_dir(workspace::root()).env("CARGO_ZIGBUILD_ZIG_PATH", self.folder.join("zig"));
        for cache in ["CARGO_ZIGBUILD_CACHE_DIR", "ZIG_GLOBAL_CACHE_DIR", "ZIG_LOCAL_CACHE_DIR"] {
            command.env(cache, workspace::cache().join("zig-made"));
        }
        command
    }
}
