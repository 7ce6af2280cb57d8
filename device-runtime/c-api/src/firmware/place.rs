//! Where everything lies in the caller's memory: the arena, then what the library keeps about the model.
//!
//! ```text
//! arena (tensors, workspace) | LatheModel | LatheTensor of each input and output | dimensions | names, each with a zero byte
//! ```
//!
//! `MEMORY_BYTES` in a model's generated header is made by the same sum.

use core::ffi::c_char;
use core::slice;

use lathe_executor::artifact::Tensor;
use lathe_executor::{Artifact, Host, Inline, LoadError, Model, Placement};

use super::failure::Failure;
use super::model::LatheModel;
use crate::tensor::LatheTensor;

/// What tables of pointers and numbers are aligned to.
const TABLE_ALIGN: usize = align_of::<LatheModel>();

/// Bytes from the start of the memory to each part, and to the end.
struct Offsets {
    arena_bytes: usize,
    model: usize,
    tensors: usize,
    dims: usize,
    names: usize,
    end: usize,
}

impl Offsets {
    /// `None` beyond the address space.
    fn of(artifact: &Artifact<'_>) -> Option<Offsets> {
        let arena_bytes = artifact.header().arena_bytes_for(1)?;
        let model = arena_bytes.checked_next_multiple_of(TABLE_ALIGN)?;
        let tensors = model.checked_add(size_of::<LatheModel>())?;
        let (mut dims, mut names, mut end) = (tensors, 0usize, 0usize);
        for tensor in artifact.inputs().chain(artifact.outputs()) {
            dims = dims.checked_add(size_of::<LatheTensor>())?;
            names = names.checked_add(tensor.shape.rank().checked_mul(size_of::<u32>())?)?;
            end = end.checked_add(tensor.name.len())?.checked_add(1)?;
        }
        names = names.checked_add(dims)?;
        Some(Offsets { arena_bytes, model, tensors, dims, names, end: end.checked_add(names)? })
    }
}

/// Loads the artifact in `bytes` for `host` into `memory`.
///
/// # Safety
/// An artifact is a program. It must come from the compiler, unchanged, and `bytes` must be memory from which this
/// processor may execute.
pub(crate) unsafe fn place(
    bytes: &'static [u8],
    host: &Host<'_>,
    memory: &'static mut [u8],
) -> Result<&'static mut LatheModel, Failure> {
    let artifact = Artifact::parse_for(bytes, host).map_err(LoadError::from)?;
    let (size, given) = ("MEMORY_BYTES", memory.len());
    let offsets = Offsets::of(&artifact).ok_or(Failure::Memory { size, needed: usize::MAX, given })?;
    if given < offsets.end {
        return Err(Failure::Memory { size, needed: offsets.end, given });
    }
    // What the arena itself needs is checked below.
    let address = memory.as_ptr().addr();
    if address & (TABLE_ALIGN - 1) != 0 {
        return Err(LoadError::ArenaMisaligned { align: TABLE_ALIGN, address }.into());
    }
    let base = memory.as_mut_ptr();
    // SAFETY: the parts lie one behind the other within `memory`, which is ours alone for ever.
    let arena = unsafe { slice::from_raw_parts_mut(base, offsets.arena_bytes) };
    // SAFETY: the caller vouches for the artifact and its memory.
    let model = unsafe { Model::load_with(artifact, Placement::in_place(&artifact), arena, Inline)? };
    // SAFETY: as above; the table is a multiple of its alignment from `base`, which has it.
    let (inputs, outputs) = unsafe { describe(&artifact, base, &offsets) };
    let at = base.wrapping_add(offsets.model).cast::<LatheModel>();
    // SAFETY: as above.
    unsafe { at.write(LatheModel { model, inputs, outputs }) };
    // SAFETY: it was just written, and nothing else refers to it.
    Ok(unsafe { &mut *at })
}

/// Writes what C is told about inputs and outputs.
///
/// # Safety
/// The parts of `offsets` behind the arena are memory that nothing else uses, aligned for tables.
unsafe fn describe(
    artifact: &Artifact<'_>,
    base: *mut u8,
    offsets: &Offsets,
) -> (&'static [LatheTensor], &'static [LatheTensor]) {
    let first = base.wrapping_add(offsets.tensors).cast::<LatheTensor>();
    let mut dim = base.wrapping_add(offsets.dims).cast::<u32>();
    let mut name = base.wrapping_add(offsets.names);
    let mut slot = first;
    for tensor in artifact.inputs().chain(artifact.outputs()) {
        // SAFETY: `Offsets::of` counted this tensor's entry, dimensions and name.
        unsafe {
            slot.write(LatheTensor::new(&tensor, name.cast::<c_char>(), dim));
            dim = write_dims(&tensor, dim);
            name = write_name(&tensor, name);
        }
        slot = slot.wrapping_add(1);
    }
    let (inputs, outputs) = (artifact.inputs().len(), artifact.outputs().len());
    // SAFETY: so many were just written.
    unsafe { (slice::from_raw_parts(first, inputs), slice::from_raw_parts(first.wrapping_add(inputs), outputs)) }
}

/// # Safety
/// There is room for the dimensions at `dim`.
unsafe fn write_dims(tensor: &Tensor<'_>, mut dim: *mut u32) -> *mut u32 {
    for value in tensor.shape.dims() {
        // SAFETY: the caller vouches for the room.
        unsafe { dim.write(value) };
        dim = dim.wrapping_add(1);
    }
    dim
}

/// # Safety
/// There is room for the name and a zero byte at `name`.
unsafe fn write_name(tensor: &Tensor<'_>, mut name: *mut u8) -> *mut u8 {
    for byte in tensor.name.bytes().chain([0]) {
        // SAFETY: the caller vouches for the room.
        unsafe { name.write(byte) };
        name = name.wrapping_add(1);
    }
    name
}
