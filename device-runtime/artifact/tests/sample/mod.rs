//! A small artifact with every section.

use lathe_artifact::golden::{self};
use lathe_artifact::*;

/// Contents that use every section of the format.
pub fn contents() -> ArtifactContents {
    let range = GoldenInput { low: -1.0, high: 1.0 };
    let mut input = vec![0; 64];
    golden::fill(DType::F32, 7, 0, range, &mut input);
    let first = golden::element(DType::F32, &input, 0).expect("16 elements");
    ArtifactContents {
        arena_bytes: 192,
        workspace_bytes: 32,
        stack_bytes: 256,
        inputs: vec![TensorEntry {
            name: "x".into(),
            dtype: DType::F32,
            shape: vec![1, 4, 4],
            quantization: None,
            arena_offset: 0,
            attributes: vec![("layout".into(), "nhwc".into())],
        }],
        outputs: vec![TensorEntry {
            name: "y".into(),
            dtype: DType::I8,
            shape: vec![16],
            quantization: Some(Quantization { scale: 0.5, zero_point: -3 }),
            arena_offset: 64,
            attributes: vec![("note".into(), "cat\ndög".into())],
        }],
        kernels: vec![
            KernelEntry { name: "double".into(), entry: 0, stack_bytes: 16, processor: 0 },
            KernelEntry { name: "halve".into(), entry: 0, stack_bytes: 0, processor: 1 },
        ],
        code: vec![0xc3; 5],
        constants: (0..100).collect(),
        steps: vec![
            StepEntry {
                kernel: 0,
                launch: Launch::Slices { extent: 4 },
                arguments: vec![
                    argument(Space::Arena, Access::Read, 0, 64),
                    argument(Space::Constants, Access::Read, 64, 36),
                    argument(Space::Noise, Access::Read, 64, 20),
                    argument(Space::Arena, Access::Write, 64, 16),
                ],
                label: "node 0".into(),
                operations: 1 << 40,
            },
            StepEntry {
                kernel: 1,
                launch: Launch::Grid(Grid { blocks: [4, 2, 1], threads: [32, 1, 1], shared_bytes: 1024 }),
                arguments: vec![argument(Space::Arena, Access::ReadWrite, 128, 16)],
                label: "node 1".into(),
                operations: 0,
            },
        ],
        processors: vec![ProcessorEntry {
            kind: ProcessorKind::Cuda,
            name: "sm_53".into(),
            code: b".version 6.4".to_vec(),
        }],
        golden: Some(GoldenEntry {
            seed: 7,
            inputs: vec![range],
            samples: vec![GoldenSample { output: 0, element: 15, value: first, tolerance: 1e-4 }],
        }),
        trial: Some(TrialEntry {
            seed: 11,
            noise_seed: 12,
            noise_bytes: 84,
            checks: vec![Check {
                step: 0,
                argument: 3,
                dtype: DType::I8,
                unit: -3,
                first: 4,
                count: 12,
                expected: -5,
                tolerance: 6,
            }],
        }),
        memory_plan: vec![PlannedTensorEntry { name: "x".into(), offset: 0, bytes: 64, first_step: 0, last_step: 1 }],
        provenance: vec![("compiler".into(), "test".into()), ("model.sha256".into(), "00".into())],
        ..ArtifactContents::new("x86_64-linux", "x86-64-v3", ["avx2", "fma"])
    }
}

fn argument(space: Space, access: Access, offset: u32, bytes: u32) -> ArgumentEntry {
    ArgumentEntry { space, access, offset, bytes, align_log2: 6 }
}
