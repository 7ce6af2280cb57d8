//! The text of a `board.toml` to a [`Board`], checked.

use serde::Deserialize;
use toml::Spanned;

use super::{Board, BoardError, Link, Memory, Region};

/// What an artifact's address must be a multiple of: its sections ask for no more.
const ARTIFACT_ALIGN: u64 = 64;

/// The memory again, with the place of each region in the text.
#[derive(Deserialize)]
struct Places {
    memory: MemoryPlaces,
    firmware: Option<Spanned<toml::Table>>,
    link: Spanned<toml::Table>,
}

#[derive(Deserialize)]
struct MemoryPlaces {
    flash: Option<Spanned<Region>>,
    ram: Spanned<Region>,
}

/// Reads a board's description; `file` is what errors call it.
pub fn parse(text: &str, file: &str) -> Result<Board, BoardError> {
    let at = |offset: usize, message: String| {
        let before = text.get(..offset).unwrap_or(text);
        BoardError::Form { file: file.to_string(), line: 1 + before.matches('\n').count(), message }
    };
    let wrong = |e: toml::de::Error| at(e.span().map_or(0, |span| span.start), e.message().to_string());
    let board: Board = toml::from_str(text).map_err(wrong)?;
    let places: Places = toml::from_str(text).map_err(wrong)?;
    let ram = &places.memory.ram;
    if board.has_os() {
        return on_linux(board, &places).map_err(|(offset, message)| at(offset, message));
    }
    let (Some(flash), Some(firmware)) = (&places.memory.flash, &places.firmware) else {
        let message = "a board without operating system needs [memory.flash] and [firmware] (or os = \"linux\")";
        return Err(at(ram.span().start, message.to_string()));
    };
    for (name, region) in [("flash", flash), ("ram", ram)] {
        if let Some(problem) = unusable(region.get_ref()) {
            return Err(at(region.span().start, format!("memory.{name} {problem}")));
        }
    }
    let Memory { flash, ram } = &board.memory;
    if flash.origin < ram.end() && ram.origin < flash.end() {
        let message = format!("memory.ram ({}) overlaps memory.flash ({})", range(ram), range(flash));
        return Err(at(places.memory.ram.span().start, message));
    }
    let reserved = firmware.span().start;
    if board.firmware.flash_bytes >= flash.bytes {
        let (wanted, there) = (board.firmware.flash_bytes, flash.bytes);
        let message =
            format!("firmware.flash_bytes is {wanted} and leaves nothing of the {there} bytes of memory.flash");
        return Err(at(reserved, message));
    }
    if !board.artifact_address().is_multiple_of(ARTIFACT_ALIGN) {
        let message = format!(
            "firmware.flash_bytes puts the artifact at {:#x}, which is no multiple of {ARTIFACT_ALIGN}",
            board.artifact_address()
        );
        return Err(at(reserved, message));
    }
    if board.firmware.stack_bytes >= ram.bytes {
        let (wanted, there) = (board.firmware.stack_bytes, ram.bytes);
        let message = format!("firmware.stack_bytes is {wanted} and leaves nothing of the {there} bytes of memory.ram");
        return Err(at(reserved, message));
    }
    if board.firmware.own_stack_bytes > board.firmware.stack_bytes {
        let (own, there) = (board.firmware.own_stack_bytes, board.firmware.stack_bytes);
        let message = format!("firmware.own_stack_bytes is {own}, more than the {there} of firmware.stack_bytes");
        return Err(at(reserved, message));
    }
    Ok(board)
}

/// A board with Linux, or where in the text something is wrong and what: it has RAM, and nothing of a firmware's.
fn on_linux(board: Board, places: &Places) -> Result<Board, (usize, String)> {
    let unfit = [
        ("memory.flash", places.memory.flash.as_ref().map(Spanned::span)),
        ("firmware", places.firmware.as_ref().map(Spanned::span)),
    ];
    if let Some((name, Some(span))) = unfit.into_iter().find(|(_, span)| span.is_some()) {
        return Err((span.start, format!("{name} is for boards without operating system")));
    }
    if board.memory.ram.is_empty() {
        return Err((places.memory.ram.span().start, "memory.ram has no bytes".to_string()));
    }
    match board.link {
        Link::Tcp { .. } => Ok(board),
        Link::Uart { .. } => {
            Err((places.link.span().start, "a board with Linux is reached over the network: link.kind is tcp".into()))
        }
    }
}

/// What is wrong with a region by itself.
fn unusable(region: &Region) -> Option<String> {
    if region.bytes == 0 {
        return Some("has no bytes".to_string());
    }
    let end = region.origin.checked_add(region.bytes);
    let fits = end.is_some_and(|end| end <= 1 << 32);
    (!fits).then(|| format!("({:#x} and {} bytes on) is not within 32-bit addresses", region.origin, region.bytes))
}

fn range(region: &Region) -> String {
    format!("{:#010x}..{:#010x}", region.origin, region.end())
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::Runner;
    use super::*;

    const GOOD: &str = r#"name = "desk"
about = "a board on the desk"
emulated = true
target = "thumbv7em-none-eabihf"
cpu = "cortex-m4"
clock_hz = 25_000_000
[memory.flash]
origin = 0x0000_0000
bytes = 0x0040_0000
[memory.ram]
origin = 0x2000_0000
bytes = 0x0002_0000
[firmware]
flash_bytes = 0x0002_0000
stack_bytes = 8192
own_stack_bytes = 2048
[link]
kind = "uart"
baud = 115_200
[runner]
kind = "qemu"
machine = "mps2-an386"
"#;

    /// A board for tests: 4 MiB of flash at 0, 128 KiB of RAM.
    pub fn board() -> Board {
        parse(GOOD, "desk/board.toml").unwrap()
    }

    fn error(from: &str, to: &str) -> String {
        assert!(GOOD.contains(from), "{from}");
        parse(&GOOD.replace(from, to), "desk/board.toml").unwrap_err().to_string()
    }

    #[test]
    fn a_description_says_where_everything_is() {
        let board = board();
        assert_eq!((board.artifact_address(), board.artifact_room()), (0x2_0000, 0x3E_0000));
        assert_eq!(board.ram_room(), 0x2_0000 - 8192);
        assert_eq!(board.link, Link::Uart { baud: 115_200 });
        assert_eq!(board.runner, Some(Runner::Qemu { machine: "mps2-an386".into(), holds_bytes: false }));
        let without = GOOD.split("[runner]").next().unwrap();
        assert_eq!(parse(without, "desk/board.toml").unwrap().runner, None);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let message = error("clock_hz", "clock");
        assert!(message.starts_with("desk/board.toml, line 6: unknown field `clock`"), "{message}");
        let message = error("baud = 115_200", "baud = 115_200\nparity = \"even\"");
        assert!(message.contains("unknown field `parity`"), "{message}");
        let message = error("bytes = 0x0040_0000", "bytes = 0x0040_0000\nwidth = 4");
        assert!(message.starts_with("desk/board.toml, line 10: unknown field `width`"), "{message}");
        let message = error("stack_bytes = 8192\n", "");
        assert!(message.contains("missing field `stack_bytes`"), "{message}");
        let message = error("clock_hz = 25_000_000", "clock_hz = fast");
        assert!(message.starts_with("desk/board.toml, line 6:"), "{message}");
        let message = error("kind = \"qemu\"", "kind = \"abacus\"");
        assert!(message.contains("abacus") && message.contains("qemu"), "{message}");
    }

    #[test]
    fn a_board_with_linux_has_no_firmware() {
        let (head, rest) = GOOD.split_once("[memory.flash]").unwrap();
        let (flash, rest) = rest.split_once("[memory.ram]").unwrap();
        let (ram, rest) = rest.split_once("[firmware]").unwrap();
        let (firmware, _) = rest.split_once("[link]").unwrap();
        let linux = format!("{head}os = 'linux'\ncores = 4\n[memory.ram]{ram}[link]\nkind = 'tcp'\nport = 9190\n");
        let read = |text: &str| parse(text, "desk/board.toml");
        let board = read(&linux).unwrap();
        assert!(board.has_os() && board.cores == 4 && board.memory.flash.is_empty());
        let message = |text: String| read(&text).unwrap_err().to_string();
        let wrong = message(format!("{linux}[memory.flash]{flash}"));
        assert!(wrong.contains("memory.flash is for boards without operating system"), "{wrong}");
        let wrong = message(format!("{linux}[firmware]{firmware}"));
        assert!(wrong.contains("firmware is for boards without operating system"), "{wrong}");
        let wrong = message(linux.replace("kind = 'tcp'\nport = 9190", "kind = 'uart'\nbaud = 9600"));
        assert!(wrong.contains("link.kind is tcp"), "{wrong}");
        let wrong = message(linux.replace("os = 'linux'\n", ""));
        assert!(wrong.contains("needs [memory.flash] and [firmware]"), "{wrong}");
    }

    #[test]
    fn memory_that_cannot_be_is_refused() {
        let message = error("0x2000_0000", "0x003F_0000");
        assert!(message.contains("line 10: memory.ram (0x003f0000..0x00410000) overlaps memory.flash"), "{message}");
        let message = error("bytes = 0x0002_0000\n[firmware]", "bytes = 0\n[firmware]");
        assert!(message.contains("memory.ram has no bytes"), "{message}");
        let message = error("bytes = 0x0002_0000\n[firmware]", "bytes = 0xFFFF_FFFF\n[firmware]");
        assert!(message.contains("32-bit"), "{message}");
        let message = error("flash_bytes = 0x0002_0000", "flash_bytes = 0x0040_0000");
        assert!(message.contains("line 13: firmware.flash_bytes is 4194304"), "{message}");
        let message = error("flash_bytes = 0x0002_0000", "flash_bytes = 0x0002_000A");
        assert!(message.contains("line 13: firmware.flash_bytes puts the artifact at 0x2000a"), "{message}");
        let message = error("own_stack_bytes = 2048", "own_stack_bytes = 8193");
        assert!(message.contains("line 13: firmware.own_stack_bytes is 8193, more than the 8192"), "{message}");
        let message = error("stack_bytes = 8192", "stack_bytes = 0x2_0000");
        assert!(message.contains("firmware.stack_bytes is 131072"), "{message}");
    }
}
