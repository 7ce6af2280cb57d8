//! The runtime's firmware for a board: what it takes of flash and RAM, read from its linked image.

use std::path::{Path, PathBuf};

use object::read::elf::{FileHeader, ProgramHeader};
use object::{Endianness, elf};

use super::Board;

/// A linked firmware.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Firmware {
    /// the file
    pub path: PathBuf,
    /// bytes from the start of flash to the end of what the image holds there: code, constants, initial values
    pub flash_bytes: u64,
    /// bytes from the start of RAM to the end of its static data
    pub static_bytes: u64,
}

/// Why a firmware's image cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum FirmwareError {
    /// The file could not be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// the file
        path: String,
        /// why
        source: std::io::Error,
    },
    /// It is no 32-bit ELF image.
    #[error(
        "{path} is no image of a microcontroller's firmware: {source}; build it again with cargo xtask board build"
    )]
    Image {
        /// the file
        path: String,
        /// why
        source: object::read::Error,
    },
    /// Something is missing of it.
    #[error("the firmware {path} is incomplete; build it again with cargo xtask board build")]
    Incomplete {
        /// the file
        path: String,
    },
}

impl Firmware {
    /// The firmware built for `board`, when one is found: in the folder that the environment variable `LATHE_BOARDS`
    /// names, beside this program, or in the build folder, as `NAME/firmware.elf`.
    pub fn find(board: &Board) -> Result<Option<Firmware>, FirmwareError> {
        let path = folders().into_iter().map(|folder| folder.join(&board.name).join("firmware.elf"));
        path.into_iter().find(|path| path.is_file()).map(|path| Firmware::read(&path, board)).transpose()
    }

    /// Reads the image at `path`.
    pub fn read(path: &Path, board: &Board) -> Result<Firmware, FirmwareError> {
        let name = || path.display().to_string();
        let bytes = std::fs::read(path).map_err(|source| FirmwareError::Read { path: name(), source })?;
        let (flash, ram) = ends(&bytes, board).map_err(|source| FirmwareError::Image { path: name(), source })?;
        Ok(Firmware { path: path.to_path_buf(), flash_bytes: flash, static_bytes: ram })
    }
}

/// Where built firmware may be, the first that has it wins.
pub(crate) fn folders() -> Vec<PathBuf> {
    let named = std::env::var_os("LATHE_BOARDS").map(PathBuf::from);
    let program = std::env::current_exe().ok();
    let beside = program.as_deref().and_then(Path::parent);
    let built = beside.and_then(Path::parent);
    let build_folders = [beside, built].into_iter().flatten().map(|folder| folder.join("boards"));
    named.into_iter().chain(build_folders).chain([PathBuf::from("target/boards")]).collect()
}

/// The program `device-server` for boards with Linux, when it is found where firmware is: as
/// `aarch64-linux/device-server`.
pub fn device_server() -> Option<PathBuf> {
    folders().into_iter().map(|folder| folder.join("aarch64-linux/device-server")).find(|path| path.is_file())
}

/// What the image in `bytes` holds of flash: the address of each loaded segment, and its bytes. `path` is what errors
/// call it.
pub fn load_segments<'a>(bytes: &'a [u8], path: &Path) -> Result<Vec<(u32, &'a [u8])>, FirmwareError> {
    let segments = || -> Result<Option<Vec<_>>, object::read::Error> {
        let header = elf::FileHeader32::<Endianness>::parse(bytes)?;
        let endian = header.endian()?;
        let mut segments = Vec::new();
        for segment in header.program_headers(endian, bytes)? {
            let Ok(stored) = segment.data(endian, bytes) else { return Ok(None) };
            if segment.p_type(endian) == elf::PT_LOAD && !stored.is_empty() {
                segments.push((segment.p_paddr(endian), stored));
            }
        }
        Ok(Some(segments).filter(|segments| !segments.is_empty()))
    };
    let path = || path.display().to_string();
    let found = segments().map_err(|source| FirmwareError::Image { path: path(), source })?;
    found.ok_or_else(|| FirmwareError::Incomplete { path: path() })
}

/// How far the loaded segments of an image reach into flash and into RAM. Initial values of statics take both.
fn ends(bytes: &[u8], board: &Board) -> Result<(u64, u64), object::read::Error> {
    let header = elf::FileHeader32::<Endianness>::parse(bytes)?;
    let endian = header.endian()?;
    let (flash, ram) = (&board.memory.flash, &board.memory.ram);
    let (mut flash_end, mut ram_end) = (0, 0);
    for segment in header.program_headers(endian, bytes)? {
        if segment.p_type(endian) != elf::PT_LOAD {
            continue;
        }
        let loaded = u64::from(segment.p_paddr(endian));
        let stored = u64::from(segment.p_filesz(endian));
        if stored > 0 && (flash.origin..flash.end()).contains(&loaded) {
            flash_end = flash_end.max(loaded + stored - flash.origin);
        }
        let used = u64::from(segment.p_vaddr(endian));
        if (ram.origin..ram.end()).contains(&used) {
            ram_end = ram_end.max(used + u64::from(segment.p_memsz(endian)) - ram.origin);
        }
    }
    Ok((flash_end, ram_end))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An ELF image with these segments: (address in use, address loaded, bytes stored, bytes used).
    fn image(segments: &[(u32, u32, u32, u32)]) -> Vec<u8> {
        let mut bytes = vec![0x7F, b'E', b'L', b'F', 1, 1, 1];
        bytes.resize(16, 0);
        let half = |bytes: &mut Vec<u8>, v: u16| bytes.extend(v.to_le_bytes());
        let word = |bytes: &mut Vec<u8>, v: u32| bytes.extend(v.to_le_bytes());
        half(&mut bytes, 2);
        half(&mut bytes, 40);
        [1, 0, 52, 0, 0].into_iter().for_each(|v| word(&mut bytes, v));
        [52, 32, segments.len() as u16, 40, 0, 0].into_iter().for_each(|v| half(&mut bytes, v));
        for &(used, loaded, stored, memory) in segments {
            [1, 0, used, loaded, stored, memory, 5, 4].into_iter().for_each(|v| word(&mut bytes, v));
        }
        bytes
    }

    fn board() -> Board {
        super::super::parse::tests::board()
    }

    #[test]
    fn initial_values_take_flash_and_ram() {
        let segments =
            [(0x400, 0x400, 0x6000, 0x6000), (0x2000_0000, 0x6400, 0x100, 0x100), (0x2000_0100, 0x6500, 0, 0x900)];
        assert_eq!(ends(&image(&segments), &board()).unwrap(), (0x6500, 0xA00));
        assert_eq!(ends(&image(&[]), &board()).unwrap(), (0, 0));
        assert!(ends(b"not an image", &board()).is_err());
    }
}
