//! The kernels of a scheduled program as candidates.

use std::collections::HashMap;
use std::sync::Arc;

use lathe_artifact::{Access, DType};
use lathe_tensor::loops::{self, Lowered, Place};
use lathe_tensor::program::eval::{self, Array, EvalError};
use lathe_tensor::schedule::Schedule;
use lathe_tensor::{BufferId, Kernel, Program, Role, Target};

use super::{Argument, Candidate, CandidateCode, Reference};
use crate::kernel_set::accesses;
use crate::lowering::Lowering;

/// Constants of up to so many bytes are sent as they are: they may be factors, and cost little.
const EXACT_BYTES: usize = 64;

/// The values of a program's constants, where they are known.
pub type Constants = HashMap<BufferId, Vec<u8>>;

/// One candidate for each kernel that `schedule` makes of `program`, named as they are.
///
/// The only kernel of a program is judged by what the program says, one of several by its own loop nest: what is between
/// them is no tensor of the program's. Large constants are noise; those of integers, which may be indices, never are
/// unless they are of 8 bits. `constants` has the values of the others.
pub fn candidates(program: &Program, schedule: &Schedule, constants: &Constants, target: &Target) -> Vec<Candidate> {
    let phases = loops::lower(schedule, target.buffer_alignment());
    let alone = phases.len() == 1;
    let source =
        Arc::new(Source { program: program.clone(), schedule: schedule.clone(), constants: constants.clone() });
    phases.into_iter().map(|phase| source.candidate(phase, alone)).collect()
}

impl Lowering {
    /// A candidate for each distinct kernel of the model, named as in its artifact.
    pub fn candidates(&self) -> Vec<Candidate> {
        let mut taken = vec![false; self.kernels.kernels().len()];
        let mut found = Vec::new();
        for step in &self.plan.steps {
            if std::mem::replace(&mut taken[step.kernel], true) {
                continue;
            }
            let group = &self.groups[step.group];
            let value = |(b, v): (usize, &Option<lathe_graph::ValueId>)| {
                Some((BufferId(b as u32), self.graph.constant((*v)?)?.bytes().to_vec()))
            };
            let constants = group.buffers.iter().enumerate().filter_map(value).collect();
            let phases = candidates(&group.program, &group.schedule, &constants, &self.options.target);
            let Some(mut mine) = phases.into_iter().nth(step.phase) else { continue };
            mine.rename(&self.kernels.kernels()[step.kernel].name);
            mine.label = group.label.clone();
            mine.operations = group.phases[step.phase].operations;
            found.push(mine);
        }
        found
    }
}

/// What candidates are made of.
struct Source {
    program: Program,
    schedule: Schedule,
    constants: Constants,
}

impl Source {
    fn candidate(self: &Arc<Source>, phase: Lowered, alone: bool) -> Candidate {
        let Lowered { kernel, params } = phase;
        let access = accesses(&kernel);
        let argument = |(index, &buffer): (usize, &BufferId)| {
            let access = access.get(index).copied().unwrap_or_default();
            self.argument(&kernel, (index, buffer), access, alone)
        };
        let arguments = params.iter().enumerate().map(argument).collect();
        let reference: Reference = if let Some(name) = self.unknown(&params) {
            Box::new(move |_| Err(EvalError::Operand(name.clone())))
        } else if alone {
            let (source, params) = (self.clone(), params.clone());
            Box::new(move |before| source.evaluate(&params, before))
        } else {
            let kernel = kernel.clone();
            Box::new(move |before| run(&kernel, before))
        };
        Candidate {
            name: kernel.name.clone(),
            label: kernel.name.clone(),
            operations: 0,
            extent: kernel.parallel as u32,
            workspace: kernel.workspace,
            code: CandidateCode::Nest(kernel),
            arguments,
            reference,
        }
    }

    /// The name of a constant whose value must be known and is not.
    fn unknown(&self, params: &[BufferId]) -> Option<String> {
        let is_unknown = |id: &&BufferId| {
            let buffer = self.schedule.program().buffer(**id);
            buffer.role == Role::Constant && !may_be_noise(buffer.dtype) && !self.constants.contains_key(id)
        };
        params.iter().find(is_unknown).map(|id| self.schedule.program().buffer(*id).name.clone())
    }

    fn argument(
        &self,
        kernel: &Kernel,
        (index, buffer): (usize, BufferId),
        (read, written): (bool, bool),
        alone: bool,
    ) -> Argument {
        let scheduled = self.schedule.program().buffer(buffer);
        let (dtype, bytes) = parameter(kernel, index).unwrap_or((scheduled.dtype, 0));
        if scheduled.role == Role::Constant {
            let packed = || {
                let content = self.constants.get(&buffer)?;
                let packing = self.schedule.packings().get(&buffer);
                Some(packing.map_or_else(|| content.clone(), |p| p.pack(content, dtype.size())))
            };
            let exact = if may_be_noise(dtype) && bytes > EXACT_BYTES { None } else { packed() };
            return exact.map_or(Argument::Noise(bytes), Argument::Exact);
        }
        let access = match (read, written) {
            (true, true) => Access::ReadWrite,
            (false, true) => Access::Write,
            _ => Access::Read,
        };
        let checked = written && (!alone || scheduled.role == Role::Output);
        Argument::Buffer { dtype, bytes, access, checked }
    }

    /// What the program computes of the arguments `before`, which stand for the buffers `params`.
    fn evaluate(&self, params: &[BufferId], before: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, EvalError> {
        // What is written over an operand is one argument with it, known as the result.
        let shared = |b: BufferId| self.program.in_place.iter().find(|pair| pair.over == b).map(|pair| pair.output);
        let position = |b: BufferId| params.iter().position(|p| *p == b);
        let mut operands = HashMap::new();
        for (number, buffer) in self.program.buffers.iter().enumerate() {
            if !matches!(buffer.role, Role::Input | Role::Constant) {
                continue;
            }
            let id = BufferId(number as u32);
            let at = position(id).or_else(|| position(shared(id)?));
            let content = match (at.and_then(|at| before.get(at)), self.schedule.packings().get(&id)) {
                (Some(content), Some(packing)) => packing.unpack(content, buffer.dtype.size()),
                (Some(content), None) => content.clone(),
                // No kernel reads it.
                (None, _) => vec![0; buffer.elements() as usize * buffer.dtype.size()],
            };
            operands.insert(id, Array::from_bytes(buffer.dtype, &content));
        }
        let memory = eval::evaluate(&self.program, &operands)?;
        let after = params.iter().zip(before).map(|(b, before)| {
            let is_output = self.program.buffers.get(b.0 as usize).is_some_and(|b| b.role == Role::Output);
            if is_output { memory[b.0 as usize].to_bytes() } else { before.clone() }
        });
        Ok(after.collect())
    }
}

/// Whether a constant of these elements is as good as another: integers may be indices.
fn may_be_noise(dtype: DType) -> bool {
    dtype.is_float() || matches!(dtype, DType::I8 | DType::U8)
}

/// Type and bytes of parameter number `index`.
fn parameter(kernel: &Kernel, index: usize) -> Option<(DType, usize)> {
    let is_it = |place: &Place| matches!(place, Place::Param { index: found, .. } if *found as usize == index);
    let buffer = kernel.buffers.iter().find(|b| is_it(&b.place))?;
    Some((buffer.dtype, buffer.len as usize * buffer.dtype.size()))
}

/// What the loop nest of `kernel` makes of the arguments `before`.
fn run(kernel: &Kernel, before: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, EvalError> {
    let array = |(index, bytes): (usize, &Vec<u8>)| {
        Array::from_bytes(parameter(kernel, index).map_or(DType::U8, |(dtype, _)| dtype), bytes)
    };
    let mut arrays: Vec<Array> = before.iter().enumerate().map(array).collect();
    loops::eval::run(kernel, &mut arrays, 0..kernel.parallel)?;
    Ok(arrays.iter().map(Array::to_bytes).collect())
}

#[cfg(test)]
mod tests {
    use super::super::{TrialError, prepare};
    use super::*;

    #[test]
    fn an_unknown_integer_is_no_noise() {
        let text = "program p\nbuffer k: constant i32[32]\nbuffer w: constant f32[32]\nbuffer y: output f32[32]\n\
                    stage out[i:32] -> y = (cast<f32>(k[i]) + w[i])\n";
        let program = Program::parse(text).unwrap();
        let target = lathe_codegen::targets::find("x86_64-linux", None).unwrap();
        let candidate = |known: &Constants| {
            let mut found = candidates(&program, &Schedule::new(program.clone()), known, &target);
            assert_eq!(found.len(), 1);
            found.remove(0)
        };
        let refused = prepare(candidate(&Constants::new()), 1).err();
        assert!(matches!(&refused, Some(TrialError::Unsuited { what, .. }) if what.contains("`k`")), "{refused:?}");
        let known = Constants::from([(BufferId(0), vec![1; 4 * 32])]);
        assert!(prepare(candidate(&known), 1).is_ok());
    }
}
