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

/// Compiles `kernels` for `target` and links them into one blob. Kernels are compiled in parallel on rayon's pool; the
/// bytes do not depend on the number of threads.
pub fn compile(kernels: &[Kernel], target: &Target) -> Result<Blob, CodegenError> {
    let mut names = BTreeSet::new();
    for kernel in kernels {
        if !names.insert(kernel.name.as_str()) {
            return Err(CodegenError::DuplicateKernel(kernel.name.clone()));
        }
    }
    let objects: Result<Vec<_>, _> = kernels.par_iter().map(|kernel| llvm::object(kernel, target)).collect();
    link::link(&objects?, target)
}

/// One kernel in one of the forms a person can look at.
pub fn emit(kernel: &Kernel, target: &Target, form: Emit) -> Result<Vec<u8>, CodegenError> {
    llvm::emit(kernel, target, form)
}
