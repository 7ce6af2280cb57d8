//! Tensor data in a file beside the model. Only files inside the model's folder are read.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};

use tract_onnx::pb::StringStringEntryProto;

use crate::error::TensorFault;
use crate::options::Options;

/// Reads the `bytes` bytes that `entries` (location, offset, length) describe.
pub(crate) fn read(
    entries: &[StringStringEntryProto],
    bytes: usize,
    options: &Options,
) -> Result<Vec<u8>, TensorFault> {
    let entry = |key: &str| entries.iter().find(|e| e.key == key).map(|e| e.value.as_str());
    let fault = |text: String| TensorFault::External(text);
    let location = entry("location").ok_or_else(|| fault("no location is given".into()))?;
    let offset = number(entry("offset"), "offset")?.unwrap_or(0);
    let folder = options.base_dir.as_deref().ok_or(TensorFault::NoFolder)?;
    let path = inside(folder, location)?;

    let open = |e: std::io::Error| fault(format!("cannot read '{location}': {e}"));
    let mut file = File::open(&path).map_err(open)?;
    let present = file.metadata().map_err(open)?.len();
    let available = present.saturating_sub(offset);
    let length = number(entry("length"), "length")?.unwrap_or(available);
    if length != bytes as u64 {
        return Err(fault(format!("'{location}' gives {length} bytes, but the shape needs {bytes}")));
    }
    if length > available {
        return Err(fault(format!("'{location}' has {present} bytes, but {length} are wanted from {offset} on")));
    }
    file.seek(SeekFrom::Start(offset)).map_err(open)?;
    let mut data = vec![0; bytes];
    file.read_exact(&mut data).map_err(open)?;
    Ok(data)
}

fn number(text: Option<&str>, key: &str) -> Result<Option<u64>, TensorFault> {
    let parse = |t: &str| t.parse().map_err(|_| TensorFault::External(format!("{key} '{t}' is no number")));
    text.map(parse).transpose()
}

/// The file `location` names, after links are followed, if it lies inside `folder`.
fn inside(folder: &Path, location: &str) -> Result<PathBuf, TensorFault> {
    let outside = || TensorFault::Outside { location: location.to_owned() };
    let relative = Path::new(location);
    let plain = |c: Component| matches!(c, Component::Normal(_) | Component::CurDir);
    if location.is_empty() || !relative.components().all(plain) {
        return Err(outside());
    }
    let resolve =
        |p: &Path| p.canonicalize().map_err(|e| TensorFault::External(format!("cannot read '{location}': {e}")));
    let folder = resolve(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })?;
    let path = resolve(&folder.join(relative))?;
    if path.starts_with(&folder) { Ok(path) } else { Err(outside()) }
}
