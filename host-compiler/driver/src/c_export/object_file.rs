//! An artifact as a relocatable object file: one read-only section and two symbols.

use lathe_artifact::Artifact;
use object::write::{Object, Symbol, SymbolSection};
use object::{
    Architecture, BinaryFormat, Endianness, FileFlags, SectionFlags, SectionKind, SymbolFlags, SymbolKind, SymbolScope,
    elf,
};

use super::Identifier;
use super::attributes::arm_attributes;

/// Why there is no object file.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// The target has no object format here.
    #[error("no object files are written for {0}; write an artifact (-o MODEL.lathe) and load that")]
    Target(String),
    /// The object could not be written.
    #[error("the object file could not be written: {0}")]
    Write(#[from] object::write::Error),
}

/// The artifact in `bytes`, which `artifact` was parsed from, as an object for its target. It holds
/// `lathe_model_<name>` and, one past its last byte, `lathe_model_<name>_end`.
pub fn object(artifact: &Artifact<'_>, bytes: &[u8], name: &Identifier) -> Result<Vec<u8>, ObjectError> {
    let target = artifact.header().target;
    let attributes = arm_attributes(target);
    let architecture = match target {
        _ if attributes.is_some() => Architecture::Arm,
        "x86_64-linux" => Architecture::X86_64,
        "aarch64-linux" => Architecture::Aarch64,
        _ => return Err(ObjectError::Target(target.to_string())),
    };
    let mut object = Object::new(BinaryFormat::Elf, architecture, Endianness::Little);
    let section = format!(".rodata.lathe_model_{name}");
    let section = object.add_section(Vec::new(), section.into_bytes(), SectionKind::ReadOnlyData);
    object.append_section_data(section, bytes, artifact.in_place_align() as u64);
    let size = bytes.len() as u64;
    for (symbol, value, size) in
        [(format!("lathe_model_{name}"), 0, size), (format!("lathe_model_{name}_end"), size, 0)]
    {
        object.add_symbol(Symbol {
            name: symbol.into_bytes(),
            value,
            size,
            kind: SymbolKind::Data,
            scope: SymbolScope::Dynamic,
            weak: false,
            section: SymbolSection::Section(section),
            flags: SymbolFlags::None,
        });
    }
    if let Some(attributes) = attributes {
        let section = object.add_section(Vec::new(), b".ARM.attributes".to_vec(), SectionKind::Other);
        object.append_section_data(section, &attributes, 1);
        let (sh_type, sh_flags) = (elf::SHT_ARM_ATTRIBUTES, elf::SectionFlags(0));
        object.section_mut(section).flags = SectionFlags::Elf { sh_type, sh_flags };
        let (os_abi, e_flags) = (elf::ELFOSABI_NONE, elf::EF_ARM_EABI_VER5);
        object.flags = FileFlags::Elf { os_abi, abi_version: 0, e_flags };
    }
    // Without it linkers take the stack for executable.
    object.add_section(Vec::new(), b".note.GNU-stack".to_vec(), SectionKind::Other);
    Ok(object.write()?)
}

#[cfg(test)]
mod tests {
    use lathe_artifact::ArtifactContents;
    use object::{Object as _, ObjectSection as _, ObjectSymbol as _};

    use super::*;

    fn artifact(target: &str) -> Vec<u8> {
        let mut contents = ArtifactContents::new(target, "some-cpu", std::iter::empty::<&str>());
        contents.constants = vec![7; 100];
        contents.to_bytes().unwrap()
    }

    #[test]
    fn an_object_holds_the_artifact_at_its_alignment() {
        let targets = ["x86_64-linux", "aarch64-linux", "thumbv6m-none-eabi", "thumbv7em-none-eabihf"];
        for target in targets {
            let bytes = artifact(target);
            let artifact = Artifact::parse(&bytes).unwrap();
            let written = object(&artifact, &bytes, &Identifier::of("net")).unwrap();
            let file = object::File::parse(&*written).unwrap();
            let section = file.section_by_name(".rodata.lathe_model_net").unwrap();
            assert_eq!(section.data().unwrap(), bytes);
            assert_eq!(section.align(), artifact.in_place_align() as u64);
            let address =
                |name: &str| file.symbols().find(|s| s.name() == Ok(name) && s.is_global()).unwrap().address();
            assert_eq!(address("lathe_model_net"), 0);
            assert_eq!(address("lathe_model_net_end"), bytes.len() as u64);
            assert_eq!(file.section_by_name(".ARM.attributes").is_some(), target.starts_with("thumb"), "{target}");
        }
    }

    #[test]
    fn a_target_without_objects_is_refused() {
        let bytes = artifact("some-target");
        let refused = object(&Artifact::parse(&bytes).unwrap(), &bytes, &Identifier::of("net")).unwrap_err();
        assert!(refused.to_string().contains("some-target"));
    }
}
