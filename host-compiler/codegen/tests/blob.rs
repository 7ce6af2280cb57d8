//! Properties of a blob: deterministic bytes, errors that name what is wrong, an honest bound of the stack.

mod suite;

use std::collections::HashMap;

use inkwell::OptimizationLevel;
use inkwell::context::Context;
use inkwell::memory_buffer::MemoryBuffer;
use inkwell::targets::{CodeModel, FileType, InitializationConfig, RelocMode, Target as LlvmTarget, TargetTriple};
use lathe_codegen::link::link;
use lathe_codegen::llvm::Object;
use lathe_codegen::{Blob, CodegenError, Emit, compile, emit, targets};
use lathe_graph::DType;
use lathe_tensor::{Expr, Target, UnaryFn};
use suite::build::{at, bytes, ix, kernel, param, register, serial, store, var};
use suite::native::{Aligned, Loaded};
use suite::{Case, shapes};

const F: DType = DType::F32;

fn native() -> Target {
    targets::find(&format!("{}-linux", std::env::consts::ARCH), Some("native")).unwrap()
}

fn build(threads: usize, target: &Target) -> Blob {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| suite::blob(&shapes::cases(), target))
}

#[test]
fn bytes_do_not_depend_on_threads() {
    for target in [
        native(),
        targets::find("aarch64-linux", None).unwrap(),
        targets::find("x86_64-linux", Some("x86-64-v4")).unwrap(),
        targets::find("thumbv6m-none-eabi", None).unwrap(),
        targets::find("thumbv8.1m.main-none-eabihf", None).unwrap(),
    ] {
        assert!(build(1, &target) == build(4, &target));
    }
}

#[test]
fn entries_keep_the_order_of_the_kernels() {
    let cases = shapes::cases();
    let blob = suite::blob(&cases, &native());
    let names: Vec<&str> = blob.entries.iter().map(|e| e.name.as_str()).collect();
    let expected: Vec<&str> = cases.iter().map(|c| c.kernel.name.as_str()).collect();
    assert_eq!(names, expected);
    let offsets: HashMap<u32, ()> = blob.entries.iter().map(|e| (e.offset, ())).collect();
    assert_eq!(offsets.len(), names.len(), "two kernels start at one place");
}

#[test]
fn every_form_can_be_looked_at() {
    let k = &shapes::cases()[0].kernel;
    let text = |form| String::from_utf8(emit(k, &native(), form).unwrap()).unwrap();
    assert!(text(Emit::LlvmIr).contains("define void @load_stride0_2(ptr"));
    assert!(text(Emit::Asm).contains("load_stride0_2:"));
    assert_eq!(&emit(k, &native(), Emit::Obj).unwrap()[..4], b"\x7fELF");
}

#[test]
fn each_line_that_is_fetched_ahead_is_asked_for_once() {
    let fetched = shapes::cases().into_iter().find(|case| case.kernel.name == "fetched_ahead").unwrap();
    for (target, instruction) in [("x86_64-linux", "prefetcht0"), ("aarch64-linux", "pldl1keep")] {
        let target = targets::find(target, None).unwrap();
        let asm = String::from_utf8(emit(&fetched.kernel, &target, Emit::Asm).unwrap()).unwrap();
        assert_eq!(asm.matches(instruction).count(), 3, "{asm}");
    }
}

#[test]
fn wrong_kernels_are_refused_by_name() {
    let buffers = || vec![param(F, 0, 8, true)];
    let twice = kernel("twice", buffers(), vec![]);
    let error = compile(&[twice.clone(), twice], &native()).unwrap_err();
    assert!(matches!(error, CodegenError::DuplicateKernel(name) if name == "twice"));
    let root = Expr::unary(UnaryFn::Sqrt, Expr::constant(DType::I32, 2.0));
    let k = kernel("root", vec![param(DType::I32, 0, 8, true)], vec![store(0, ix(0), root)]);
    let message = compile(&[k], &native()).unwrap_err().to_string();
    assert_eq!(message, "kernel root: Sqrt of i32 is not supported");
    let k = kernel("typed", buffers(), vec![store(0, ix(0), Expr::constant(DType::I32, 2.0))]);
    let message = compile(&[k], &native()).unwrap_err().to_string();
    assert!(message.contains("kernel typed: a i32 is stored into a buffer of f32"), "{message}");
    let k = kernel("loose", buffers(), vec![store(0, var(3), Expr::constant(F, 2.0))]);
    assert!(compile(&[k], &native()).unwrap_err().to_string().contains("outside its loop"));
}

/// Kernels that keep much on the stack, painted before and looked at after.
#[test]
fn stack_bytes_bound_what_a_call_takes() {
    let len = 700;
    let spill = kernel(
        "spill",
        vec![param(F, 0, len, true), param(F, 1, len, false), register(F, len)],
        vec![
            serial(0, len, vec![store(2, ix(len - 1) - var(0), at(1, var(0)))]),
            serial(0, len, vec![store(0, var(0), at(2, var(0)))]),
        ],
    );
    let mut cases = vec![Case::new(spill, vec![vec![0; len as usize * 4], bytes(F, &vec![1.5; len as usize])])];
    cases.extend(shapes::cases());
    let blob = suite::blob(&cases, &native());
    let loaded = Loaded::new(&blob, 0);
    assert!(blob.entries[0].stack_bytes >= len as u32 * 4);
    for (case, entry) in cases.iter().zip(&blob.entries) {
        let mut buffers: Vec<Aligned> = case.params.iter().map(|p| Aligned::of(p)).collect();
        let mut arguments: Vec<&mut Aligned> = buffers.iter_mut().collect();
        let (begin, end) = case.slices[0];
        let name = &case.kernel.name;
        let used = suite::native::stack_used(&loaded, name, &mut arguments, case.kernel.workspace, begin, end);
        assert!(used <= entry.stack_bytes as usize, "{name} took {used} bytes, {} stated", entry.stack_bytes);
        assert!(used + 320 >= entry.stack_bytes as usize, "{name} took {used} bytes of {} stated", entry.stack_bytes);
    }
}

/// An object made from IR text for this machine, as a kernel's would be.
fn object(name: &str, ir: &str) -> Object {
    object_for(&native(), name, ir)
}

fn object_for(target: &Target, name: &str, ir: &str) -> Object {
    let triple = TargetTriple::create(&target.triple);
    LlvmTarget::initialize_all(&InitializationConfig::default());
    let machine = LlvmTarget::from_triple(&triple)
        .unwrap()
        .create_target_machine(&triple, "generic", "", OptimizationLevel::Default, RelocMode::PIC, CodeModel::Small)
        .unwrap();
    let context = Context::create();
    let text = MemoryBuffer::create_from_memory_range_copy(format!("{ir}\0").as_bytes(), name);
    let module = context.create_module_from_ir(text).unwrap();
    module.set_triple(&triple);
    let buffer = machine.write_to_memory_buffer(&module, FileType::Object).unwrap();
    Object { name: name.into(), bytes: buffer.as_slice().to_vec(), stack_bytes: 0 }
}

#[test]
fn undefined_functions_refuse_the_blob() {
    let ir = "declare void @missing_one()\ndeclare void @absent()\n
        define void @k(ptr %a, ptr %w, i32 %b, i32 %e) { call void @missing_one() call void @absent() ret void }";
    let error = link(&[object("k", ir)], &native()).unwrap_err();
    assert!(matches!(&error, CodegenError::UndefinedSymbols(names) if names == &["absent", "missing_one"]), "{error}");
}

/// A blob for a Cortex-M is placed by words, has what LLVM calls by itself, and nothing that holds an address.
#[test]
fn thumb_blobs_bring_their_builtins() {
    let target = targets::find("thumbv7m-none-eabi", None).unwrap();
    let body = |call: &str| {
        format!(
            "declare float @llvm.sqrt.f32(float)\ndeclare float @exp2f(float)\ndeclare void @absent()\n
             define void @k(ptr %args, ptr %w, i32 %b, i32 %e) {{
               %p = load ptr, ptr %args\n %x = load float, ptr %p\n %less = fcmp olt float %x, 1.0e1\n
               %y = fdiv float %x, 3.0\n %z = select i1 %less, float %x, float %y\n {call}
               store float %r, ptr %p\n ret void }}"
        )
    };
    let linked = |call: &str| link(&[object_for(&target, "k", &body(call))], &target);
    let blob = linked("%r = call float @llvm.sqrt.f32(float %z)").unwrap();
    assert_eq!((blob.alignment, blob.entries[0].offset % 2), (4, 0));
    let error = linked("%r = call float @exp2f(float %z)").unwrap_err();
    assert!(matches!(error, CodegenError::PositionDependent(_)), "{error}");
    let error = linked("%r = fadd float %z, 1.0\n call void @absent()").unwrap_err();
    assert!(matches!(&error, CodegenError::UndefinedSymbols(names) if names == &["absent"]), "{error}");
}

#[test]
fn addresses_in_data_refuse_the_blob() {
    let ir = "@table = constant [2 x ptr] [ptr @k, ptr @k]\n
        define void @k(ptr %a, ptr %w, i32 %b, i32 %e) { ret void }";
    let error = link(&[object("k", ir)], &native()).unwrap_err().to_string();
    assert!(error.contains("kernel k needs a load-time relocation") && error.contains("`k`"), "{error}");
}

#[test]
fn written_globals_refuse_the_blob() {
    let ir = "@state = internal global i32 7\n
        define void @k(ptr %a, ptr %w, i32 %b, i32 %e) { store volatile i32 %b, ptr @state ret void }";
    let error = link(&[object("k", ir)], &native()).unwrap_err().to_string();
    assert!(error.contains("no writable data"), "{error}");
}

/// What LLVM may call by itself comes out of the blob.
#[test]
fn builtins_are_linked_in() {
    let ir =
        "declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)\ndeclare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
        declare void @llvm.memmove.p0.p0.i64(ptr, ptr, i64, i1)\n
        define void @k(ptr %args, ptr %w, i32 %b, i32 %e) {
          %p = load ptr, ptr %args
          %n = zext i32 %e to i64
          %q = getelementptr i8, ptr %p, i64 %n
          %r = getelementptr i8, ptr %p, i64 3
          call void @llvm.memset.p0.i64(ptr %p, i8 7, i64 %n, i1 false)
          store i8 9, ptr %p
          call void @llvm.memcpy.p0.p0.i64(ptr %q, ptr %p, i64 %n, i1 false)
          call void @llvm.memmove.p0.p0.i64(ptr %r, ptr %p, i64 %n, i1 false)
          ret void }";
    let blob = link(&[object("k", ir)], &native()).unwrap();
    let mut buffer = Aligned::zeroed(32);
    Loaded::new(&blob, 1).call("k", &mut [&mut buffer], 0, 0, 10);
    let mut expected = [0u8; 32];
    expected[..10].fill(7);
    expected[0] = 9;
    expected.copy_within(0..10, 10);
    expected.copy_within(0..10, 3);
    assert_eq!(buffer.bytes(), expected);
    let none = link(&[object("k", "define void @k(ptr %a, ptr %w, i32 %b, i32 %e) { ret void }")], &native()).unwrap();
    assert!(none.code.len() <= 16, "builtins nobody calls are left out");
}
