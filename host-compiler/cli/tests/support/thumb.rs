//! Artifacts for Cortex-M boards whose one kernel is a few instructions written by hand.

use lathe_artifact::{Access, ArgumentEntry, ArtifactContents, DType, KernelEntry, Space, StepEntry, TensorEntry};

/// Bytes of the arena, all of which is the model's input and its output.
pub const ARENA: u32 = 1024;

/// `bx lr`: returns.
pub const RETURN: &[u16] = &[0x4770];
/// `b .`: never returns.
pub const LOOP: &[u16] = &[0xE7FE];
/// Puts a table of handlers into the arena that all never return, makes it the processor's, and never returns: at the
/// arena's first 128-byte boundary (`ldr r1, [r0]`, `adds r1, #127`, `lsrs r1, #7`, `lsls r1, #7`), the handler
/// (`adr r2, …`, `adds r2, #1`) of the interrupt that cannot be masked, hard faults, PendSV and SysTick
/// (`str r2, [r1, #8]`, `#12`, `#56`, `#60`); then `movs r3, #0xE0`, `lsls r3, #24`, `movs r0, #0xED`, `lsls r0, #8`,
/// `adds r3, r0`, `str r1, [r3, #8]`, and `b .`.
pub const LOOP_EVERYWHERE: &[u16] = &[
    0x6801, 0x317F, 0x09C9, 0x01C9, 0xA205, 0x3201, 0x608A, 0x60CA, 0x638A, 0x63CA, 0x23E0, 0x061B, 0x20ED, 0x0200,
    0x181B, 0x6099, 0xE7FE,
];
/// `udf #0`: an undefined instruction.
pub const UNDEFINED: &[u16] = &[0xDE00];
/// `ldr r1, [r0]`, `movs r2, #1`, `lsls r2, r2, #12`, `str r2, [r1, r2]`, `bx lr`: writes a word 4096 bytes behind the
/// arena's start.
pub const WRITE_BEYOND: &[u16] = &[0x6801, 0x2201, 0x0312, 0x508A, 0x4770];
/// Four times `sub sp, #508`, `str r0, [sp]`, four times `add sp, #508`, `bx lr`: needs a deep stack.
pub const DEEP: &[u16] = &[0xB0FF, 0xB0FF, 0xB0FF, 0xB0FF, 0x9000, 0xB07F, 0xB07F, 0xB07F, 0xB07F, 0x4770];
/// How deep.
pub const DEPTH: u32 = 4 * 508;
/// How far behind the arena's end that reaches.
pub const BEYOND: u64 = 4096 + 4 - ARENA as u64;

/// A model for `target` that runs `kernel` once.
pub fn contents(target: &str, kernel: &[u16]) -> ArtifactContents {
    let tensor = |name: &str| TensorEntry::new(name, DType::U8, [ARENA], 0);
    let mut contents = ArtifactContents::new::<String>(target, "cortex-m4", []);
    contents.arena_bytes = ARENA;
    contents.inputs = vec![tensor("x")];
    contents.outputs = vec![tensor("y")];
    contents.kernels = vec![KernelEntry::new("written_by_hand", 0, 0)];
    contents.code = kernel.iter().flat_map(|half| half.to_le_bytes()).collect();
    let argument =
        ArgumentEntry { space: Space::Arena, access: Access::ReadWrite, offset: 0, bytes: ARENA, align_log2: 6 };
    contents.steps = vec![StepEntry::new(0, 1, vec![argument])];
    contents
}
