//! The module of a kernel: its entry by the kernel ABI and the inlined function with `noalias` parameters.
//!
//! ```text
//! entry(args, workspace, begin, end):  p0 = args[0]; p1 = args[1]; …; w0 = workspace + offset; …
//!                                      body(p0, p1, …, w0, …, begin, end)
//! ```
//! LLVM cannot put `noalias` on pointers loaded from an array, so the body is a function of its own; inlined, its
//! parameters' promises stay as alias scopes.

use std::collections::BTreeMap;

use inkwell::attributes::{Attribute, AttributeLoc};
use inkwell::context::Context;
use inkwell::module::{Linkage, Module};
use inkwell::targets::TargetMachine;
use inkwell::types::BasicMetadataTypeEnum;
use inkwell::values::{BasicMetadataValueEnum, BasicValue, FunctionValue, PointerValue};
use inkwell::{AddressSpace, IntPredicate};
use lathe_tensor::loops::Place;
use lathe_tensor::{Kernel, LoopKind, Stmt, Target};

use super::capabilities::Capabilities;
use super::ir::{Ir, built};
use super::value::{Emitter, memory_type};
use crate::error::CodegenError;

/// Where a pointer parameter of the body comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    /// `args[index]`
    Arg(u32),
    /// `workspace + offset`
    Workspace(usize),
}

/// The LLVM module of `kernel`, verified later by the optimiser.
pub fn module<'c>(
    context: &'c Context,
    kernel: &Kernel,
    target: &Target,
    machine: &TargetMachine,
) -> Result<Module<'c>, CodegenError> {
    let module = context.create_module(&kernel.name);
    module.set_triple(&machine.get_triple());
    let data = machine.get_target_data();
    module.set_data_layout(&data.get_data_layout());
    let ir = Ir {
        context,
        module,
        builder: context.create_builder(),
        capabilities: Capabilities::of(target),
        tune_cpu: target.cpu.clone(),
    };
    let index_type = context.ptr_sized_int_type(&data, None);
    let sources = sources(kernel);
    let body = declare_body(&ir, kernel, &sources, target);
    emit_entry(&ir, kernel, &sources, body);

    let mut emitter = Emitter {
        ir,
        kernel,
        target,
        index_type,
        buffers: Vec::new(),
        variables: vec![None; kernel.vars.len()],
        locals: Default::default(),
        lanes: 1,
        guard: None,
        depth: 0,
    };
    emitter.emit_body(&sources, body)?;
    Ok(emitter.ir.module)
}

/// The pointer parameters of the body, and whether each may be `noalias`.
fn sources(kernel: &Kernel) -> BTreeMap<Source, bool> {
    let workspace: Vec<(usize, usize)> = kernel
        .buffers
        .iter()
        .filter_map(|b| match b.place {
            Place::Workspace { offset } => Some((offset, offset + b.len.max(0) as usize * b.dtype.size())),
            _ => None,
        })
        .collect();
    let mut sources = BTreeMap::new();
    for buffer in &kernel.buffers {
        match buffer.place {
            Place::Param { index, .. } => {
                sources.insert(Source::Arg(index), true);
            }
            Place::Workspace { offset } => {
                let end = offset + buffer.len.max(0) as usize * buffer.dtype.size();
                let overlapping = workspace.iter().filter(|(a, b)| offset < *b && *a < end).count();
                sources.insert(Source::Workspace(offset), overlapping <= 1);
            }
            Place::Register => {}
        }
    }
    sources
}

/// The internal function `<name>.body(pointers…, begin, end)`.
fn declare_body<'c>(
    ir: &Ir<'c>,
    kernel: &Kernel,
    sources: &BTreeMap<Source, bool>,
    target: &Target,
) -> FunctionValue<'c> {
    let context = ir.context;
    let pointer: BasicMetadataTypeEnum<'c> = context.ptr_type(AddressSpace::default()).into();
    let mut types = vec![pointer; sources.len()];
    types.extend([BasicMetadataTypeEnum::from(context.i32_type()); 2]);
    let ty = context.void_type().fn_type(&types, false);
    let body = ir.module.add_function(&format!("{}.body", kernel.name), ty, Some(Linkage::Internal));
    set_attributes(ir, body);
    body.add_attribute(AttributeLoc::Function, flag(context, "alwaysinline"));
    for (k, noalias) in sources.values().enumerate() {
        let at = AttributeLoc::Param(k as u32);
        if *noalias {
            body.add_attribute(at, flag(context, "noalias"));
        }
        body.add_attribute(at, flag(context, "nonnull"));
        let align = Attribute::get_named_enum_kind_id("align");
        body.add_attribute(at, context.create_enum_attribute(align, target.buffer_alignment() as u64));
    }
    body
}

fn flag(context: &Context, name: &str) -> Attribute {
    context.create_enum_attribute(Attribute::get_named_enum_kind_id(name), 0)
}

/// Attributes of every function of a blob.
pub fn set_attributes(ir: &Ir<'_>, function: FunctionValue<'_>) {
    let context = ir.context;
    function.add_attribute(AttributeLoc::Function, flag(context, "nounwind"));
    if ir.capabilities.keep_loops_scalar {
        function.add_attribute(AttributeLoc::Function, flag(context, "noimplicitfloat"));
    }
    let strings: [(&str, &str); 4] =
        [("no-builtins", ""), ("warn-stack-size", "0"), ("prefer-vector-width", "512"), ("tune-cpu", &ir.tune_cpu)];
    for (key, value) in strings {
        function.add_attribute(AttributeLoc::Function, context.create_string_attribute(key, value));
    }
}

/// `void name(ptr args, ptr workspace, i32 begin, i32 end)`
fn emit_entry<'c>(ir: &Ir<'c>, kernel: &Kernel, sources: &BTreeMap<Source, bool>, body: FunctionValue<'c>) {
    let context = ir.context;
    let pointer = context.ptr_type(AddressSpace::default());
    let i32_type = context.i32_type();
    let types = [pointer.into(), pointer.into(), i32_type.into(), i32_type.into()];
    let entry = ir.module.add_function(&kernel.name, context.void_type().fn_type(&types, false), None);
    set_attributes(ir, entry);
    let params = entry.get_params();
    ir.builder.position_at_end(context.append_basic_block(entry, "entry"));
    let mut arguments: Vec<BasicMetadataValueEnum<'c>> = Vec::new();
    for source in sources.keys() {
        let (from, offset) = match source {
            Source::Arg(index) => (params[0], u64::from(*index)),
            Source::Workspace(offset) => (params[1], *offset as u64),
        };
        let offset = context.i64_type().const_int(offset, false);
        let at = |element: inkwell::types::BasicTypeEnum<'c>| {
            // SAFETY: one index over a plain element type.
            built(unsafe { ir.builder.build_gep(element, from.into_pointer_value(), &[offset], "") })
        };
        arguments.push(match source {
            Source::Arg(_) => built(ir.builder.build_load(pointer, at(pointer.into()), "")).into(),
            Source::Workspace(_) => at(context.i8_type().into()).into(),
        });
    }
    arguments.extend([BasicMetadataValueEnum::from(params[2]), params[3].into()]);
    built(ir.builder.build_call(body, &arguments, ""));
    built(ir.builder.build_return(None));
}

impl<'c> Emitter<'c, '_> {
    /// Fills the body: registers, then the statements, the parallel loop from `begin` to `end`.
    fn emit_body(&mut self, sources: &BTreeMap<Source, bool>, body: FunctionValue<'c>) -> Result<(), CodegenError> {
        let params = body.get_params();
        let entry = self.ir.context.append_basic_block(body, "entry");
        self.ir.builder.position_at_end(entry);
        let of = |source: Source| {
            let position = sources.keys().position(|s| *s == source);
            position.and_then(|k| params.get(k)).map(|p| p.into_pointer_value())
        };
        for buffer in &self.kernel.buffers {
            let pointer: Option<PointerValue<'c>> = match buffer.place {
                Place::Param { index, .. } => of(Source::Arg(index)),
                Place::Workspace { offset } => of(Source::Workspace(offset)),
                Place::Register => Some(self.registers(buffer.dtype, buffer.len)?),
            };
            let pointer = pointer.ok_or_else(|| self.bad(format!("buffer {} has no place", buffer.name)))?;
            self.buffers.push(pointer);
        }
        let [begin, end] = [0, 1].map(|k| params[sources.len() + k]);
        match self.kernel.body.as_slice() {
            [Stmt::For { var, extent, kind: LoopKind::Parallel, body }] => {
                let [first, inside, done] = ["first", "inside", "done"].map(|n| self.ir.new_block(n));
                self.ir.jump(first);
                self.ir.builder.position_at_end(first);
                let any = self.ir.icmp(IntPredicate::ULT, begin, end);
                self.ir.branch(any, inside, done);
                self.ir.builder.position_at_end(inside);
                let wide = inkwell::values::InstructionOpcode::ZExt;
                let [from, to] = [begin, end].map(|v| self.ir.cast(wide, v, self.index_type.into()).into_int_value());
                self.counted(*var, *extent, from, to, body)?;
                self.ir.jump(done);
                self.ir.builder.position_at_end(done);
            }
            statements => self.statements(statements)?,
        }
        built(self.ir.builder.build_return(None));
        Ok(())
    }

    /// A register buffer: an array on the stack, every access of which LLVM turns into a register.
    fn registers(&self, dtype: lathe_graph::DType, len: i64) -> Result<PointerValue<'c>, CodegenError> {
        let len = u32::try_from(len).map_err(|_| self.bad("a register buffer is too long"))?;
        let ty = match memory_type(self.ir.context, dtype) {
            inkwell::types::BasicTypeEnum::FloatType(t) => t.array_type(len),
            other => other.into_int_type().array_type(len),
        };
        let slot = built(self.ir.builder.build_alloca(ty, ""));
        if let Some(alloca) = slot.as_instruction_value() {
            let alignment = self.target.buffer_alignment() as u32;
            alloca.set_alignment(alignment).map_err(|e| self.bad(e.to_string()))?;
        }
        Ok(slot)
    }
}
