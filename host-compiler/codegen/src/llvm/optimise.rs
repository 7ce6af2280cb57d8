//! LLVM's passes over an emitted kernel, and its machine code with the stack it needs.
//!
//! Unrolling and tiles are decided by the schedule, so LLVM's own unroller and interleaving are off; scalar optimisation,
//! loop-invariant motion and strength reduction stay. Its vectorisers are on, whatever the options say: LLVM 19 resets
//! these two when it reads `default<O3>`. Where they must not run, functions are marked (`Capabilities::keep_loops_scalar`).

use std::ffi::{CStr, c_void};

use inkwell::context::{AsContextRef, Context};
use inkwell::llvm_sys::LLVMDiagnosticSeverity;
use inkwell::llvm_sys::core::{
    LLVMContextSetDiagnosticHandler, LLVMDisposeMessage, LLVMGetDiagInfoDescription, LLVMGetDiagInfoSeverity,
};
use inkwell::llvm_sys::prelude::LLVMDiagnosticInfoRef;
use inkwell::module::Module;
use inkwell::passes::PassBuilderOptions;
use inkwell::targets::{FileType, TargetMachine};

use crate::error::CodegenError;

/// Verifies `module` and runs the pass pipeline over it.
pub fn optimise(module: &Module<'_>, machine: &TargetMachine, kernel: &str) -> Result<(), CodegenError> {
    let failed = |what: String| CodegenError::Llvm { kernel: kernel.to_string(), what };
    module.verify().map_err(|e| failed(e.to_string()))?;
    let options = PassBuilderOptions::create();
    options.set_loop_interleaving(false);
    options.set_loop_unrolling(false);
    options.set_merge_functions(false);
    module.run_passes("default<O3>", machine, options).map_err(|e| failed(e.to_string()))
}

/// What LLVM reports while it writes machine code.
#[derive(Default)]
struct Report {
    frames: u32,
    errors: Vec<String>,
}

/// Writes machine code; gives it with the bytes of stack of all frames together: no function calls itself.
pub fn write(
    context: &Context,
    module: &Module<'_>,
    machine: &TargetMachine,
    file_type: FileType,
    kernel: &str,
) -> Result<(Vec<u8>, u32), CodegenError> {
    let mut report = Report::default();
    let handler_data = (&raw mut report).cast::<c_void>();
    // SAFETY: `report` outlives the handler, which is taken off again below; the context is used by this thread only.
    unsafe { LLVMContextSetDiagnosticHandler(context.as_ctx_ref(), Some(receive), handler_data) };
    let written = machine.write_to_memory_buffer(module, file_type);
    // SAFETY: as above.
    unsafe { LLVMContextSetDiagnosticHandler(context.as_ctx_ref(), None, std::ptr::null_mut()) };
    let failed = |what: String| CodegenError::Llvm { kernel: kernel.to_string(), what };
    let buffer = written.map_err(|e| failed(e.to_string()))?;
    if let Some(message) = report.errors.first() {
        return Err(failed(message.clone()));
    }
    Ok((buffer.as_slice().to_vec(), report.frames))
}

/// Takes one diagnostic. `"warn-stack-size"="0"` makes LLVM say "stack frame size (N) exceeds limit (0) in function".
extern "C" fn receive(info: LLVMDiagnosticInfoRef, data: *mut c_void) {
    // SAFETY: LLVM gives a valid diagnostic and the pointer that `write` registered.
    let (severity, text, report) = unsafe {
        let description = LLVMGetDiagInfoDescription(info);
        let text = CStr::from_ptr(description).to_string_lossy().into_owned();
        LLVMDisposeMessage(description);
        (LLVMGetDiagInfoSeverity(info), text, &mut *data.cast::<Report>())
    };
    match frame_size(&text) {
        Some(bytes) => report.frames += bytes,
        None if severity == LLVMDiagnosticSeverity::LLVMDSError => report.errors.push(text),
        None => {}
    }
}

/// N of "stack frame size (N) exceeds limit".
fn frame_size(text: &str) -> Option<u32> {
    let rest = text.split("stack frame size (").nth(1)?;
    rest.split(')').next()?.parse().ok()
}
