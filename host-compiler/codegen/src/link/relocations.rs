//! Which relocations a kernel's object may have: those the linker resolves to a distance.

use object::elf;
use object::{
    Architecture, File, Object as _, ObjectSection, ObjectSymbol, RelocationFlags, RelocationTarget, SectionFlags,
};

use crate::error::CodegenError;
use crate::llvm::Object;

const X86_64: &[u32] = &[elf::R_X86_64_PC32.0, elf::R_X86_64_PLT32.0, elf::R_X86_64_PC64.0];

const AARCH64: &[u32] = &[
    elf::R_AARCH64_ADR_PREL_PG_HI21.0,
    elf::R_AARCH64_ADR_PREL_LO21.0,
    elf::R_AARCH64_LD_PREL_LO19.0,
    elf::R_AARCH64_ADD_ABS_LO12_NC.0,
    elf::R_AARCH64_LDST8_ABS_LO12_NC.0,
    elf::R_AARCH64_LDST16_ABS_LO12_NC.0,
    elf::R_AARCH64_LDST32_ABS_LO12_NC.0,
    elf::R_AARCH64_LDST64_ABS_LO12_NC.0,
    elf::R_AARCH64_LDST128_ABS_LO12_NC.0,
    elf::R_AARCH64_CALL26.0,
    elf::R_AARCH64_JUMP26.0,
    elf::R_AARCH64_CONDBR19.0,
    elf::R_AARCH64_TSTBR14.0,
    elf::R_AARCH64_PREL32.0,
    elf::R_AARCH64_PREL64.0,
];

const ARM: &[u32] = &[
    elf::R_ARM_REL32.0,
    elf::R_ARM_THM_PC22.0,
    elf::R_ARM_THM_JUMP24.0,
    elf::R_ARM_THM_JUMP19.0,
    elf::R_ARM_THM_MOVW_PREL_NC.0,
    elf::R_ARM_THM_MOVT_PREL.0,
];

/// Refuses an object with a relocation that would hold an address, or with data that is written.
pub fn check(object: &Object) -> Result<(), CodegenError> {
    let unreadable = |e: object::Error| CodegenError::Link(format!("object of {}: {e}", object.name));
    let file = File::parse(object.bytes.as_slice()).map_err(unreadable)?;
    let allowed = match file.architecture() {
        Architecture::X86_64 => X86_64,
        Architecture::Arm => ARM,
        _ => AARCH64,
    };
    for section in file.sections().filter(is_loaded) {
        for (_, relocation) in section.relocations() {
            let kind = match relocation.flags() {
                RelocationFlags::Elf { r_type } => r_type,
                _ => continue,
            };
            if !allowed.contains(&kind.0) {
                let symbol = match relocation.target() {
                    RelocationTarget::Symbol(s) => file.symbol_by_index(s).and_then(|s| s.name().map(str::to_string)),
                    _ => Ok(String::new()),
                };
                let what = format!("type {} to `{}`", kind.0, symbol.unwrap_or_default());
                return Err(CodegenError::Relocation { kernel: object.name.clone(), what });
            }
        }
    }
    Ok(())
}

/// Whether the kernel calls functions that its object does not define.
pub fn calls_out(object: &Object) -> bool {
    let file = File::parse(object.bytes.as_slice());
    file.is_ok_and(|f| f.symbols().any(|s| s.is_undefined() && s.name().is_ok_and(|name| !name.is_empty())))
}

/// Whether a section is part of the image (unwind tables are dropped).
fn is_loaded<'d>(section: &impl ObjectSection<'d>) -> bool {
    let allocated = match section.flags() {
        SectionFlags::Elf { sh_flags, .. } => sh_flags.0 & elf::SHF_ALLOC.0 != 0,
        _ => false,
    };
    allocated && section.name().is_ok_and(|name| name != ".eh_frame" && !name.starts_with(".ARM.ex"))
}
