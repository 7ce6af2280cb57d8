//! `-i`: files into the inputs of an artifact.

use std::path::{Path, PathBuf};

use lathe_artifact::Artifact;
use lathe_graph::{Tensor, TensorType};

use crate::failure::{Exit, Failure, Outcome};
use crate::tensors::{npy, npz, picture};

/// An input of the artifact.
struct Wanted {
    name: String,
    ty: TensorType,
}

/// The tensors for all inputs of `artifact`, in its order, each of the input's type.
pub fn read(artifact: &Artifact<'_>, requests: &[String]) -> Outcome<Vec<Tensor>> {
    let inputs = artifact.inputs().map(|t| {
        let shape: Vec<usize> = t.shape.dims().map(|d| d as usize).collect();
        Wanted { name: t.name.to_string(), ty: TensorType::new(t.dtype, shape) }
    });
    let inputs: Vec<Wanted> = inputs.collect();
    let mut given: Vec<Option<Tensor>> = inputs.iter().map(|_| None).collect();
    for request in requests {
        for (index, tensor) in one_request(&inputs, request)? {
            given[index] = Some(tensor);
        }
    }
    let missing = |i: usize| {
        let Wanted { name, ty } = &inputs[i];
        Failure::usage(format!("input {name:?} ({ty}) is missing: give -i {name}=FILE.npy"))
    };
    given.into_iter().enumerate().map(|(i, t)| t.ok_or_else(|| missing(i))).collect()
}

fn one_request(inputs: &[Wanted], request: &str) -> Outcome<Vec<(usize, Tensor)>> {
    let named = inputs.iter().position(|w| request.strip_prefix(w.name.as_str()).is_some_and(|r| r.starts_with('=')));
    if let Some(index) = named {
        let path = PathBuf::from(&request[inputs[index].name.len() + 1..]);
        let tensor = read_file(&inputs[index], &path, inputs.len())?;
        return Ok(vec![(index, tensor)]);
    }
    let path = Path::new(request);
    if !path.exists() && request.contains('=') {
        let name = request.split('=').next().unwrap_or_default();
        return Err(Failure::usage(format!("the model has no input {name:?}; it has {}", names(inputs))));
    }
    if extension(path) == "npz" {
        return all_of_npz(inputs, path);
    }
    match inputs {
        [only] => Ok(vec![(0, read_file(only, path, 1)?)]),
        _ => Err(Failure::usage(format!(
            "-i {request}: which input is it for? Give NAME=FILE; inputs are {}",
            names(inputs)
        ))),
    }
}

fn names(inputs: &[Wanted]) -> String {
    inputs.iter().map(|w| format!("{:?} ({})", w.name, w.ty)).collect::<Vec<_>>().join(", ")
}

fn extension(path: &Path) -> String {
    path.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default()
}

fn read_file(wanted: &Wanted, path: &Path, inputs: usize) -> Outcome<Tensor> {
    let bytes = std::fs::read(path).map_err(|e| Failure::file("read", path, &e))?;
    let in_file = |e: &dyn std::fmt::Display| Failure::new(Exit::Failure, format!("{}: {e}", path.display()));
    let tensor = match extension(path).as_str() {
        "npy" => npy::read(&bytes).map_err(|e| in_file(&e))?,
        "npz" => from_npz(wanted, path, &bytes, inputs)?,
        "png" | "jpg" | "jpeg" => match picture::read(&bytes, &wanted.name, &wanted.ty) {
            Err(e @ picture::PictureError::Input { .. }) => return Err(Failure::usage(e)),
            other => other.map_err(|e| in_file(&e))?,
        },
        _ => return Err(Failure::usage(format!("{}: inputs are .npy, .npz, .png or .jpg files", path.display()))),
    };
    fitting(wanted, tensor)
}

fn from_npz(wanted: &Wanted, path: &Path, bytes: &[u8], inputs: usize) -> Outcome<Tensor> {
    let entries = npz::read(bytes).map_err(|e| Failure::new(Exit::Failure, format!("{}: {e}", path.display())))?;
    let keys: Vec<String> = entries.iter().map(|(k, _)| format!("{k:?}")).collect();
    let mut entries = entries;
    if let Some(at) = entries.iter().position(|(k, _)| *k == wanted.name) {
        return Ok(entries.swap_remove(at).1);
    }
    match (entries.pop(), inputs) {
        (Some((_, tensor)), 1) if entries.is_empty() => Ok(tensor),
        _ => Err(Failure::usage(format!("{}: no entry {:?}; it has {}", path.display(), wanted.name, keys.join(", ")))),
    }
}

fn all_of_npz(inputs: &[Wanted], path: &Path) -> Outcome<Vec<(usize, Tensor)>> {
    let bytes = std::fs::read(path).map_err(|e| Failure::file("read", path, &e))?;
    let entries = npz::read(&bytes).map_err(|e| Failure::new(Exit::Failure, format!("{}: {e}", path.display())))?;
    let mut found = Vec::new();
    for (key, tensor) in entries {
        let Some(index) = inputs.iter().position(|w| w.name == key) else {
            return Err(Failure::usage(format!(
                "{}: the model has no input {key:?}; it has {}",
                path.display(),
                names(inputs)
            )));
        };
        found.push((index, fitting(&inputs[index], tensor)?));
    }
    Ok(found)
}

/// The tensor, when it has the input's type; numbers are not converted silently.
fn fitting(wanted: &Wanted, tensor: Tensor) -> Outcome<Tensor> {
    if *tensor.ty() == wanted.ty {
        return Ok(tensor);
    }
    Err(Failure::usage(format!("input {:?} is {}, the file holds {}", wanted.name, wanted.ty, tensor.ty())))
}
