//! Kernels that do what no kernel may, as LLVM IR, so that each can be compiled for every target; and what a device must
//! say of them.
//!
//! All compute y = x + x + w of 64 floats first, w being noise in place of a constant, and then do their deed.

use lathe_artifact::{Access, DType};
use lathe_driver::trial::{Argument, Candidate, CandidateCode};
use lathe_tensor::Target;
use rpc_protocol::client::Tried;
use rpc_protocol::{TrialFault, TrialOutcome};

/// Elements of each buffer.
const ELEMENTS: usize = 64;
/// Where y lies in the arena: behind a red zone, x, and another.
const Y: u64 = 64 + 4 * ELEMENTS as u64 + 64;
/// An address that is no code, which the smashed stack sends a return to; odd for Thumb.
const NOWHERE: u64 = 0x4141_4141;

/// What a kernel does once it has computed what it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// nothing: it is right
    Right,
    /// writes far away from the arena
    WriteFar,
    /// writes to the arena, behind its output
    WriteBeside,
    /// writes to its input
    WriteInput,
    /// never returns
    Loop,
    /// writes over the return address on its stack
    SmashStack,
    /// calls itself without end
    OverflowStack,
    /// executes an undefined instruction
    Undefined,
    /// one element is wrong
    WrongNumbers,
    /// asks the operating system to send signals
    CallSystem,
}

impl Deed {
    /// Every deed that is not right and can be done on `target`.
    pub fn bad(target: &Target) -> &'static [Deed] {
        const BAD: [Deed; 9] = [
            Deed::WriteFar,
            Deed::WriteBeside,
            Deed::WriteInput,
            Deed::Loop,
            Deed::SmashStack,
            Deed::OverflowStack,
            Deed::Undefined,
            Deed::WrongNumbers,
            // Microcontrollers have no operating system.
            Deed::CallSystem,
        ];
        if target.is_microcontroller() { &BAD[..8] } else { &BAD }
    }

    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Deed::Right => "right",
            Deed::WriteFar => "write outside the arena",
            Deed::WriteBeside => "write behind its output",
            Deed::WriteInput => "write to its input",
            Deed::Loop => "endless loop",
            Deed::SmashStack => "smashed stack",
            Deed::OverflowStack => "stack overflow",
            Deed::Undefined => "undefined instruction",
            Deed::WrongNumbers => "wrong numbers",
            Deed::CallSystem => "system call",
        }
    }

    /// The kernel that does it, for `target`.
    pub fn candidate(self, target: &Target) -> Candidate {
        let bytes = 4 * ELEMENTS;
        let buffer = |access, checked| Argument::Buffer { dtype: DType::F32, bytes, access, checked };
        let name = format!("{self:?}").to_lowercase();
        Candidate {
            code: CandidateCode::Ir(self.module(&name, target)),
            label: self.name().to_string(),
            name,
            operations: 2 * ELEMENTS as u64,
            extent: 1,
            workspace: 0,
            arguments: vec![buffer(Access::Read, false), Argument::Noise(bytes), buffer(Access::Write, true)],
            reference: Box::new(|before| {
                let sum = before[0].chunks_exact(4).zip(before[1].chunks_exact(4)).flat_map(|(x, w)| {
                    let float = |bytes: &[u8]| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
                    (float(x) + float(x) + float(w)).to_le_bytes()
                });
                Ok(vec![before[0].clone(), before[1].clone(), sum.collect()])
            }),
        }
    }

    fn module(self, name: &str, target: &Target) -> String {
        let wide = !target.is_microcontroller();
        let words = [
            ("NAME", name.to_string()),
            ("INT", if wide { "i64" } else { "i32" }.to_string()),
            ("FAR", far(wide).to_string()),
            ("NOWHERE", NOWHERE.to_string()),
            ("CALL", call(target).text.to_string()),
            ("UNDEFINED", if target.triple.starts_with("x86_64") { "ud2" } else { "udf #0" }.to_string()),
            ("DEED", self.body().to_string()),
        ];
        // The deed first: it holds the other words.
        words.iter().rev().fold(MODULE.to_string(), |text, (word, by)| text.replace(word, by))
    }

    fn body(self) -> &'static str {
        match self {
            Deed::Right => "ret void",
            Deed::WriteFar => {
                "%place = getelementptr i8, ptr %y, INT -FAR\n  store volatile i32 1, ptr %place\n  ret void"
            }
            Deed::WriteBeside => {
                "%place = getelementptr float, ptr %y, i32 65\n  store volatile i8 1, ptr %place\n  ret void"
            }
            Deed::WriteInput => {
                "%place = getelementptr float, ptr %x, i32 3\n  store volatile i32 1, ptr %place\n  ret void"
            }
            Deed::Loop => "br label %forever\nforever:\n  call void asm sideeffect \"\", \"\"()\n  br label %forever",
            Deed::SmashStack => "call void @roomy()\n  ret void",
            Deed::OverflowStack => "call void @deeper(i32 0)\n  ret void",
            Deed::Undefined => "call void asm sideeffect \"UNDEFINED\", \"\"()\n  ret void",
            Deed::CallSystem => "CALL\n  ret void",
            Deed::WrongNumbers => {
                "%place = getelementptr float, ptr %y, i32 17\n  %old = load float, ptr %place\n  \
                 %new = fadd float %old, 1.250000e-01\n  store float %new, ptr %place\n  ret void"
            }
        }
    }

    /// Whether `tried` says what this kernel did, and where. `calls_stopped`: the device stops system calls.
    pub fn is_told_by(self, tried: &Tried, target: &Target, calls_stopped: bool) -> bool {
        let in_code = |pc: u64| pc != u64::MAX;
        match (self, tried.outcome) {
            (Deed::Right, TrialOutcome::Right) | (Deed::WrongNumbers, TrialOutcome::WrongNumbers { .. }) => true,
            (Deed::WriteFar, TrialOutcome::Faulted { kind: TrialFault::Memory | TrialFault::Bus, pc, address }) => {
                let place = tried.arena.wrapping_add(Y).wrapping_sub(far(!target.is_microcontroller()));
                let place = if target.is_microcontroller() { place & u64::from(u32::MAX) } else { place };
                in_code(pc) && address == place
            }
            (Deed::WriteBeside, TrialOutcome::WroteOutside { offset }) => offset == Y + 65 * 4,
            (Deed::WriteInput, TrialOutcome::WroteOutside { offset }) => (64 + 12..64 + 16).contains(&offset),
            (Deed::Loop, TrialOutcome::Abandoned { pc }) => in_code(pc),
            // A Cortex-M has nowhere to save the instruction when the stack is gone.
            (Deed::OverflowStack, TrialOutcome::StackOverflow { pc, .. }) => in_code(pc) || target.is_microcontroller(),
            // Where the return went is no place in the code.
            (Deed::SmashStack, TrialOutcome::Faulted { pc, .. }) => !in_code(pc),
            (Deed::Undefined, TrialOutcome::Faulted { kind: TrialFault::Instruction, pc, .. }) => in_code(pc),
            (Deed::CallSystem, TrialOutcome::Faulted { kind: TrialFault::SystemCall, pc, address }) => {
                in_code(pc) && address == call(target).number
            }
            // What was called does no harm: the signal is none.
            (Deed::CallSystem, TrialOutcome::Right) => !calls_stopped,
            _ => false,
        }
    }
}

/// How far before y the far write goes: below all mappings of a process; off the RAM of a microcontroller.
fn far(wide: bool) -> u64 {
    if wide { 1 << 40 } else { 0x1000_0000 }
}

/// A call of the system.
struct Call {
    number: u64,
    text: &'static str,
}

/// `kill(0, 0)`, which asks whether signals could be sent to this process and those it belongs with.
fn call(target: &Target) -> Call {
    if target.triple.starts_with("x86_64") {
        let text = "%called = call i64 asm sideeffect \"syscall\", \"={rax},{rax},{rdi},{rsi},~{rcx},~{r11},~{memory}\"\
                    (i64 62, i64 0, i64 0)";
        Call { number: 62, text }
    } else {
        let text =
            "%called = call i64 asm sideeffect \"svc #0\", \"={x0},{x8},{x0},{x1},~{memory}\"(i64 129, i64 0, i64 0)";
        Call { number: 129, text }
    }
}

const MODULE: &str = r#"
define void @NAME(ptr %args, ptr %workspace, i32 %begin, i32 %end) {
entry:
  %x = load ptr, ptr %args
  %w.entry = getelementptr ptr, ptr %args, i32 1
  %w = load ptr, ptr %w.entry
  %y.entry = getelementptr ptr, ptr %args, i32 2
  %y = load ptr, ptr %y.entry
  br label %next
next:
  %i = phi i32 [ 0, %entry ], [ %after, %next ]
  %x.place = getelementptr float, ptr %x, i32 %i
  %w.place = getelementptr float, ptr %w, i32 %i
  %y.place = getelementptr float, ptr %y, i32 %i
  %x.value = load float, ptr %x.place
  %w.value = load float, ptr %w.place
  %twice = fadd float %x.value, %x.value
  %sum = fadd float %twice, %w.value
  store volatile float %sum, ptr %y.place
  %after = add i32 %i, 1
  %more = icmp ult i32 %after, 64
  br i1 %more, label %next, label %done
done:
  DEED
}

define internal void @roomy() noinline {
  %room = alloca [64 x INT]
  store volatile INT 1, ptr %room
  call void @smash()
  store volatile INT 2, ptr %room
  ret void
}

define internal void @smash() noinline {
entry:
  %room = alloca [4 x INT]
  %hidden = call ptr asm sideeffect "", "=r,0"(ptr %room)
  br label %next
next:
  %i = phi i32 [ 0, %entry ], [ %after, %next ]
  %place = getelementptr INT, ptr %hidden, i32 %i
  store volatile INT NOWHERE, ptr %place
  %after = add i32 %i, 1
  %more = icmp ult i32 %after, 12
  br i1 %more, label %next, label %done
done:
  ret void
}

define internal void @deeper(i32 %depth) noinline {
  %room = alloca [64 x i32]
  store volatile i32 %depth, ptr %room
  %more = add i32 %depth, 1
  call void @deeper(i32 %more)
  store volatile i32 %more, ptr %room
  ret void
}
"#;
