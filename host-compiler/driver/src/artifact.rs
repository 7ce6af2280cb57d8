//! From plan and code to the artifact's bytes.

use lathe_artifact::{
    Access, ArgumentEntry, ArtifactContents, GoldenEntry, KernelEntry, Launch, PlannedTensorEntry, Space, StepEntry,
    TensorEntry,
};
use lathe_codegen::Blob;
use lathe_graph::ValueId;

use crate::error::CompileError;
use crate::lowering::Lowering;
use crate::plan::{Argument, PlannedStep};

/// Stack the executor itself needs below a kernel, with room for the call through the worker pool.
const EXECUTOR_STACK: usize = 1024;

/// Characters of a name that artifacts for microcontrollers keep.
const SHORT: usize = 32;

/// An artifact and what it was made from.
#[derive(Debug)]
pub struct Compiled {
    /// the artifact
    pub bytes: Vec<u8>,
    /// graph, groups, kernels and plan behind it
    pub lowering: Lowering,
}

/// What an artifact is assembled from.
pub(crate) struct Parts<'a> {
    pub lowering: &'a Lowering,
    pub blob: &'a Blob,
    pub golden: Option<GoldenEntry>,
}

impl Parts<'_> {
    pub fn into_bytes(self) -> Result<Vec<u8>, CompileError> {
        let (target, plan) = (&self.lowering.options.target, &self.lowering.plan);
        let mut contents = ArtifactContents::new(family(&target.name), &target.cpu, target.features.iter().cloned());
        contents.arena_align_log2 = self.align_log2();
        contents.arena_bytes = size("the arena", plan.memory.arena)?;
        contents.workspace_bytes = size("the workspace", plan.workspace)?;
        contents.kernels = self.kernels();
        let kernel_stack = contents.kernels.iter().map(|k| k.stack_bytes).max().unwrap_or(0);
        contents.stack_bytes = kernel_stack + EXECUTOR_STACK as u32;
        let graph = &self.lowering.graph;
        let inputs = graph.inputs.iter().map(|&v| self.tensor(&graph.value(v).name, v));
        contents.inputs = inputs.collect::<Result<_, _>>()?;
        let outputs = graph.outputs.iter().map(|(name, v)| self.tensor(name, *v));
        contents.outputs = outputs.collect::<Result<_, _>>()?;
        contents.steps = plan.steps.iter().map(|s| self.step(s)).collect::<Result<_, _>>()?;
        contents.code = self.blob.code.clone();
        contents.code_align_log2 = log2(self.blob.alignment as usize);
        contents.constants_align_log2 = self.align_log2();
        size("the constants", plan.constants.len())?;
        contents.constants = plan.constants.clone();
        contents.memory_plan = self.memory_plan()?;
        contents.provenance = self.provenance();
        contents.golden = self.golden;
        Ok(contents.to_bytes()?)
    }

    /// What arena, constants and every buffer are aligned to.
    fn align_log2(&self) -> u8 {
        log2(self.lowering.options.target.buffer_alignment())
    }

    /// A name for people. On microcontrollers the first of several joined by converters (`a;b;c`), and of a long one the
    /// end.
    fn short(&self, name: &str) -> String {
        if !self.lowering.options.target.is_microcontroller() {
            return name.to_string();
        }
        let first = name.split(';').next().unwrap_or(name);
        let skipped = first.chars().count().saturating_sub(SHORT);
        let end: String = first.chars().skip(skipped).collect();
        if skipped > 0 { format!("…{end}") } else { end }
    }

    fn kernels(&self) -> Vec<KernelEntry> {
        self.blob.entries.iter().map(kernel).collect()
    }

    fn tensor(&self, name: &str, value: ValueId) -> Result<TensorEntry, CompileError> {
        let ty = self.lowering.graph.ty(value);
        let picture = self.lowering.options.pictures.iter().find(|p| p.name == name);
        let layout = picture.filter(|_| ty.dtype == lathe_artifact::DType::U8).map(|_| ("layout", "nhwc"));
        Ok(TensorEntry {
            name: name.to_string(),
            dtype: ty.dtype,
            shape: ty.shape.iter().map(|&d| size("a dimension", d)).collect::<Result<_, _>>()?,
            quantization: None,
            arena_offset: size("the arena", self.lowering.plan.offset(value).unwrap_or(0))?,
            attributes: layout.map(|(k, v)| (k.to_string(), v.to_string())).into_iter().collect(),
        })
    }

    fn step(&self, step: &PlannedStep) -> Result<StepEntry, CompileError> {
        let group = &self.lowering.groups[step.group];
        let phase = &group.phases[step.phase];
        let several = group.phases.len() > 1;
        let names = group.label.split(" + ").map(|name| self.short(name));
        let label = names.collect::<Vec<_>>().join(" + ");
        Ok(StepEntry {
            kernel: size("the kernels", step.kernel)?,
            launch: Launch::Slices { extent: size("a parallel axis", phase.kernel.parallel as usize)? },
            arguments: step.arguments.iter().map(|a| self.argument(a)).collect::<Result<_, _>>()?,
            label: if several { format!("{label} [{}]", step.phase) } else { label },
            operations: phase.operations,
        })
    }

    fn argument(&self, argument: &Argument) -> Result<ArgumentEntry, CompileError> {
        let plan = &self.lowering.plan;
        let (space, access, offset, bytes) = match *argument {
            Argument::Constant { offset, bytes } => (Space::Constants, Access::Read, offset, bytes),
            Argument::Buffer { buffer, read, written } => {
                let access = match (read, written) {
                    (true, true) => Access::ReadWrite,
                    (false, true) => Access::Write,
                    _ => Access::Read,
                };
                (Space::Arena, access, plan.offsets[buffer].unwrap_or(0), plan.storage.sizes[buffer])
            }
        };
        let (offset, bytes) = (size("the arena", offset)?, size("a buffer", bytes)?);
        Ok(ArgumentEntry { space, access, offset, bytes, align_log2: self.align_log2() })
    }

    fn memory_plan(&self) -> Result<Vec<PlannedTensorEntry>, CompileError> {
        let plan = &self.lowering.plan;
        let living = plan.lifetimes.iter().zip(&plan.offsets).enumerate();
        let living = living.filter_map(|(b, (life, offset))| Some((b, (*life)?, (*offset)?)));
        let entry = |(b, life, offset): (usize, crate::memory_plan::Lifetime, usize)| {
            let owner = plan.storage.owners[b];
            let temporary = plan.storage.buffer(owner) != Some(b);
            let name = self.short(&self.lowering.graph.value(owner).name);
            Ok(PlannedTensorEntry {
                name: if temporary { format!("{name} (temporary)") } else { name },
                offset: size("the arena", offset)?,
                bytes: size("a buffer", life.bytes)?,
                first_step: size("the plan", life.first)?,
                last_step: size("the plan", life.last)?,
            })
        };
        living.map(entry).collect()
    }

    /// What made this artifact: nothing here depends on the machine, its folders or the time.
    fn provenance(&self) -> Vec<(String, String)> {
        let options = &self.lowering.options;
        let mut notes = vec![
            ("compiler".to_string(), format!("lathe {}", env!("CARGO_PKG_VERSION"))),
            ("target".to_string(), options.target.name.clone()),
            ("model".to_string(), self.lowering.graph.name.clone()),
            ("model.sha256".to_string(), self.lowering.model_sha256.clone()),
            ("peak.model_order".to_string(), self.lowering.peaks.0.to_string()),
            ("peak.order".to_string(), self.lowering.peaks.1.to_string()),
            ("arena.bound".to_string(), self.lowering.plan.memory.bound.to_string()),
        ];
        notes.push(("options.level".to_string(), (options.level as u8).to_string()));
        notes.push(("options.self_test".to_string(), options.self_test.to_string()));
        for (name, dims) in &options.input_shapes {
            let dims: Vec<String> = dims.iter().map(usize::to_string).collect();
            notes.push(("options.input_shape".to_string(), format!("{name}={}", dims.join(","))));
        }
        notes.extend(options.pictures.iter().map(|p| ("options.input".to_string(), p.to_string())));
        if options.target.is_microcontroller() {
            // Schedules are longer than some models.
            return notes;
        }
        let mut named = vec![false; self.lowering.kernels.kernels().len()];
        for step in &self.lowering.plan.steps {
            if !std::mem::replace(&mut named[step.kernel], true) {
                let name = &self.lowering.kernels.kernels()[step.kernel].name;
                let trace = self.lowering.groups[step.group].schedule.trace().to_string();
                notes.push((format!("schedule.{name}"), trace));
            }
        }
        notes
    }
}

/// What artifacts for the target `name` say they are for: the NEON side of a Jetson's runs on any AArch64 Linux.
pub(crate) fn family(name: &str) -> &str {
    if name.starts_with("aarch64-jetson") { "aarch64-linux" } else { name }
}

/// The entry of a kernel in the code of the CPU.
pub(crate) fn kernel(entry: &lathe_codegen::Entry) -> KernelEntry {
    let (name, stack_bytes) = (entry.name.clone(), entry.stack_bytes);
    KernelEntry::new(name, entry.offset, stack_bytes)
}

/// `bytes` as the artifact stores sizes.
fn size(what: &'static str, bytes: usize) -> Result<u32, CompileError> {
    u32::try_from(bytes).map_err(|_| CompileError::TooLarge { what, bytes })
}

/// The power of two that is the alignment `bytes`.
fn log2(bytes: usize) -> u8 {
    bytes.next_power_of_two().trailing_zeros() as u8
}
