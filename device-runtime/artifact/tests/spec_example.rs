//! The worked example of SPEC.md is what the writer writes.

use lathe_artifact::*;

const DOUBLE: [u8; 31] = [
    0x48, 0x8b, 0x07, 0x4c, 0x8b, 0x47, 0x08, 0x39, 0xca, 0x73, 0x13, 0xf3, 0x0f, 0x10, 0x04, 0x90, 0xf3, 0x0f, 0x58,
    0xc0, 0xf3, 0x41, 0x0f, 0x11, 0x04, 0x90, 0xff, 0xc2, 0xeb, 0xe9, 0xc3,
];

fn tensor(name: &str, arena_offset: u32) -> TensorEntry {
    TensorEntry::new(name, DType::F32, [4], arena_offset)
}

fn example() -> ArtifactContents {
    let argument = |offset, access| ArgumentEntry { space: Space::Arena, access, offset, bytes: 16, align_log2: 6 };
    ArtifactContents {
        arena_bytes: 128,
        stack_bytes: 16,
        inputs: vec![tensor("x", 0)],
        outputs: vec![tensor("y", 64)],
        kernels: vec![KernelEntry::new("double", 0, 16)],
        code: DOUBLE.to_vec(),
        steps: vec![StepEntry::new(0, 4, vec![argument(0, Access::Read), argument(64, Access::Write)])],
        with_step_info: false,
        ..ArtifactContents::new("x86_64-linux", "x86-64-v3", ["avx2"])
    }
}

fn dump(bytes: &[u8]) -> String {
    let line = |(number, line): (usize, &[u8])| {
        let hex: Vec<_> = line.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{:03x}  {}\n", number * 16, hex.join(" "))
    };
    bytes.chunks(16).enumerate().map(line).collect()
}

#[test]
fn the_example_of_the_specification_is_written() {
    let dump = dump(&example().to_bytes().expect("writes"));
    assert!(include_str!("../SPEC.md").contains(&dump), "SPEC.md should hold\n{dump}");
}
