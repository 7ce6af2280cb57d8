//! NumPy's `.npz`: a zip file of `.npy` entries.

use std::io::{Cursor, Read, Write};

use lathe_graph::Tensor;
use thiserror::Error;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::npy::{self, NpyError};

/// Most bytes one entry may unpack to: a zip of a few bytes can claim any size.
const MAX_ENTRY: u64 = 8 << 30;

/// Why bytes are not a usable `.npz` file.
#[derive(Debug, Error)]
pub enum NpzError {
    /// Not a zip, or a damaged one.
    #[error("not a usable zip file: {0}")]
    Zip(#[from] zip::result::ZipError),
    /// An entry could not be unpacked.
    #[error("entry {name:?} could not be unpacked: {error}")]
    Unpack {
        /// the entry
        name: String,
        /// why
        error: std::io::Error,
    },
    /// An entry is too large.
    #[error("entry {name:?} is larger than 8 GiB")]
    TooLarge {
        /// the entry
        name: String,
    },
    /// An entry is not a tensor.
    #[error("entry {name:?}: {error}")]
    Entry {
        /// the entry
        name: String,
        /// why
        error: NpyError,
    },
}

/// All tensors of a `.npz` file by name (without `.npy`), in file order.
pub fn read(bytes: &[u8]) -> Result<Vec<(String, Tensor)>, NpzError> {
    let mut archive = ZipArchive::new(Cursor::new(bytes))?;
    let mut tensors = Vec::new();
    for i in 0..archive.len() {
        let entry = archive.by_index(i)?;
        let name = entry.name().to_string();
        let Some(key) = name.strip_suffix(".npy").map(str::to_string) else { continue };
        let mut data = Vec::new();
        let unpacked = entry.take(MAX_ENTRY + 1).read_to_end(&mut data);
        unpacked.map_err(|error| NpzError::Unpack { name: name.clone(), error })?;
        if data.len() as u64 > MAX_ENTRY {
            return Err(NpzError::TooLarge { name });
        }
        tensors.push((key, npy::read(&data).map_err(|error| NpzError::Entry { name, error })?));
    }
    Ok(tensors)
}

/// The bytes of a `.npz` file with these tensors, stored uncompressed as `numpy.savez` does. The same tensors give the
/// same bytes.
pub fn write(tensors: &[(String, Tensor)]) -> Result<Vec<u8>, NpzError> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (key, tensor) in tensors {
        let name = format!("{key}.npy");
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(zip::DateTime::default())
            .large_file(tensor.bytes().len() > 0xF000_0000);
        archive.start_file(name.clone(), options)?;
        archive.write_all(&npy::write(tensor)).map_err(|error| NpzError::Unpack { name, error })?;
    }
    Ok(archive.finish()?.into_inner())
}

#[cfg(test)]
mod tests {
    use lathe_graph::{DType, TensorType};

    use super::*;

    fn tensors() -> Vec<(String, Tensor)> {
        let tensor = |dtype, shape: &[usize]| {
            let ty = TensorType::new(dtype, shape);
            Tensor::new(ty.clone(), vec![1; ty.bytes()]).unwrap()
        };
        vec![("scores/0".into(), tensor(DType::F32, &[2, 3])), ("mask".into(), tensor(DType::Bool, &[]))]
    }

    #[test]
    fn round_trips_and_is_reproducible() {
        let bytes = write(&tensors()).unwrap();
        assert_eq!(bytes, write(&tensors()).unwrap());
        assert_eq!(read(&bytes).unwrap(), tensors());
    }

    #[test]
    fn no_cut_panics() {
        let bytes = write(&tensors()).unwrap();
        for end in 0..bytes.len() {
            let _ = read(&bytes[..end]);
        }
        assert!(read(b"").is_err());
    }
}
