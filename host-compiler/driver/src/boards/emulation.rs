//! How QEMU is made to be a board: its arguments, as a program or a person gives them.

use std::ffi::OsString;
use std::path::Path;

use super::{Board, Runner};

/// Emulates boards.
pub const EMULATOR: &str = "qemu-system-arm";

/// No byte is the one that switches between those who share a line: there are 256.
///
/// Nobody shares the board's. But one that may be shared (`mux`) holds bytes until the UART takes them, so that the
/// emulator's two threads need not meet for each: trials take about half the time.
const NO_ESCAPE: &str = "256";

/// What [`EMULATOR`] is given to be `board`, a `machine` of its own, with its serial line on the character device `link`,
/// `firmware` as its program and the file `artifact` where artifacts are in its flash.
pub fn arguments(board: &Board, machine: &str, link: &str, firmware: &Path, artifact: Option<&Path>) -> Vec<OsString> {
    let plain = ["-machine", machine, "-display", "none", "-monitor", "none", "-icount", "shift=0"];
    let mut words: Vec<OsString> = plain.into_iter().map(OsString::from).collect();
    if matches!(board.runner, Some(Runner::Qemu { holds_bytes: true, .. })) {
        words.extend(["-echr".into(), NO_ESCAPE.into(), "-chardev".into(), format!("{link},mux=on").into()]);
    } else {
        words.extend(["-chardev".into(), link.into()]);
    }
    words.extend(["-serial".into(), "chardev:link".into(), "-kernel".into(), firmware.into()]);
    if let Some(artifact) = artifact {
        words.extend(["-device".into(), in_flash(artifact, board.artifact_address())]);
    }
    words
}

/// QEMU's option that puts the file at `path` into memory at `address`.
fn in_flash(path: &Path, address: u64) -> OsString {
    let mut option = OsString::from("loader,force-raw=on,file=");
    // A comma ends a value unless it is doubled.
    for (at, piece) in split_at_commas(path).into_iter().enumerate() {
        option.push(if at > 0 { ",," } else { "" });
        option.push(piece);
    }
    option.push(format!(",addr={address:#x}"));
    option
}

#[cfg(unix)]
fn split_at_commas(path: &Path) -> Vec<&std::ffi::OsStr> {
    use std::os::unix::ffi::OsStrExt;
    path.as_os_str().as_bytes().split(|byte| *byte == b',').map(OsStrExt::from_bytes).collect()
}

#[cfg(not(unix))]
fn split_at_commas(path: &Path) -> Vec<&std::ffi::OsStr> {
    vec![path.as_os_str()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_in_paths_are_doubled() {
        let option = in_flash(Path::new("a,b/m.lathe"), 0x2_0000);
        assert_eq!(option, "loader,force-raw=on,file=a,,b/m.lathe,addr=0x20000");
    }
}
