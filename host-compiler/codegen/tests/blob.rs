//! Properties of a blob: deterministic bytes, errors that name what is wrong, an honest bound of the stack.

mod suite;

use std::collections::HashMap;

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
    for target in [native(), targets::find("aarch64-linux", None).unwrap(), targets::find("x86_64-linux", Some("x86-64-v4")).unwrap()] {
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
