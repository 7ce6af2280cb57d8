//! A model in the caller's memory, with what C is told about its inputs and outputs.

use lathe_executor::artifact::{Name, Tensor};
use lathe_executor::{DType, Model, Progress};

use super::failure::Failure;
use crate::tensor::LatheTensor;

/// `lathe_model`: a loaded model.
#[derive(Debug)]
pub struct LatheModel {
    pub(super) model: Model<'static>,
    pub(super) inputs: &'static [LatheTensor],
    pub(super) outputs: &'static [LatheTensor],
}

/// `LATHE_MODEL_BYTES` of the header.
pub const LATHE_MODEL_BYTES: usize = 80 * size_of::<usize>();
const _: () = assert!(size_of::<LatheModel>() <= LATHE_MODEL_BYTES);

/// The tensor called `name` and its number.
fn find<'a>(
    what: &'static str,
    tensors: impl Iterator<Item = Tensor<'a>>,
    name: &str,
    found: DType,
) -> Result<usize, Failure> {
    let named = tensors.enumerate().find(|(_, tensor)| tensor.name == name);
    let (index, tensor) = named.ok_or_else(|| Failure::UnknownName { what, name: Name::new(name) })?;
    if tensor.dtype == found {
        return Ok(index);
    }
    Err(Failure::WrongType { name: Name::new(name), expected: tensor.dtype, found })
}

impl LatheModel {
    pub(crate) fn input_count(&self) -> usize {
        self.inputs.len()
    }

    pub(crate) fn output_count(&self) -> usize {
        self.outputs.len()
    }

    pub(crate) fn input(&self, index: usize) -> Option<&LatheTensor> {
        self.inputs.get(index)
    }

    pub(crate) fn output(&self, index: usize) -> Option<&LatheTensor> {
        self.outputs.get(index)
    }

    /// The input `name`, of this type, to write.
    pub(crate) fn input_bytes(&mut self, name: &str, dtype: DType) -> Result<&mut [u8], Failure> {
        let index = find("input", self.model.artifact().inputs(), name, dtype)?;
        Ok(self.model.input(index).unwrap_or_default())
    }

    /// The output `name`, of this type.
    pub(crate) fn output_bytes(&self, name: &str, dtype: DType) -> Result<&[u8], Failure> {
        let index = find("output", self.model.artifact().outputs(), name, dtype)?;
        Ok(self.model.output(index).unwrap_or_default())
    }

    pub(crate) fn run(&mut self) {
        self.model.run();
    }

    /// Runs the next step; gives how many are left.
    pub(crate) fn step(&mut self) -> usize {
        match self.model.step() {
            Progress::Done => 0,
            Progress::More => self.model.artifact().step_count().saturating_sub(self.model.next_step()),
        }
    }

    pub(crate) fn verify(&mut self) -> Result<(), Failure> {
        self.model.verify_golden().map_err(Failure::Golden)
    }
}
