//! LLVM's fatal errors.
//!
//! Where LLVM can go on no more it calls a handler and then ends the process, usually by `abort`. Ours says which kernel
//! it happened in and ends the process in order, with exit code 1; no output file has been begun by then, since files
//! are written whole after everything is compiled. What cannot be caught is memory that LLVM itself corrupts or
//! recursion that exhausts its stack: those end the process by a signal.

use std::cell::RefCell;
use std::ffi::{CStr, c_char};
use std::io::Write;

use inkwell::support::error_handling::install_fatal_error_handler;

/// The exit code of a failure.
const FAILURE: i32 = 1;

thread_local! {
    /// What this thread compiles, for the message.
    static KERNEL: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Installs the handler; LLVM takes it once, so this is called once.
pub fn install() {
    // SAFETY: the handler is a plain function that never returns to LLVM.
    unsafe { install_fatal_error_handler(handle) };
}

/// Says that this thread now compiles `kernel`.
pub fn compiling(kernel: &str) {
    KERNEL.with_borrow_mut(|name| kernel.clone_into(name));
}

/// Tells what happened and ends the process.
extern "C" fn handle(reason: *const c_char) {
    // SAFETY: LLVM passes a string that lives until the handler returns, which it does not.
    let reason = unsafe { CStr::from_ptr(reason) }.to_string_lossy();
    let kernel = KERNEL.try_with(|name| name.try_borrow().map(|name| name.clone()));
    let place = match kernel {
        Ok(Ok(kernel)) if !kernel.is_empty() => format!("in kernel {kernel}"),
        _ => "outside of any kernel".to_owned(),
    };
    let message =
        format!("error: LLVM gave up {place}: {reason}; this is a bug, please report it. Nothing was written.\n");
    // Nothing is left to be done where standard error is closed.
    let _ = std::io::stderr().write_all(message.as_bytes());
    // SAFETY: ends the process without running destructors, which other threads inside LLVM would not survive.
    unsafe { libc::_exit(FAILURE) }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use inkwell::context::Context;
    use inkwell::memory_buffer::MemoryBuffer;
    use inkwell::targets::FileType;

    use crate::{llvm, targets};

    /// An x86 instruction that no AArch64 processor has.
    const ELSEWHERE: &str = "declare void @llvm.x86.sse2.pause()\n\
        define void @kernel() {\n  call void @llvm.x86.sse2.pause()\n  ret void\n}\n\0";

    #[test]
    #[ignore = "ends the process; the test below starts it in one of its own"]
    fn compiles_what_llvm_cannot() {
        let target = targets::find("aarch64-linux", None).unwrap();
        let machine = llvm::machine::machine(&target).unwrap();
        let context = Context::create();
        let text = MemoryBuffer::create_from_memory_range_copy(ELSEWHERE.as_bytes(), "elsewhere");
        let module = context.create_module_from_ir(text).unwrap();
        module.set_triple(&machine.get_triple());
        super::compiling("matmul_f32_7");
        let written = machine.write_to_memory_buffer(&module, FileType::Object);
        panic!("LLVM went on: {:?}", written.map(|buffer| buffer.get_size()));
    }

    #[test]
    fn a_fatal_error_names_the_kernel_and_ends_with_exit_code_1() {
        let program = std::env::current_exe().unwrap();
        let only = ["--exact", "llvm::fatal::tests::compiles_what_llvm_cannot", "--ignored"];
        let output = Command::new(program).args(only).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.contains("LLVM gave up in kernel matmul_f32_7: Cannot select"), "{told}");
    }
}
