//! Candidates in machine code that reach beyond their buffers: each comes back as what it did, and where.

use std::sync::atomic::AtomicU32;

use device_server::rpc_protocol::{TrialFault, TrialOutcome};
use lathe_artifact::{Access, ArgumentEntry, ArtifactContents, KernelEntry, Launch, Space, StepEntry, TrialEntry};

use super::*;

/// A candidate in machine code, whose one argument is a constant with this value.
fn tried(code: &[u8], constant: u64) -> TrialOutcome {
    let mut contents = ArtifactContents::new::<String>(lathe_runtime_std::host_target(), "any", []);
    contents.arena_bytes = 64;
    contents.kernels = vec![KernelEntry { name: String::new(), entry: 0, stack_bytes: 0, processor: 0 }];
    contents.code = code.to_vec();
    contents.constants = constant.to_le_bytes().to_vec();
    contents.steps = vec![StepEntry {
        kernel: 0,
        launch: Launch::Slices { extent: 1 },
        arguments: vec![ArgumentEntry {
            space: Space::Constants,
            access: Access::Read,
            offset: 0,
            bytes: 8,
            align_log2: 6,
        }],
        label: String::new(),
        operations: 0,
    }];
    contents.trial = Some(TrialEntry { seed: 1, noise_seed: 1, noise_bytes: 0, checks: vec![] });
    let mut candidates = Candidates::load(&contents.to_bytes().unwrap(), 1).unwrap().unwrap();
    let options = TrialOptions { candidate: 0, number: 1, repeat: 1, min_repeat_ms: 0, cooldown_ms: 0, limit_ms: 500 };
    let (outcome, samples) = candidates.attempt(&options).unwrap();
    assert_eq!(samples.len(), usize::from(outcome.outcome == TrialOutcome::Right));
    outcome.outcome
}

/// A call of the system by this number, its arguments zero where `zero` is, and a return; and where the call is.
fn call(number: libc::c_long, zero: bool) -> (Vec<u8>, u64) {
    let low = number as u32;
    let (mut code, call, back) = if cfg!(target_arch = "x86_64") {
        // `mov eax, number`, `xor edi, edi`, `xor esi, esi`, `syscall`, `ret`.
        let clear: &[u8] = if zero { &[0x31, 0xFF, 0x31, 0xF6] } else { &[] };
        ([&[0xB8], &low.to_le_bytes()[..], clear].concat(), vec![0x0F, 0x05], vec![0xC3])
    } else {
        // `movz x8, number`, `movz x0, 0`, `movz x1, 0`, `svc 0`, `ret`.
        let clear: &[u32] = if zero { &[0xD280_0000, 0xD280_0001] } else { &[] };
        let words = [&[0xD280_0008 | low << 5], clear].concat();
        let bytes = |word: u32| word.to_le_bytes().to_vec();
        (words.into_iter().flat_map(u32::to_le_bytes).collect(), bytes(0xD400_0001), bytes(0xD65F_03C0))
    };
    let at = code.len() as u64;
    code.extend(call.into_iter().chain(back));
    (code, at)
}

#[test]
fn calls_of_the_system_are_stopped() {
    assert!(sandbox::are_stopped(), "this system has no seccomp, so candidates can call it");
    // `clone` without flags is a fork.
    for number in [libc::SYS_clone, libc::SYS_kill, libc::SYS_openat, libc::SYS_getpid] {
        let (code, at) = call(number, true);
        let stopped = TrialOutcome::Faulted { kind: TrialFault::SystemCall, pc: at, address: number as u64 };
        assert_eq!(tried(&code, 0), stopped, "call {number}");
    }
    let (code, _) = call(libc::SYS_exit_group, true);
    let ended = TrialOutcome::Faulted { kind: TrialFault::SystemCall, pc: u64::MAX, address: 0 };
    assert_eq!(tried(&code, 0), ended, "ending is allowed, and told");
}

/// Writes to where the constant says; and where it does so.
fn write() -> (Vec<u8>, u64) {
    if cfg!(target_arch = "x86_64") {
        // `mov rax, [rdi]`, `mov rax, [rax]`, `mov dword [rax], 1`, `ret`.
        (vec![0x48, 0x8B, 0x07, 0x48, 0x8B, 0x00, 0xC7, 0x00, 1, 0, 0, 0, 0xC3], 6)
    } else {
        // `ldr x1, [x0]`, `ldr x1, [x1]`, `str w0, [x1]`, `ret`.
        let words = [0xF940_0001u32, 0xF940_0021, 0xB900_0020, 0xD65F_03C0];
        (words.into_iter().flat_map(u32::to_le_bytes).collect(), 8)
    }
}

#[test]
fn the_servers_own_memory_is_only_read() {
    static STATIC: AtomicU32 = AtomicU32::new(0);
    let on_heap = Box::new(0u32);
    let (code, pc) = write();
    for place in [STATIC.as_ptr().cast_const(), &raw const *on_heap] {
        let address = place.addr() as u64;
        assert_eq!(tried(&code, address), TrialOutcome::Faulted { kind: TrialFault::Memory, pc, address });
    }
}

#[test]
#[cfg(target_arch = "x86_64")]
fn an_address_that_is_not_canonical_is_told() {
    let (code, pc) = write();
    let address = 0x4141_4141_4141_4141;
    assert_eq!(tried(&code, address), TrialOutcome::Faulted { kind: TrialFault::Memory, pc, address });
}
