//! The functions LLVM calls by itself on these targets, compiled from our own IR: `memcpy`, `memmove`, `memset`.
//!
//! The linker drops what no kernel calls.

use inkwell::context::Context;
use inkwell::memory_buffer::MemoryBuffer;
use inkwell::targets::FileType;
use lathe_tensor::Target;

use crate::error::CodegenError;
use crate::llvm;

/// Byte loops; `no-builtins` keeps LLVM from making them call themselves.
const SOURCE: &str = r#"
define ptr @memset(ptr %to, i32 %value, i64 %n) #0 section ".text.memset" {
entry:
  %byte = trunc i32 %value to i8
  %none = icmp eq i64 %n, 0
  br i1 %none, label %done, label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %p = getelementptr i8, ptr %to, i64 %i
  store i8 %byte, ptr %p
  %next = add i64 %i, 1
  %more = icmp ult i64 %next, %n
  br i1 %more, label %loop, label %done
done:
  ret ptr %to
}

define ptr @memcpy(ptr %to, ptr %from, i64 %n) #0 section ".text.memcpy" {
entry:
  %none = icmp eq i64 %n, 0
  br i1 %none, label %done, label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %p = getelementptr i8, ptr %from, i64 %i
  %q = getelementptr i8, ptr %to, i64 %i
  %byte = load i8, ptr %p
  store i8 %byte, ptr %q
  %next = add i64 %i, 1
  %more = icmp ult i64 %next, %n
  br i1 %more, label %loop, label %done
done:
  ret ptr %to
}

define ptr @memmove(ptr %to, ptr %from, i64 %n) #0 section ".text.memmove" {
entry:
  %none = icmp eq i64 %n, 0
  br i1 %none, label %done, label %which
which:
  %up = icmp ult ptr %to, %from
  br i1 %up, label %forward, label %backward
forward:
  %i = phi i64 [ 0, %which ], [ %next, %forward ]
  %p = getelementptr i8, ptr %from, i64 %i
  %q = getelementptr i8, ptr %to, i64 %i
  %byte = load i8, ptr %p
  store i8 %byte, ptr %q
  %next = add i64 %i, 1
  %more = icmp ult i64 %next, %n
  br i1 %more, label %forward, label %done
backward:
  %j = phi i64 [ %n, %which ], [ %k, %backward ]
  %k = sub i64 %j, 1
  %s = getelementptr i8, ptr %from, i64 %k
  %t = getelementptr i8, ptr %to, i64 %k
  %octet = load i8, ptr %s
  store i8 %octet, ptr %t
  %left = icmp ugt i64 %k, 0
  br i1 %left, label %backward, label %done
done:
  ret ptr %to
}

attributes #0 = { nounwind "no-builtins" }
"#;

/// The object file for `target`.
pub fn object(target: &Target) -> Result<Vec<u8>, CodegenError> {
    let failed = |what: String| CodegenError::Llvm { kernel: "builtins".to_string(), what };
    let machine = llvm::machine(target)?;
    let context = Context::create();
    let text = MemoryBuffer::create_from_memory_range_copy(format!("{SOURCE}\0").as_bytes(), "builtins");
    let module = context.create_module_from_ir(text).map_err(|e| failed(e.to_string()))?;
    module.set_triple(&machine.get_triple());
    module.set_data_layout(&machine.get_target_data().get_data_layout());
    llvm::optimise(&module, &machine, "builtins")?;
    let buffer = machine.write_to_memory_buffer(&module, FileType::Object).map_err(|e| failed(e.to_string()))?;
    Ok(buffer.as_slice().to_vec())
}
