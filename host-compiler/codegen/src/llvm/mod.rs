//! One kernel through LLVM: IR, optimisation, object file.

mod arithmetic;
mod capabilities;
mod cast;
mod entry;
mod eval;
mod fatal;
mod from_text;
mod index;
mod index_ops;
mod integer;
mod intrinsic;
mod ir;
mod machine;
mod math;
mod memory;
mod nest;
mod optimise;
mod remainder;
mod rounding;
mod select;
mod value;

use inkwell::context::Context;
use inkwell::targets::FileType;
use lathe_tensor::{Kernel, Target};

use crate::error::CodegenError;

pub use from_text::object_from_ir;
pub use machine::{host_cpu, host_features};

/// The forms a kernel can be looked at in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Emit {
    /// optimised LLVM IR, text
    LlvmIr,
    /// assembly, text
    Asm,
    /// relocatable object file
    Obj,
}

/// A compiled kernel, not linked yet.
#[derive(Clone, Debug)]
pub struct Object {
    /// the kernel, and the name of its symbol
    pub name: String,
    /// relocatable object file
    pub bytes: Vec<u8>,
    /// bytes of stack the frames of its functions take
    pub stack_bytes: u32,
}

/// Compiles one kernel.
pub fn object(kernel: &Kernel, target: &Target) -> Result<Object, CodegenError> {
    let (bytes, stack_bytes) = run(kernel, target, Emit::Obj)?;
    Ok(Object { name: kernel.name.clone(), bytes, stack_bytes })
}

/// One kernel in one of the forms a person can look at.
pub fn emit(kernel: &Kernel, target: &Target, form: Emit) -> Result<Vec<u8>, CodegenError> {
    run(kernel, target, form).map(|(bytes, _)| bytes)
}

/// Emits, verifies and optimises `kernel`; gives the form asked for and the stack bytes (0 for IR).
fn run(kernel: &Kernel, target: &Target, form: Emit) -> Result<(Vec<u8>, u32), CodegenError> {
    fatal::compiling(&kernel.name);
    let machine = machine::machine(target)?;
    let context = Context::create();
    let module = entry::module(&context, kernel, target, &machine)?;
    optimise::optimise(&module, &machine, &kernel.name)?;
    let file_type = match form {
        Emit::LlvmIr => return Ok((module.print_to_string().to_string().into_bytes(), 0)),
        Emit::Asm => FileType::Assembly,
        Emit::Obj => FileType::Object,
    };
    optimise::write(&context, &module, &machine, file_type, &kernel.name)
}
