//! The bytes of each section.

use std::vec::Vec;

use super::WriteError;
use super::contents::{ArtifactContents, GoldenEntry, StepEntry, TensorEntry, TrialEntry};
use super::limits::{count, limited};
use super::strings::Strings;
use crate::layout::MAX_ARGUMENTS;
use crate::plan::Launch;

/// Bytes of one section in the making.
#[derive(Default)]
pub(super) struct Encoder {
    pub bytes: Vec<u8>,
}

impl Encoder {
    pub fn u8s(&mut self, values: &[u8]) {
        self.bytes.extend_from_slice(values);
    }

    pub fn u16(&mut self, value: u16) {
        self.u8s(&value.to_le_bytes());
    }

    pub fn u32(&mut self, value: u32) {
        self.u8s(&value.to_le_bytes());
    }

    pub fn u64(&mut self, value: u64) {
        self.u8s(&value.to_le_bytes());
    }

    fn text(&mut self, text: &str, strings: &mut Strings) -> Result<(), WriteError> {
        let (offset, length) = strings.add(text)?;
        self.u32(offset);
        self.u32(length);
        Ok(())
    }
}

/// Graph inputs and outputs.
pub(super) fn io(contents: &ArtifactContents, strings: &mut Strings) -> Result<Vec<u8>, WriteError> {
    let tensors = || contents.inputs.iter().chain(&contents.outputs);
    let mut out = Encoder::default();
    out.u32(count("inputs", contents.inputs.len())?);
    out.u32(count("outputs", contents.outputs.len())?);
    out.u32(count("dimensions", tensors().map(|tensor| tensor.shape.len()).sum())?);
    out.u32(count("attributes", tensors().map(|tensor| tensor.attributes.len()).sum())?);
    let mut first_dim = 0usize;
    for entry in tensors() {
        tensor(&mut out, entry, first_dim, strings)?;
        first_dim += entry.shape.len();
    }
    for dim in tensors().flat_map(|tensor| &tensor.shape) {
        out.u32(*dim);
    }
    for (index, entry) in tensors().enumerate() {
        for (key, value) in &entry.attributes {
            out.u32(count("tensors", index)?);
            out.text(key, strings)?;
            out.text(value, strings)?;
        }
    }
    Ok(out.bytes)
}

fn tensor(out: &mut Encoder, tensor: &TensorEntry, first_dim: usize, strings: &mut Strings) -> Result<(), WriteError> {
    let size = tensor.shape.iter().try_fold(tensor.dtype.size() as u64, |size, dim| size.checked_mul(u64::from(*dim)));
    let size = limited("tensor", size.unwrap_or(u64::MAX), u64::from(u32::MAX))?;
    let rank = limited("rank", tensor.shape.len() as u64, u64::from(u8::MAX))?;
    out.text(&tensor.name, strings)?;
    out.u32(tensor.arena_offset);
    out.u32(size as u32);
    out.u32(count("dimensions", first_dim)?);
    out.u8s(&[tensor.dtype as u8, rank as u8, u8::from(tensor.quantization.is_some()), 0]);
    let (scale, zero_point) = tensor.quantization.map_or((0.0, 0), |q| (q.scale, q.zero_point));
    out.u32(scale.to_bits());
    out.u32(zero_point.cast_unsigned());
    Ok(())
}

/// Steps, arguments and grids.
pub(super) fn plan(steps: &[StepEntry]) -> Result<Vec<u8>, WriteError> {
    let grids: Vec<_> = steps
        .iter()
        .filter_map(|step| match step.launch {
            Launch::Grid(grid) => Some(grid),
            Launch::Slices { .. } => None,
        })
        .collect();
    let mut out = Encoder::default();
    out.u32(count("steps", steps.len())?);
    out.u32(count("arguments", steps.iter().map(|step| step.arguments.len()).sum())?);
    out.u32(count("grids", grids.len())?);
    let (mut first_argument, mut next_grid) = (0usize, 0u32);
    for step in steps {
        let (kind, launch) = match step.launch {
            Launch::Slices { extent } => (0, extent),
            Launch::Grid(_) => (1, next_grid),
        };
        next_grid += u32::from(kind);
        let arguments = limited("a step's arguments", step.arguments.len() as u64, MAX_ARGUMENTS as u64)?;
        out.u32(step.kernel);
        out.u32(launch);
        out.u32(count("arguments", first_argument)?);
        out.u16(arguments as u16);
        out.u8s(&[kind, 0]);
        first_argument += step.arguments.len();
    }
    for argument in steps.iter().flat_map(|step| &step.arguments) {
        out.u32(argument.offset);
        out.u32(argument.bytes);
        out.u8s(&[argument.space as u8, argument.access as u8, argument.align_log2, 0]);
    }
    for grid in grids {
        for value in grid.blocks.into_iter().chain(grid.threads).chain([grid.shared_bytes]) {
            out.u32(value);
        }
    }
    Ok(out.bytes)
}

/// The kernel table.
pub(super) fn kernels(contents: &ArtifactContents, strings: &mut Strings) -> Result<Vec<u8>, WriteError> {
    let mut out = Encoder::default();
    for kernel in &contents.kernels {
        out.text(&kernel.name, strings)?;
        out.u32(kernel.entry);
        out.u32(kernel.stack_bytes);
        out.u8s(&[kernel.processor, 0, 0, 0]);
    }
    Ok(out.bytes)
}

/// The processors other than the CPU.
pub(super) fn processors(contents: &ArtifactContents, strings: &mut Strings) -> Result<Vec<u8>, WriteError> {
    let mut out = Encoder::default();
    for processor in &contents.processors {
        out.u8s(&[processor.kind as u8, 0, 0, 0]);
        out.text(&processor.name, strings)?;
    }
    Ok(out.bytes)
}

/// Labels and operation counts of the steps.
pub(super) fn step_info(contents: &ArtifactContents, strings: &mut Strings) -> Result<Vec<u8>, WriteError> {
    let mut out = Encoder::default();
    for step in &contents.steps {
        out.text(&step.label, strings)?;
        out.u64(step.operations);
    }
    Ok(out.bytes)
}

/// The memory plan.
pub(super) fn memory_plan(contents: &ArtifactContents, strings: &mut Strings) -> Result<Vec<u8>, WriteError> {
    let mut out = Encoder::default();
    for tensor in &contents.memory_plan {
        out.text(&tensor.name, strings)?;
        out.u32(tensor.offset);
        out.u32(tensor.bytes);
        out.u32(tensor.first_step);
        out.u32(tensor.last_step);
    }
    Ok(out.bytes)
}

/// The provenance notes.
pub(super) fn provenance(contents: &ArtifactContents, strings: &mut Strings) -> Result<Vec<u8>, WriteError> {
    let mut out = Encoder::default();
    for (key, value) in &contents.provenance {
        out.text(key, strings)?;
        out.text(value, strings)?;
    }
    Ok(out.bytes)
}

/// The golden self-test.
pub(super) fn golden(golden: &GoldenEntry) -> Result<Vec<u8>, WriteError> {
    let mut out = Encoder::default();
    out.u64(golden.seed);
    out.u32(count("golden inputs", golden.inputs.len())?);
    out.u32(count("golden samples", golden.samples.len())?);
    for input in &golden.inputs {
        out.u64(input.low.to_bits());
        out.u64(input.high.to_bits());
    }
    for sample in &golden.samples {
        out.u64(sample.value.to_bits());
        out.u32(sample.tolerance.to_bits());
        out.u32(sample.element);
        out.u16(sample.output);
        out.u16(0);
    }
    Ok(out.bytes)
}

/// Seeds and checks of a trial bundle.
pub(super) fn trial(trial: &TrialEntry) -> Result<Vec<u8>, WriteError> {
    let mut out = Encoder::default();
    out.u32(trial.seed);
    out.u32(trial.noise_seed);
    out.u32(trial.noise_bytes);
    out.u32(count("checks", trial.checks.len())?);
    for check in &trial.checks {
        out.u64(check.expected.cast_unsigned());
        out.u64(check.tolerance);
        out.u32(check.first);
        out.u32(check.count);
        out.u16(check.step);
        out.u16(check.argument);
        out.u16(check.unit.cast_unsigned());
        out.u8s(&[check.dtype as u8, 0]);
    }
    Ok(out.bytes)
}
