//! A model of two steps with machine code assembled by hand: `y = 2 x` into a temporary, then `y = temporary + k`
//! through the worker's workspace.

use lathe_artifact::*;
use lathe_runtime_std::{host_features, host_target};

/// Elements of input and output: not a multiple of any number of threads.
pub const ELEMENTS: u32 = 1003;
const BYTES: u32 = ELEMENTS * 4;

/// `out[i] = 2 * in[i]` for args `[in, out]`.
#[cfg(target_arch = "x86_64")]
const DOUBLE: &[u8] = &[
    0x48, 0x8b, 0x07, // mov rax, [rdi]
    0x4c, 0x8b, 0x47, 0x08, // mov r8, [rdi+8]
    0x39, 0xca, // 1: cmp edx, ecx
    0x73, 0x13, // jae 2f
    0xf3, 0x0f, 0x10, 0x04, 0x90, // movss xmm0, [rax+rdx*4]
    0xf3, 0x0f, 0x58, 0xc0, // addss xmm0, xmm0
    0xf3, 0x41, 0x0f, 0x11, 0x04, 0x90, // movss [r8+rdx*4], xmm0
    0xff, 0xc2, // inc edx
    0xeb, 0xe9, // jmp 1b
    0xc3, // 2: ret
];

/// `workspace[0] = in[i]; out[i] = k[0] + workspace[0]` for args `[in, out, k]`.
#[cfg(target_arch = "x86_64")]
const ADD: &[u8] = &[
    0x48, 0x8b, 0x07, // mov rax, [rdi]
    0x4c, 0x8b, 0x47, 0x08, // mov r8, [rdi+8]
    0x4c, 0x8b, 0x4f, 0x10, // mov r9, [rdi+16]
    0x39, 0xca, // 1: cmp edx, ecx
    0x73, 0x1c, // jae 2f
    0xf3, 0x0f, 0x10, 0x04, 0x90, // movss xmm0, [rax+rdx*4]
    0xf3, 0x0f, 0x11, 0x06, // movss [rsi], xmm0
    0xf3, 0x41, 0x0f, 0x10, 0x01, // movss xmm0, [r9]
    0xf3, 0x0f, 0x58, 0x06, // addss xmm0, [rsi]
    0xf3, 0x41, 0x0f, 0x11, 0x04, 0x90, // movss [r8+rdx*4], xmm0
    0xff, 0xc2, // inc edx
    0xeb, 0xe0, // jmp 1b
    0xc3, // 2: ret
];

/// `out[i] = 2 * in[i]` for args `[in, out]`.
#[cfg(target_arch = "aarch64")]
const DOUBLE: &[u8] = &[
    0x04, 0x14, 0x40, 0xa9, // ldp x4, x5, [x0]
    0x5f, 0x00, 0x03, 0x6b, // 1: cmp w2, w3
    0xc2, 0x00, 0x00, 0x54, // b.hs 2f
    0x80, 0x58, 0x62, 0xbc, // ldr s0, [x4, w2, uxtw #2]
    0x00, 0x28, 0x20, 0x1e, // fadd s0, s0, s0
    0xa0, 0x58, 0x22, 0xbc, // str s0, [x5, w2, uxtw #2]
    0x42, 0x04, 0x00, 0x11, // add w2, w2, #1
    0xfa, 0xff, 0xff, 0x17, // b 1b
    0xc0, 0x03, 0x5f, 0xd6, // 2: ret
];

/// `workspace[0] = in[i]; out[i] = k[0] + workspace[0]` for args `[in, out, k]`.
#[cfg(target_arch = "aarch64")]
const ADD: &[u8] = &[
    0x04, 0x14, 0x40, 0xa9, // ldp x4, x5, [x0]
    0x06, 0x08, 0x40, 0xf9, // ldr x6, [x0, #16]
    0x5f, 0x00, 0x03, 0x6b, // 1: cmp w2, w3
    0x22, 0x01, 0x00, 0x54, // b.hs 2f
    0x80, 0x58, 0x62, 0xbc, // ldr s0, [x4, w2, uxtw #2]
    0x20, 0x00, 0x00, 0xbd, // str s0, [x1]
    0xc1, 0x00, 0x40, 0xbd, // ldr s1, [x6]
    0x20, 0x00, 0x40, 0xbd, // ldr s0, [x1]
    0x00, 0x28, 0x21, 0x1e, // fadd s0, s0, s1
    0xa0, 0x58, 0x22, 0xbc, // str s0, [x5, w2, uxtw #2]
    0x42, 0x04, 0x00, 0x11, // add w2, w2, #1
    0xf7, 0xff, 0xff, 0x17, // b 1b
    0xc0, 0x03, 0x5f, 0xd6, // 2: ret
];

/// The added constant.
pub const K: f32 = 0.25;

/// The model; its output lies where its input was.
pub fn contents() -> ArtifactContents {
    let stride = BYTES.next_multiple_of(64);
    let mut code = DOUBLE.to_vec();
    let add_at = code.len().next_multiple_of(16);
    code.resize(add_at, 0);
    code.extend_from_slice(ADD);
    let mut constants = vec![0; 64];
    constants.extend_from_slice(&K.to_le_bytes());
    let range = GoldenInput { low: -1.0, high: 1.0 };
    let arena = |offset, access| ArgumentEntry { space: Space::Arena, access, offset, bytes: BYTES, align_log2: 6 };
    let k = ArgumentEntry { space: Space::Constants, access: Access::Read, offset: 64, bytes: 4, align_log2: 6 };
    let step = |kernel, arguments, label: &str| StepEntry {
        kernel,
        launch: Launch::Slices { extent: ELEMENTS },
        arguments,
        label: label.into(),
        operations: u64::from(ELEMENTS),
    };
    ArtifactContents {
        arena_bytes: 2 * stride,
        workspace_bytes: 4,
        inputs: vec![tensor("x", &[17, 59])],
        outputs: vec![tensor("y", &[ELEMENTS])],
        kernels: vec![KernelEntry::new("double", 0, 0), KernelEntry::new("add", add_at as u32, 0)],
        code,
        constants,
        steps: vec![
            step(0, vec![arena(0, Access::Read), arena(stride, Access::Write)], "Mul_0"),
            step(1, vec![arena(stride, Access::Read), arena(0, Access::Write), k], "Add_0"),
        ],
        golden: Some(GoldenEntry { seed: 3, inputs: vec![range], samples: golden_samples(range) }),
        ..ArtifactContents::new(host_target(), "generic", host_features().iter().take(2).copied())
    }
}

fn tensor(name: &str, shape: &[u32]) -> TensorEntry {
    TensorEntry::new(name, DType::F32, shape, 0)
}

fn golden_samples(range: GoldenInput) -> Vec<GoldenSample> {
    let mut bytes = vec![0; BYTES as usize];
    golden::fill(DType::F32, 3, 0, range, &mut bytes);
    let sample = |element| GoldenSample {
        output: 0,
        element,
        value: golden::element(DType::F32, &bytes, element).map_or(f64::NAN, |x| f64::from(2.0 * x as f32 + K)),
        tolerance: 0.0,
    };
    [0, 500, ELEMENTS - 1].map(sample).to_vec()
}
