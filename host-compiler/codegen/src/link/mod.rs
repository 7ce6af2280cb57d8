//! Objects of all kernels into one flat image without relocations.
//!
//! `ld.lld` lays the sections out from address 0; every reference inside must be relative to the instruction, so the
//! image runs at any base that is a multiple of [`Blob::alignment`].

mod archives;
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

/// What a call takes beyond the frames LLVM counts: return address, realignment to a vector register, and the frame of
/// a builtin.
const CALL_BYTES: u32 = 192;
/// The same for Thumb code: realignment to a buffer only, since LLVM counts what is pushed.
const THUMB_CALL_BYTES: u32 = 16;
/// What the deepest chain of the archive's builtins takes: 544 were seen (a remainder of doubles on a
/// Cortex-M0), and the numeric suite holds every kernel to what is stated.
const ARCHIVE_BYTES: u32 = 640;

/// What Thumb code needs at least: literals are addressed by words.
const THUMB_ALIGNMENT: u32 = 4;
/// Another base, every part of which differs from 0.
const MOVED: u64 = 0x0765_4320;

/// What a call of this object's kernel takes beside the frames of its own functions.
fn call_bytes(thumb: bool, object: &Object) -> u32 {
    match thumb {
        true if relocations::calls_out(object) => THUMB_CALL_BYTES + ARCHIVE_BYTES,
        true => THUMB_CALL_BYTES,
        false => CALL_BYTES,
    }
}

/// Links `objects` into a blob.
///
/// x86-64 addresses constants relative to the instruction, so that 64 (the alignment of vector constants) is enough.
/// AArch64 addresses them by 4096-byte pages (ADRP), so the image must stay where pages are. Thumb addresses them by
/// words, so that the alignment its sections ask for is enough.
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
    let thumb = target.is_microcontroller();
    let mut add = |name: &str, bytes: &[u8]| {
        files.push(folder.path().join(name));
        std::fs::write(folder.path().join(name), bytes)
    };
    add("builtins.o", &builtins::object(target)?)?;
    if thumb {
        add("builtins.a", archives::find(&target.name)?)?;
    }
    let part_alignment = if thumb { THUMB_ALIGNMENT } else { 64 };
    let elf = lld::run(folder.path(), &files, 0, part_alignment)?;
    let image = image::read(&elf, 0, objects)?;
    if thumb {
        // Kernels were checked by their relocations; at another base the builtins show whether they hold an address.
        let moved = lld::run(folder.path(), &files, MOVED, part_alignment)?;
        if image::read(&moved, MOVED, objects)?.code != image.code {
            return Err(CodegenError::PositionDependent(target.name.clone()));
        }
    }
    let entries = objects
        .iter()
        .zip(image.offsets)
        .map(|(o, offset)| Entry { name: o.name.clone(), offset, stack_bytes: o.stack_bytes + call_bytes(thumb, o) })
        .collect();
    let alignment = match thumb {
        true => image.alignment,
        false if target.triple.starts_with("x86_64") => 64,
        false => 4096,
    };
    Ok(Blob { code: image.code, alignment, entries })
}
