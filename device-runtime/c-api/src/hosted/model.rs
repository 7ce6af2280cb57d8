//! A model on threads, with what C is told about its inputs and outputs.

use std::ffi::CString;

use lathe_runtime_std::{DType, Progress, Runner, RunnerError, Tensor};

use super::failure::Failure;
use crate::tensor::LatheTensor;

/// `lathe_model`: a loaded model.
pub struct LatheModel {
    runner: Runner,
    inputs: Vec<Described>,
    outputs: Vec<Described>,
    /// of the run begun by steps; 0 when none is
    steps_left: usize,
}

/// A [`LatheTensor`] with what it points to.
struct Described {
    tensor: LatheTensor,
    _name: CString,
    _dims: Vec<u32>,
}

impl Described {
    fn new(tensor: &Tensor<'_>) -> Described {
        let name = CString::new(tensor.name.replace('\0', "\\0")).unwrap_or_default();
        let dims: Vec<u32> = tensor.shape.dims().collect();
        Described { tensor: LatheTensor::new(tensor, name.as_ptr(), dims.as_ptr()), _name: name, _dims: dims }
    }
}

impl LatheModel {
    pub(crate) fn new(runner: Runner) -> LatheModel {
        let inputs = runner.artifact().inputs().map(|tensor| Described::new(&tensor)).collect();
        let outputs = runner.artifact().outputs().map(|tensor| Described::new(&tensor)).collect();
        LatheModel { runner, inputs, outputs, steps_left: 0 }
    }

    pub(crate) fn input_count(&self) -> usize {
        self.inputs.len()
    }

    pub(crate) fn output_count(&self) -> usize {
        self.outputs.len()
    }

    pub(crate) fn input(&self, index: usize) -> Option<&LatheTensor> {
        self.inputs.get(index).map(|described| &described.tensor)
    }

    pub(crate) fn output(&self, index: usize) -> Option<&LatheTensor> {
        self.outputs.get(index).map(|described| &described.tensor)
    }

    /// The input `name`, of this type, to write.
    pub(crate) fn input_bytes(&mut self, name: &str, dtype: DType) -> Result<&mut [u8], Failure> {
        Ok(self.runner.input(name, dtype)?)
    }

    /// The output `name`, of this type.
    pub(crate) fn output_bytes(&self, name: &str, found: DType) -> Result<&[u8], Failure> {
        let bytes = self.runner.output(name)?;
        let tensor = self.runner.artifact().outputs().find(|tensor| tensor.name == name);
        match tensor.map(|tensor| tensor.dtype) {
            Some(expected) if expected != found => {
                Err(RunnerError::WrongType { name: name.to_owned(), expected, found }.into())
            }
            _ => Ok(bytes),
        }
    }

    pub(crate) fn run(&mut self) {
        self.steps_left = 0;
        self.runner.run();
    }

    /// Runs the next step; gives how many are left.
    pub(crate) fn step(&mut self) -> usize {
        if self.steps_left == 0 {
            self.steps_left = self.runner.artifact().step_count();
            self.runner.restart();
        }
        self.steps_left = match self.runner.step() {
            Progress::Done => 0,
            Progress::More => self.steps_left.saturating_sub(1),
        };
        self.steps_left
    }

    pub(crate) fn verify(&mut self) -> Result<(), Failure> {
        self.steps_left = 0;
        Ok(self.runner.verify_golden()?)
    }
}
