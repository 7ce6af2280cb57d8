//! How QEMU is made to be a board: its arguments, as a program or a person gives them.

use std::ffi::OsString;
use std::path::Path;

use super::Board;

/// Emulates boards.
pub const EMULATOR: &str = "qemu-system-arm";

/// What [`EMULATOR`] is given to be `board`, a `machine` of its own, with its serial line on the character device `link`,
/// `firmware` as its program and the file `artifact` where artifacts are in its flash.
pub fn arguments(board: &Board, machine: &str, link: &str, firmware: &Path, artifact: Option<&Path>) -> Vec<OsString> {
    let plain = ["-machine", machine, "-display", "none", "-monitor", "none", "-icount", "shift=0"];
    let line = ["-chardev", link, "-serial", "chardev:link", "-kernel"];
    let mut words: Vec<OsString> = plain.into_iter().chain(line).map(OsString::from).collect();
    words.push(firmware.into());
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
