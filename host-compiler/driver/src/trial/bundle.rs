//! Prepared candidates into the bytes of a bundle.

use std::collections::HashMap;

use lathe_artifact::{Access, ArgumentEntry, ArtifactContents, Check, DType, Launch, Space, StepEntry, TrialEntry};
use lathe_codegen::Code;
use lathe_tensor::Target;

use super::checks::checks;
use super::layout::Layout;
use super::{Argument, Candidate, CandidateCode, NOISE_SEED, TrialError};

/// A candidate laid out, with what it must write.
pub struct Prepared {
    candidate: Candidate,
    layout: Layout,
    seed: u32,
    /// of each argument what it must hold afterwards, where that is looked at
    expected: Vec<Option<Vec<u8>>>,
}

impl Prepared {
    /// The candidate.
    pub fn candidate(&self) -> &Candidate {
        &self.candidate
    }

    /// Bytes of the noise region that it reads.
    pub fn noise_bytes(&self) -> usize {
        self.layout.noise
    }
}

/// A bundle for a device.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// the artifact
    pub bytes: Vec<u8>,
    /// every check, by the number that a device names
    pub checks: Vec<Check>,
}

/// Lays `candidate` out for bundles of this seed and computes what it must write.
pub fn prepare(candidate: Candidate, seed: u32) -> Result<Prepared, TrialError> {
    let unsuited = |what: String| TrialError::Unsuited { name: candidate.name.clone(), what };
    let reads_bool = |a: &Argument| matches!(a, Argument::Buffer { dtype: DType::Bool, access, .. } if access.reads());
    if candidate.arguments.iter().any(reads_bool) {
        return Err(unsuited("it reads truth values, of which noise has more than two".to_string()));
    }
    let layout = Layout::new(&candidate.arguments);
    let before = layout.before(&candidate.arguments, seed);
    let after = (candidate.reference)(&before).map_err(|e| unsuited(e.to_string()))?;
    let expected = candidate.arguments.iter().zip(after).map(|(argument, after)| match argument {
        Argument::Buffer { checked: true, .. } => Some(after),
        _ => None,
    });
    let expected = expected.collect();
    Ok(Prepared { candidate, layout, seed, expected })
}

impl Bundle {
    /// Compiles `prepared` for `target` into a bundle of this seed, which must be the one they were prepared for.
    pub fn new(prepared: &[Prepared], target: &Target, seed: u32) -> Result<Bundle, TrialError> {
        if prepared.len() > usize::from(u16::MAX) {
            return Err(TrialError::TooMany(prepared.len()));
        }
        if let Some(other) = prepared.iter().find(|p| p.seed != seed) {
            let what = format!("it was prepared for seed {}, not {seed}", other.seed);
            return Err(TrialError::Unsuited { name: other.candidate.name.clone(), what });
        }
        let codes: Vec<Code<'_>> = prepared.iter().map(|p| code(&p.candidate)).collect();
        let blob = lathe_codegen::compile_code(&codes, target)?;
        let mut contents =
            ArtifactContents::new(crate::artifact::family(&target.name), &target.cpu, target.features.iter().cloned());
        let most = |of: fn(&Prepared) -> usize| prepared.iter().map(of).max().unwrap_or(0);
        contents.arena_bytes = size("the arena", most(|p| p.layout.arena))?;
        contents.workspace_bytes = size("the workspace", most(|p| p.candidate.workspace))?;
        contents.kernels = blob.entries.iter().map(crate::artifact::kernel).collect();
        contents.kernels.iter_mut().for_each(|kernel| kernel.name.clear());
        contents.stack_bytes = contents.kernels.iter().map(|k| k.stack_bytes).max().unwrap_or(0);
        contents.code_align_log2 = blob.alignment.next_power_of_two().trailing_zeros() as u8;
        contents.code = blob.code;
        contents.with_step_info = false;
        let mut constants = Constants::default();
        contents.steps = (0u32..).zip(prepared).map(|(k, p)| step(k, p, &mut constants)).collect::<Result<_, _>>()?;
        contents.constants = constants.bytes;
        let checks: Vec<Check> = (0u16..).zip(prepared).flat_map(|(step, p)| checks_of(step, p)).collect();
        let noise_bytes = size("the noise region", most(|p| p.layout.noise))?;
        contents.trial = Some(TrialEntry { seed, noise_seed: NOISE_SEED, noise_bytes, checks: checks.clone() });
        Ok(Bundle { bytes: contents.to_bytes()?, checks })
    }
}

/// The code of a candidate; a loop nest has its name.
fn code(candidate: &Candidate) -> Code<'_> {
    match &candidate.code {
        CandidateCode::Nest(kernel) => Code::Nest(kernel),
        CandidateCode::Ir(text) => Code::Ir { name: &candidate.name, text },
    }
}

fn checks_of(step: u16, prepared: &Prepared) -> Vec<Check> {
    let arguments = (0u16..).zip(&prepared.candidate.arguments).zip(&prepared.expected);
    let checks = arguments.flat_map(|((number, argument), expected)| match (argument, expected) {
        (Argument::Buffer { dtype, .. }, Some(expected)) => checks(step, number, *dtype, prepared.seed, expected),
        _ => Vec::new(),
    });
    checks.collect()
}

fn step(kernel: u32, prepared: &Prepared, constants: &mut Constants) -> Result<StepEntry, TrialError> {
    let candidate = &prepared.candidate;
    let arguments = candidate.arguments.iter().zip(&prepared.layout.offsets).map(|(argument, &offset)| {
        let (space, access, offset) = match argument {
            Argument::Exact(content) => (Space::Constants, Access::Read, constants.place(content)),
            Argument::Noise(_) => (Space::Noise, Access::Read, offset),
            Argument::Buffer { access, .. } => (Space::Arena, *access, offset),
        };
        let (offset, bytes) = (size("the arena", offset)?, size("a buffer", argument.bytes())?);
        Ok(ArgumentEntry { space, access, offset, bytes, align_log2: 6 })
    });
    Ok(StepEntry {
        kernel,
        launch: Launch::Slices { extent: candidate.extent },
        arguments: arguments.collect::<Result<_, TrialError>>()?,
        label: String::new(),
        operations: candidate.operations,
    })
}

/// Exact constants, equal ones once.
#[derive(Default)]
struct Constants {
    bytes: Vec<u8>,
    placed: HashMap<Vec<u8>, usize>,
}

impl Constants {
    fn place(&mut self, content: &[u8]) -> usize {
        let next = self.bytes.len().next_multiple_of(64);
        let offset = *self.placed.entry(content.to_vec()).or_insert(next);
        if offset == next {
            self.bytes.resize(next, 0);
            self.bytes.extend(content);
        }
        offset
    }
}

fn size(what: &'static str, bytes: usize) -> Result<u32, TrialError> {
    u32::try_from(bytes).map_err(|_| TrialError::TooLarge { what, bytes })
}
