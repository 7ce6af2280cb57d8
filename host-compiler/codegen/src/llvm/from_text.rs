//! A module written as LLVM IR: the functions LLVM calls by itself, and kernels that no loop nest describes, such as those
//! that show what a device does about a bad one.

use inkwell::attributes::AttributeLoc;
use inkwell::context::Context;
use inkwell::memory_buffer::MemoryBuffer;
use inkwell::targets::FileType;
use lathe_tensor::Target;

use super::{Object, fatal, machine, optimise};
use crate::error::CodegenError;

/// Compiles the module `text`, which defines `name`, for `target`.
pub fn object_from_ir(name: &str, text: &str, target: &Target) -> Result<Object, CodegenError> {
    fatal::compiling(name);
    let failed = |what: String| CodegenError::Llvm { kernel: name.to_string(), what };
    let machine = machine::machine(target)?;
    let context = Context::create();
    let text = MemoryBuffer::create_from_memory_range_copy(format!("{text}\0").as_bytes(), name);
    let module = context.create_module_from_ir(text).map_err(|e| failed(e.to_string()))?;
    module.set_triple(&machine.get_triple());
    module.set_data_layout(&machine.get_target_data().get_data_layout());
    let report_frame = context.create_string_attribute("warn-stack-size", "0");
    for function in module.get_functions().filter(|f| f.count_basic_blocks() > 0) {
        function.add_attribute(AttributeLoc::Function, report_frame);
    }
    optimise::optimise(&module, &machine, name)?;
    let (bytes, stack_bytes) = optimise::write(&context, &module, &machine, FileType::Object, name)?;
    Ok(Object { name: name.to_string(), bytes, stack_bytes })
}
