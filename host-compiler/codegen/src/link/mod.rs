//! Objects of all kernels into one flat image without relocations.
//!
//! `ld.lld` lays the sections out from address 0; every reference inside must be relative to the instruction, so the
//! image runs at any base that is a multiple of [`Blob::alignment`].

mod builtins;
mod image;
mod lld;
mod relocations;

use lathe_tensor::Target;

use crate::error::CodegenError;
use crate::llvm::Object;

/// Machine code of all kernels, position independent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    /// the image: code and its constants
    pub code: Vec<u8>,
    /// the image's address must be a multiple of this
    pub alignment: u32,
    /// one per kernel, in the order given to `compile`
    pub entries: Vec<Entry>,
}

/// Where a kernel starts, and the stack it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// the kernel
    pub name: String,
    /// bytes from the image's start
    pub offset: u32,
    /// an upper bound of the bytes of stack a call takes, return address included
    pub stack_bytes: u32,
}

/// What a call takes beyond the frame LLVM counts: return address, realignment to a vector register, and the frame of
/// a builtin.
const CALL_BYTES: u32 = 192;

/// Links `objects` into a blob.
///
/// x86-64 addresses constants relative to the instruction, so that 64 (the alignment of vector constants) is enough.
/// AArch64 addresses them by 4096-byte pages (ADRP), so the image must stay where pages are.
pub fn link(objects: &[Object], target: &Target) -> Result<Blob, CodegenError> {
    for object in objects {
        relocations::check(object)?;
    }
    let folder = tempfile::tempdir()?;
    let mut files = Vec::with_capacity(objects.len() + 1);
    for (k, object) in objects.iter().enumerate() {
        let path = folder.path().join(format!("{k:06}.o"));
        std::fs::write(&path, &object.bytes)?;
        files.push(path);
    }
    let path = folder.path().join("builtins.o");
    std::fs::write(&path, builtins::object(target)?)?;
    files.push(path);
    let elf = lld::run(folder.path(), &files)?;
    let (code, offsets) = image::read(&elf, objects)?;
    let entries = objects
        .iter()
        .zip(offsets)
        .map(|(o, offset)| Entry { name: o.name.clone(), offset, stack_bytes: o.stack_bytes + CALL_BYTES })
        .collect();
    let alignment = if target.triple.starts_with("x86_64") { 64 } else { 4096 };
    Ok(Blob { code, alignment, entries })
}
