//! Loop nests to machine code through LLVM, and to a flat position-independent blob.
//!
//! [`targets`] describes the processors, [`llvm`] turns one [`Kernel`] into an object file, [`link`] joins the objects
//! of all kernels into a [`Blob`]. Nothing here knows an operator: everything comes from the loop nest.

pub mod error;
pub mod link;
pub mod llvm;
pub mod targets;

use std::collections::BTreeSet;

use lathe_tensor::{Kernel, Target};
use rayon::prelude::*;

pub use error::CodegenError;
pub use link::{Blob, Entry};
pub use llvm::Emit;

/// What a kernel is compiled from.
#[derive(Clone, Copy, Debug)]
pub enum Code<'a> {
    /// a loop nest
    Nest(&'a Kernel),
    /// a module of LLVM IR
    Ir {
        /// the kernel, which the module defines
        name: &'a str,
        /// the module
        text: &'a str,
    },
}

impl Code<'_> {
    /// The kernel's name.
    pub fn name(&self) -> &str {
        match self {
            Code::Nest(kernel) => &kernel.name,
            Code::Ir { name, .. } => name,
        }
    }
}

/// Compiles `kernels` for `target` and links them into one blob. Kernels are compiled in parallel on rayon's pool; the
/// bytes do not depend on the number of threads.
pub fn compile(kernels: &[Kernel], target: &Target) -> Result<Blob, CodegenError> {
    compile_code(&kernels.iter().map(Code::Nest).collect::<Vec<_>>(), target)
}

/// The same for kernels from wherever.
pub fn compile_code(kernels: &[Code<'_>], target: &Target) -> Result<Blob, CodegenError> {
    let mut names = BTreeSet::new();
    for kernel in kernels {
        if !names.insert(kernel.name()) {
            return Err(CodegenError::DuplicateKernel(kernel.name().to_string()));
        }
    }
    let object = |code: &Code<'_>| match code {
        Code::Nest(kernel) => llvm::object(kernel, target),
        Code::Ir { name, text } => llvm::object_from_ir(name, text, target),
    };
    let objects: Result<Vec<_>, _> = kernels.par_iter().map(object).collect();
    link::link(&objects?, target)
}

/// One kernel in one of the forms a person can look at.
pub fn emit(kernel: &Kernel, target: &Target, form: Emit) -> Result<Vec<u8>, CodegenError> {
    llvm::emit(kernel, target, form)
}
