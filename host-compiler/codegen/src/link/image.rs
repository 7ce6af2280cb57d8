//! The linked ELF as a flat image, and where each kernel starts in it.

use std::collections::HashMap;

use object::read::elf::ElfFile64;
use object::{Object as _, ObjectSection, ObjectSymbol, SectionKind};

use crate::error::CodegenError;
use crate::llvm::Object;

/// The loaded sections from address 0, and the offset of each object's kernel.
pub fn read(elf: &[u8], objects: &[Object]) -> Result<(Vec<u8>, Vec<u32>), CodegenError> {
    let refused = |what: String| CodegenError::Link(what);
    let file: ElfFile64<'_> = ElfFile64::parse(elf).map_err(|e| refused(e.to_string()))?;
    let mut code = Vec::new();
    for section in file.sections().filter(|s| matches!(s.kind(), SectionKind::Text | SectionKind::ReadOnlyData)) {
        let data = section.data().map_err(|e| refused(e.to_string()))?;
        let start = usize::try_from(section.address()).map_err(|e| refused(e.to_string()))?;
        if code.len() < start + data.len() {
            code.resize(start + data.len(), 0);
        }
        code[start..start + data.len()].copy_from_slice(data);
    }
    if let Some(written) =
        file.sections().find(|s| matches!(s.kind(), SectionKind::Data | SectionKind::UninitializedData) && s.size() > 0)
    {
        return Err(refused(format!("kernels may have no writable data ({} bytes)", written.size())));
    }
    let symbols: HashMap<&str, u64> =
        file.symbols().filter(|s| s.is_definition()).filter_map(|s| Some((s.name().ok()?, s.address()))).collect();
    let offset = |o: &Object| {
        let address = symbols.get(o.name.as_str()).copied();
        let offset = address.and_then(|a| u32::try_from(a).ok()).filter(|a| (*a as usize) < code.len());
        offset.ok_or_else(|| refused(format!("kernel {} is not in the image", o.name)))
    };
    let offsets: Result<Vec<u32>, _> = objects.iter().map(offset).collect();
    Ok((code, offsets?))
}
