//! The linked ELF as a flat image, and where each kernel starts in it.

use std::collections::HashMap;

use object::{Architecture, File, Object as _, ObjectSection, ObjectSymbol, SectionKind};

use crate::error::CodegenError;
use crate::llvm::Object;

/// The loaded sections of a linked ELF.
pub struct Image {
    /// from the lowest address up
    pub code: Vec<u8>,
    /// where each object's kernel starts in `code`
    pub offsets: Vec<u32>,
    /// the largest alignment of a section
    pub alignment: u32,
}

/// Reads an ELF whose addresses start at `base`.
pub fn read(elf: &[u8], base: u64, objects: &[Object]) -> Result<Image, CodegenError> {
    let refused = |what: String| CodegenError::Link(what);
    let file = File::parse(elf).map_err(|e| refused(e.to_string()))?;
    let (mut code, mut alignment) = (Vec::new(), 1);
    for section in file.sections().filter(|s| matches!(s.kind(), SectionKind::Text | SectionKind::ReadOnlyData)) {
        let data = section.data().map_err(|e| refused(e.to_string()))?;
        let start = section.address().checked_sub(base).and_then(|offset| usize::try_from(offset).ok());
        let start = start.ok_or_else(|| refused(format!("a section lies at {:#x}", section.address())))?;
        if code.len() < start + data.len() {
            code.resize(start + data.len(), 0);
        }
        code[start..start + data.len()].copy_from_slice(data);
        alignment = alignment.max(section.align());
    }
    if let Some(written) =
        file.sections().find(|s| matches!(s.kind(), SectionKind::Data | SectionKind::UninitializedData) && s.size() > 0)
    {
        return Err(refused(format!("kernels may have no writable data ({} bytes)", written.size())));
    }
    // The address of a Thumb function is odd; its code starts at the even one.
    let thumb = u64::from(file.architecture() == Architecture::Arm);
    let symbols: HashMap<&str, u64> = file
        .symbols()
        .filter(|s| s.is_definition())
        .filter_map(|s| Some((s.name().ok()?, (s.address() & !thumb).checked_sub(base)?)))
        .collect();
    let offset = |o: &Object| {
        let address = symbols.get(o.name.as_str()).copied();
        let offset = address.and_then(|a| u32::try_from(a).ok()).filter(|a| (*a as usize) < code.len());
        offset.ok_or_else(|| refused(format!("kernel {} is not in the image", o.name)))
    };
    let offsets = objects.iter().map(offset).collect::<Result<Vec<u32>, _>>()?;
    let alignment = u32::try_from(alignment).map_err(|e| refused(e.to_string()))?;
    Ok(Image { code, offsets, alignment })
}
