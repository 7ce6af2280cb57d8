//! A UF2 file copied to the drive that a board's boot loader shows.

use std::fs;
use std::path::{Path, PathBuf};

use lathe_driver::boards::load_segments;

use super::{Job, Plan, Step, state_folder, uf2};
use crate::failure::{Exit, Failure, Outcome};

/// Firmware and artifact as one file, copied to the drive.
pub fn plan(family: u32, volume: &str, job: &Job<'_>) -> Outcome<Plan> {
    let path = state_folder()?.join("flash").join(&job.board.name).join("firmware.uf2");
    let address = u32::try_from(job.board.artifact_address()).ok();
    let mut images = vec![(job.runtime.to_path_buf(), None)];
    images.extend(job.model.map(|model| (model.to_path_buf(), address)));
    let folder = job.to.map(PathBuf::from);
    Ok(Plan {
        steps: vec![
            Step::WriteUf2 { path: path.clone(), family, images },
            Step::CopyToDrive { from: path, folder, volume: volume.to_string() },
        ],
        ..Plan::default()
    })
}

/// The file that holds `images`.
pub fn file(family: u32, images: &[(PathBuf, Option<u32>)]) -> Outcome<Vec<u8>> {
    let mut contents = Vec::new();
    for (path, address) in images {
        let bytes = fs::read(path).map_err(|e| Failure::file("read", path, &e))?;
        contents.push((path, *address, bytes));
    }
    let mut pieces = Vec::new();
    for (path, address, bytes) in &contents {
        match address {
            Some(address) => pieces.push((*address, bytes.as_slice())),
            None => pieces.extend(load_segments(bytes, path)?),
        }
    }
    Ok(uf2::file(family, &pieces))
}

/// Copies `from` to the drive, which restarts the board.
pub fn copy(from: &Path, folder: Option<&Path>, volume: &str) -> Outcome {
    let usual = usual_folders(volume);
    let found = match folder {
        Some(folder) => folder.is_dir().then(|| folder.to_path_buf()),
        None => usual.iter().find(|folder| folder.is_dir()).cloned(),
    };
    let Some(found) = found else {
        let looked = folder.map_or(usual, |folder| vec![folder.to_path_buf()]);
        let looked: Vec<String> = looked.iter().map(|folder| folder.display().to_string()).collect();
        let message = format!(
            "the drive {volume} is not mounted at {}: hold BOOTSEL while you connect the board's USB, or name its folder \
             with --to",
            looked.join(" or ")
        );
        return Err(Failure::new(Exit::Unreachable, message));
    };
    let target = found.join(from.file_name().unwrap_or_default());
    fs::copy(from, &target).map(drop).map_err(|e| Failure::file("write", &target, &e))
}

/// Where desktops mount a drive.
fn usual_folders(volume: &str) -> Vec<PathBuf> {
    let user = std::env::var("USER").unwrap_or_default();
    [format!("/media/{user}"), format!("/run/media/{user}"), "/media".into(), "/Volumes".into()]
        .map(|folder| PathBuf::from(folder).join(volume))
        .to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drive_that_is_not_there_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("firmware.uf2");
        fs::write(&file, b"content").unwrap();
        let missing = copy(&file, Some(&folder.path().join("absent")), "DRIVE").unwrap_err();
        assert!(missing.exit == Exit::Unreachable && missing.message.contains("BOOTSEL"), "{}", missing.message);
        let drive = folder.path().join("drive");
        fs::create_dir(&drive).unwrap();
        copy(&file, Some(&drive), "DRIVE").unwrap();
        assert_eq!(fs::read(drive.join("firmware.uf2")).unwrap(), b"content");
    }
}
